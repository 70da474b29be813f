"""The chain of days: every night the day before is sealed, so that a row that is changed, taken or put in later shows.

A seal is SHA-256 over the seal of the day before and the digests of the day's rows, in the order of their ids. It
is made at night and not with each row, because rows of one transaction would then wait for those of another. An
hour after midnight all transactions of the day are over: none may last so long.

Who owns the database can rewrite everything, seals included. So compare the newest digest, which the audit page
shows, with one that was written down elsewhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

from crm_platform.audit.models import AuditSeal
from crm_platform.events.clock import database_now
from crm_platform.identity.models import OrganizationSettings
from crm_platform.jobs.services import JobContext
from crm_platform.kit.db import advisory_xact_lock

log = logging.getLogger(__name__)
MARGIN = timedelta(hours=1)
ONE_DAY = timedelta(days=1)
# Trail → table, the columns that are sealed (named one by one: tables grow, seals stay), days that it is kept.
TRAILS: dict[str, tuple[str, str, str]] = {
    "entries": (
        "audit_auditentry",
        "id, extract(epoch FROM at), action, actor_id, actor_name, via, object_name, record_id, record_name,"
        " field_name, address, request_id, details",
        "audit_keep_days",
    ),
    "sign_ins": (
        "identity_signinrecord",
        "id, extract(epoch FROM at), user_id, username, address, browser, outcome, second_factor, request_id",
        "sign_in_keep_days",
    ),
}

_DIGEST = """
    SELECT count(*), encode(sha256(convert_to(%s, 'UTF8') || coalesce(string_agg(
        sha256(convert_to(jsonb_build_array({columns})::text, 'UTF8')), ''::bytea ORDER BY id
    ), ''::bytea)), 'hex')
    FROM {table} WHERE at >= %s AND at < %s
"""


def seal_days(job: JobContext) -> dict[str, object]:
    """Seal the days that are over, then look at all seals; the job behind both, every night."""
    now = database_now()
    sealed = sum(_seal_trail(trail, now) for trail in TRAILS)
    job.check_abort()
    broken = [f"{trail} {day}" for trail in TRAILS for day in broken_days(trail, now)]
    if broken:
        log.error("the audit trail was changed: %s", ", ".join(broken))
    return {"sealed": sealed, "broken": broken}


def broken_days(trail: str, now: datetime) -> list[date]:
    """Return the days whose rows, or whose place in the chain, are not what was sealed."""
    _table, _columns, keep = TRAILS[trail]
    days: int = OrganizationSettings.objects.values_list(keep, flat=True).get()
    oldest, previous, broken = now.date() - timedelta(days=days - 1), None, []
    for seal in AuditSeal.objects.filter(trail=trail).order_by("day"):
        is_next = previous is None or (seal.previous == previous.digest and seal.day == previous.day + ONE_DAY)
        is_whole = seal.day < oldest or _digest(trail, seal.day, seal.previous) == (seal.count, seal.digest)
        if not (is_next and is_whole):
            broken.append(seal.day)
        previous = seal
    return broken


def newest_seals() -> list[AuditSeal]:
    """Return the last seal of each trail that has one."""
    return list(AuditSeal.objects.order_by("trail", "-day").distinct("trail"))


@transaction.atomic
def _seal_trail(trail: str, now: datetime) -> int:
    """Seal all days of a trail that are over and have no seal; returns how many."""
    advisory_xact_lock("audit chain", trail)
    last, made = AuditSeal.objects.filter(trail=trail).order_by("-day").first(), 0
    previous = last.digest if last else ""
    for day in _days(last.day + ONE_DAY if last else _first_day(trail), now):
        count, digest = _digest(trail, day, previous)
        AuditSeal.objects.create(trail=trail, day=day, count=count, previous=previous, digest=digest)
        previous, made = digest, made + 1
    return made


def _days(first: date | None, now: datetime) -> Iterator[date]:
    day, today = first, (now - MARGIN).astimezone(UTC).date()
    while day is not None and day < today:
        yield day
        day += ONE_DAY


def _first_day(trail: str) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(at) FROM {TRAILS[trail][0]}")  # noqa: S608 (constants, here and below)
        first: datetime | None = cursor.fetchone()[0]
    return first.astimezone(UTC).date() if first else None


def _digest(trail: str, day: date, previous: str) -> tuple[int, str]:
    """Return the number of a day's rows and the digest of them and of what went before."""
    table, columns, _keep = TRAILS[trail]
    start = datetime.combine(day, time.min, UTC)
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST.format(columns=columns, table=table), [previous, start, start + ONE_DAY])
        count, digest = cursor.fetchone()
        return int(count), str(digest)
