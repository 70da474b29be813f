"""Which records of a pool are due to return: one SQL predicate, and the reasons behind it, per pool and moment."""

from __future__ import annotations

import json
import uuid
import zoneinfo
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby

from django.utils.translation import gettext_lazy as _

from crm_platform.jobs.locality import organization_zone
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import PlatformError, StateConflict
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from objects.query.params import FALSE, SqlText, join_sql
from workflows.pools.models import Pool, RecycleRule
from workflows.pools.recycling.clocks import RecycleClock, clock_of
from workflows.pools.recycling.conditions import tables, tree_sql
from workflows.pools.recycling.kinds import Question, Subject, question
from workflows.pools.recycling.leave import PoolClocks

MOST_DAYS = 3_650

_PROTECTED = (
    "EXISTS (SELECT FROM workflows_recordprotection p WHERE p.record_id = t.id AND p.owner_id = t.owner_id"
    " AND (p.until IS NULL OR p.until > %s))"
)
_EXTENDED = (
    "EXISTS (SELECT FROM workflows_poolextension e WHERE e.record_id = t.id AND e.owner_id = t.owner_id"
    " AND (e.state = 'waiting' OR (e.state = 'granted' AND e.until > %s)))"
)


class BrokenRules(StateConflict):
    """The rules of a pool do not fit its object any longer: nothing returns until somebody mends them."""

    message = _("The rules of this pool do not fit the data model any longer. Nothing returns until they are mended.")


@dataclass(frozen=True)
class RuleSql:
    """One rule of a pool, in SQL over the record `t`."""

    rule: RecycleRule
    asks: Question
    choices: tuple[tuple[SqlText, int], ...]  # other numbers of days, each under a condition
    clocks: PoolClocks

    @property
    def numbers(self) -> tuple[int, ...]:
        return (*(days for _condition, days in self.choices), self.rule.days)

    @property
    def days(self) -> SqlText:
        """The number of days that counts for the record."""
        return self._case(lambda days: SqlText(f"{int(days)}"))

    @property
    def cutoff(self) -> SqlText:
        return self._case(self._cutoff)

    @property
    def latest_cutoff(self) -> datetime:
        return self.clocks.usual.cutoff(self.clocks.now, min(self.numbers))

    @property
    def holds(self) -> SqlText:
        """Whether the rule takes the record back now."""
        return join_sql(" AND ", [self.asks.quick(self.cutoff), self.asks.holds])

    def _cutoff(self, days: int) -> SqlText:
        """Return the cutoff of so many days, an earlier one for owners who were away."""
        usual = SqlText("%s::timestamptz", (self.clocks.usual.cutoff(self.clocks.now, days),))
        others = self.clocks.other_cutoffs(days)
        if not others:
            return usual
        known = json.dumps({str(owner): cutoff.isoformat() for owner, cutoff in others.items()})
        text = f"coalesce((%s::jsonb ->> t.owner_id::text)::timestamptz, {usual.text})"
        return SqlText(text, (known, *usual.params))

    def _case(self, of: Callable[[int], SqlText]) -> SqlText:
        last = of(self.rule.days)
        if not self.choices:
            return last
        whens = [(condition, of(days)) for condition, days in self.choices]
        text = " ".join(f"WHEN {condition.text} THEN {made.text}" for condition, made in whens)
        params = [value for condition, made in whens for value in (*condition.params, *made.params)]
        return SqlText(f"(CASE {text} ELSE {last.text} END)", (*params, *last.params))


