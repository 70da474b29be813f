"""When held records return and by which rule: for a page of records at once, in a few statements."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledObject
from workflows.pools.models import Pool, RecycleRule
from workflows.pools.recycling.finding import Reason, asked_columns, reasons_of
from workflows.pools.recycling.predicate import BrokenRules, DuePlan, due_plan
from workflows.pools.rules import pool_rules

DANGER, WARNING = 1, 3  # days left
_PROTECTED = (
    "SELECT p.until, p.until IS NULL AS for_good FROM workflows_recordprotection p"
    " WHERE p.record_id = t.id AND p.owner_id = t.owner_id AND (p.until IS NULL OR p.until > %s)"
)
_EXTENDED = (
    "SELECT e.until, e.state = 'waiting' FROM workflows_poolextension e"
    " WHERE e.record_id = t.id AND e.owner_id = t.owner_id"
    " AND (e.state = 'waiting' OR (e.state = 'granted' AND e.until > %s))"
)
# Whether the record is kept for good (as things stand), and until when at least.
_KEPT = f"({_PROTECTED} UNION ALL {_EXTENDED}) k"
_SPARED = f"SELECT bool_or(for_good) AS for_good, max(until) AS until FROM {_KEPT}"  # noqa: S608 (no input)


@dataclass(frozen=True)
class DueDate:
    """When a record returns, by which rule (the last to come true of its group), in how many days."""

    at: datetime
    rule: str
    days_left: int
    pool: Pool


def due_dates(
    obj: CompiledObject, ids: Sequence[uuid.UUID], now: datetime, actor: Actor | None = None
) -> dict[uuid.UUID, DueDate]:
    """Return when records return, as things stand; those that do not are left out. A statement per pool."""
    return _dates(obj, ids, now, actor, minds_sparing=True)


def rule_dates(obj: CompiledObject, ids: Sequence[uuid.UUID], now: datetime) -> dict[uuid.UUID, DueDate]:
    """Return when records would return if nobody protected them and nobody had more days."""
    return _dates(obj, ids, now, None, minds_sparing=False)


def _dates(
    obj: CompiledObject, ids: Sequence[uuid.UUID], now: datetime, actor: Actor | None, *, minds_sparing: bool
) -> dict[uuid.UUID, DueDate]:
    by_pool = _held(obj, ids)
    pools = {key: pool for key, pool in pool_rules(actor or system_actor()).pools.items() if key in by_pool}
    active = {key: pool for key, pool in pools.items() if pool.is_active and pool.recycles}
    rules: dict[uuid.UUID, list[RecycleRule]] = defaultdict(list)
    for rule in RecycleRule.objects.filter(pool__in=list(active), is_active=True) if active else ():
        rules[rule.pool_id].append(rule)
    found: dict[uuid.UUID, DueDate] = {}
    zone = organization_zone() if rules else None
    for key, own in rules.items():
        try:
            plan = due_plan(active[key], now, rules=own, zone=zone, owners=set(by_pool[key].values()))
        except BrokenRules:
            continue  # nothing returns until they are mended
        found |= _of_pool(plan, list(by_pool[key]), minds_sparing)
    return found


def _held(obj: CompiledObject, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, dict[uuid.UUID, uuid.UUID]]:
    """Return the held ones of some records with their owners, by their pools."""
    by_pool: dict[uuid.UUID, dict[uuid.UUID, uuid.UUID]] = defaultdict(dict)
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT t.pool_id, t.id, t.owner_id FROM {quote(obj.table)} t WHERE t.id = ANY(%s::uuid[])"  # noqa: S608
                " AND t.pool_id IS NOT NULL AND t.owner_id IS NOT NULL AND t.deleted_at IS NULL",
                [[str(item) for item in ids]],
            )
            for pool_id, record_id, owner_id in cursor.fetchall():
                by_pool[pool_id][record_id] = owner_id
    return by_pool


def _of_pool(plan: DuePlan, ids: Sequence[uuid.UUID], minds_sparing: bool) -> dict[uuid.UUID, DueDate]:
    asked, holds = asked_columns(plan), [rule.asks.holds for rule in plan.rules]
    columns = ["t.id", "t.owner_id", f"coalesce(s.for_good, FALSE) OR {plan.exempt.text}", "s.until"]
    columns += [item.text for item in holds] + [asked.text]
    params = [*plan.exempt.params, *(value for item in holds for value in item.params), *asked.params]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(columns)} FROM {plan.tables} CROSS JOIN LATERAL ({_SPARED}) s"  # noqa: S608 (physical)
            " WHERE t.id = ANY(%s::uuid[])",
            [*params, plan.now, plan.now, [str(item) for item in ids]],
        )
        rows = cursor.fetchall()
    found: dict[uuid.UUID, DueDate] = {}
    count = len(plan.rules)
    for record_id, owner_id, is_kept, until, *values in rows:
        if minds_sparing and is_kept:
            continue
        reasons = reasons_of(plan, owner_id, values[count:])
        due = _due_date(plan, reasons, values[:count], until if minds_sparing else None)
        if due is not None:
            found[record_id] = due
    return found


def _due_date(
    plan: DuePlan, reasons: Mapping[int, Reason], holds: Sequence[bool], until: datetime | None
) -> DueDate | None:
    """Return when the first group of rules holds whole, or later while the record is spared."""
    groups: list[tuple[datetime, str]] = []
    place = 0
    for group in plan.groups:
        members = range(place, place + len(group))
        place += len(group)
        dated = [(reason.due, reason.label) for number in members if (reason := reasons[number]).due and holds[number]]
        if len(dated) == len(group):
            groups.append(max((due, label) for due, label in dated if due))
    if not groups:
        return None
    at, label = min(groups)
    at = max(at, until) if until else at
    return DueDate(at, label, plan.clock.left(plan.now, at), plan.pool)


def offered(actor: Actor, obj: CompiledObject) -> bool:
    """Tell whether lists of the object count down: records return from some pool of it."""
    if not obj.spec.has_pools:
        return False
    return any(pool.recycles for pool in pool_rules(actor).active(obj.spec.id))


def cells(actor: Actor, obj: CompiledObject, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the cells of a list: the days that are left to the owner, in a colour that says how few."""
    found = due_dates(obj, ids, timezone.now(), actor)
    return {record_id: badge(due, actor) for record_id, due in found.items()}


def badge(due: DueDate, actor: Actor) -> str:
    """Return the days left as a coloured label; the moment and the rule are its title."""
    colour = "red" if due.days_left <= DANGER else "orange" if due.days_left <= WARNING else "gray"
    if due.at <= timezone.now():
        text = _("Due")
    elif due.days_left <= 0:
        text = _("Today")
    else:
        text = ngettext("%(count)s day", "%(count)s days", due.days_left) % {"count": due.days_left}
    moment = date_format(due.at.astimezone(actor.zone), "SHORT_DATETIME_FORMAT")
    title = f"{due.rule} · {moment}"
    return format_html('<span class="tag tag-{}" title="{}">{}</span>', colour, title, text)
