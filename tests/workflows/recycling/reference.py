"""What the rules of recycling mean, worked out slowly in Python for one record after the other."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from crm_platform.kit.workdays import CHINA

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
WON = "won"
OPENS, CLOSES = time(9), time(18)

Away = Sequence[tuple[datetime, datetime]]


@dataclass
class Known:
    """Everything that rules may ask about one record."""

    owned_since: datetime
    owner: str = "rep"
    followed_at: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)  # picklists of the record
    follow_ups: list[tuple[datetime, str, str, bool]] = field(default_factory=list)  # when, how, text, deleted
    progress: list[datetime] = field(default_factory=list)
    deals: list[tuple[str, date | None]] = field(default_factory=list)  # stage, closed on
    contracts: list[tuple[str, date | None]] = field(default_factory=list)  # status, ends on
    protected_until: datetime | str | None = ""  # "": not at all
    extension: tuple[str, datetime | None] | None = None


def is_over(base: datetime, days: int, clock: str, away: Away, now: datetime) -> bool:
    """Tell whether more than so many days have been counted since a base; none while the owner was away."""
    if clock == "calendar":
        gone = sum((max(min(end, now) - max(start, base), timedelta()) for start, end in away), timedelta())
        return now - base - gone > timedelta(days=days)
    local = base.astimezone(ZONE)
    day, at = local.date(), local.time()
    while not _works(day, away):
        day, at = day + timedelta(days=1), time(0)
    while days:
        day += timedelta(days=1)
        days -= _works(day, away)
    return datetime.combine(day, at, ZONE) < now


def _works(day: date, away: Away) -> bool:
    opens, closes = datetime.combine(day, OPENS, ZONE), datetime.combine(day, CLOSES, ZONE)
    return CHINA.is_workday(day) and not any(start <= opens and closes <= end for start, end in away)


def base(kind: str, settings: Mapping[str, Any], known: Known, now: datetime) -> datetime | None:
    """Return since when a record is neglected; None: the rule does not apply."""
    since = known.owned_since
    if kind == "no_follow_up":
        return max(since, known.followed_at) if known.followed_at else since
    if kind == "no_valid_follow_up":
        return max([since, *(at for at, *rest in known.follow_ups if at <= now and _is_valid(settings, *rest))])
    if kind == "no_progress":
        return max([since, *known.progress])
    if kind == "no_deal":
        owned = since.astimezone(ZONE).date()
        return None if any(stage == WON and day and day >= owned for stage, day in known.deals) else since
    if kind == "not_converted":
        return None if known.values[settings["field"]] in settings["values"] else since
    if kind == "contract_ended":
        statuses = settings.get("statuses")
        ends = [end for status, end in known.contracts if not statuses or status in statuses]
        if not ends or None in ends:
            return None
        last = max(end for end in ends if end)
        return max(since, datetime.combine(last + timedelta(days=1), time(0), ZONE))
    assert kind == "expression", kind
    return since if known.values["level"] == "small" else None


def _is_valid(settings: Mapping[str, Any], method: str, text: str, is_deleted: bool) -> bool:
    if is_deleted or len(text.strip()) < settings.get("min_length", 0):
        return False
    return not settings.get("methods") or method in settings["methods"]


def is_spared(known: Known, now: datetime) -> bool:
    """Tell whether somebody keeps the record from returning."""
    protected = known.protected_until
    if protected is None or (isinstance(protected, datetime) and protected > now):
        return True
    if known.extension is None:
        return False
    state, until = known.extension
    return state == "waiting" or (state == "granted" and until is not None and until > now)


def days_of(rule: Any, known: Known) -> int:
    """Return the days that count for a record: those of the first variant that it meets."""
    for item in rule.variants:
        condition = item["condition"]
        if known.values.get(condition["field"]) in condition["value"]:
            return int(item["days"])
    return int(rule.days)


def is_due(groups: Sequence[Sequence[Any]], clock: str, away: Away, known: Known, now: datetime) -> bool:
    """Tell whether a record returns: some group of rules holds whole, and nobody spares it."""

    def holds(rule: Any) -> bool:
        since = base(rule.kind, rule.settings, known, now)
        return since is not None and is_over(since, days_of(rule, known), clock, away, now)

    return not is_spared(known, now) and any(all(holds(rule) for rule in group) for group in groups)