@dataclass(frozen=True)
class DuePlan:
    """The rules of one pool at one moment. `groups`: all rules of one hold together, any one is enough."""

    pool: Pool
    obj: CompiledObject
    actor: Actor
    clocks: PoolClocks
    now: datetime
    groups: tuple[tuple[RuleSql, ...], ...]
    exempt: SqlText

    @property
    def rules(self) -> list[RuleSql]:
        return [rule for group in self.groups for rule in group]

    @property
    def clock(self) -> RecycleClock:
        return self.clocks.usual

    @property
    def tables(self) -> str:
        return tables(self.obj)

    @cached_property
    def held(self) -> SqlText:
        """Live records of the pool that somebody holds."""
        return SqlText("t.pool_id = %s::uuid AND t.owner_id IS NOT NULL AND t.deleted_at IS NULL", (str(self.pool.pk),))

    @cached_property
    def due(self) -> SqlText:
        """What is true of the records that return now."""
        if not self.groups:
            return FALSE
        latest = max(min(rule.latest_cutoff for rule in group) for group in self.groups)
        bound = SqlText("t.last_owner_change_at < %s", (latest,))
        return join_sql(" AND ", [self.held, bound, self._any, *self.spared])

    @property
    def spared(self) -> list[SqlText]:
        """What keeps a record from returning: the pool's exemption, its owner's protection, more days."""
        return [
            SqlText(f"NOT {self.exempt.text}", self.exempt.params),
            SqlText(f"NOT {_PROTECTED}", (self.now,)),
            SqlText(f"NOT {_EXTENDED}", (self.now,)),
        ]

    @cached_property
    def first_group(self) -> SqlText:
        """The place of the first group that holds, null where none does."""
        held = [self._group(group) for group in self.groups]
        text = " ".join(f"WHEN {item.text} THEN {place}" for place, item in enumerate(held))
        return SqlText(f"CASE {text} END", tuple(value for item in held for value in item.params))

    @cached_property
    def _any(self) -> SqlText:
        groups = join_sql(" OR ", [self._group(group) for group in self.groups])
        return SqlText(f"({groups.text})", groups.params)

    def _group(self, group: Sequence[RuleSql]) -> SqlText:
        rules = join_sql(" AND ", [rule.holds for rule in group])
        return SqlText(f"({rules.text})", rules.params)


def due_plan(
    pool: Pool,
    now: datetime,
    *,
    rules: Sequence[RecycleRule] | None = None,
    zone: zoneinfo.ZoneInfo | None = None,
    owners: Collection[uuid.UUID] | None = None,
) -> DuePlan:
    """Return which records of a pool are due at a moment; raises BrokenRules.

    `rules` are the pool's, where the caller has read them; `zone` is the organisation's. With `owners` the plan is
    only asked about what these hold.
    """
    try:
        return _plan(pool, now, rules, zone or organization_zone(), owners)
    except BrokenRules:
        raise
    except PlatformError as error:
        raise BrokenRules(pool=str(pool.pk)) from error


def _plan(
    pool: Pool,
    now: datetime,
    rules: Sequence[RecycleRule] | None,
    zone: zoneinfo.ZoneInfo,
    owners: Collection[uuid.UUID] | None,
) -> DuePlan:
    snapshot = current_snapshot()
    spec = snapshot.spec.object_by_id.get(pool.business_object_id)
    if spec is None or not spec.has_pools:
        raise BrokenRules(pool=str(pool.pk))
    actor = system_actor("pools.recycle", time_zone=zone.key)
    subject = Subject(snapshot, snapshot.object(spec.api_name), actor, now)
    given = pool.recycle_rules.filter(is_active=True) if rules is None else rules
    ordered = sorted(given, key=lambda rule: (rule.group, rule.position, rule.pk or 0))
    clocks = clocks_of(pool, now, zone, ordered, owners)
    groups = tuple(
        tuple(rule_sql(subject, clocks, rule) for rule in members)
        for _number, members in groupby(ordered, key=lambda rule: rule.group)
    )
    exempt = tree_sql(subject.obj, pool.exempt, actor, now, pointer="#/exempt") if pool.exempt else FALSE
    return DuePlan(pool, subject.obj, actor, clocks, now, groups, exempt)


def clocks_of(
    pool: Pool,
    now: datetime,
    zone: zoneinfo.ZoneInfo,
    rules: Sequence[RecycleRule] = (),
    owners: Collection[uuid.UUID] | None = None,
) -> PoolClocks:
    """Return the clocks by which a pool counts the days of its rules."""
    clock = clock_of(pool.clock, zone)
    longest = max((int(days) for rule in rules for days in _numbers(rule)), default=0)
    return PoolClocks(clock, now, clock.cutoff(now, longest), pool.waits_for_leave, owners)


def _numbers(rule: RecycleRule) -> list[int]:
    return [rule.days, *(item["days"] for item in rule.variants)]


def rule_sql(subject: Subject, clocks: PoolClocks, rule: RecycleRule) -> RuleSql:
    """Return a rule in SQL; raises ValidationFailed for what does not fit the object."""
    choices = tuple(
        (tree_sql(subject.obj, item["condition"], subject.actor, subject.now), int(item["days"]))
        for item in rule.variants
    )
    return RuleSql(rule, question(subject, rule), choices, clocks)
