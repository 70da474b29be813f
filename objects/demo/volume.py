"""Records by the million, of any object: for measurements and load tests, never for real data.

A few thousand whole records are made in Python and copied into a temporary table; PostgreSQL multiplies them, with
ids, times and unique values of their own. Indexes and foreign keys of a table that was nearly empty are taken off
meanwhile and made again as they were, so nobody can use the table until the load is committed.
"""

from __future__ import annotations

import time
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from crm_platform.identity.models import OrganizationSettings, User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.auto_number import AutoNumberType
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import Reference
from objects.demo.copy import RowWriter, analyze, copy_into, unhurried
from objects.demo.dice import DAYS, DemoClock, Dice
from objects.demo.numbers import number_sql
from objects.demo.samples import Sampler
from objects.demo.words import Words
from objects.records.numbering import draw

PROTOTYPES = 5_000
TARGETS = 2_000
BARE_FROM = 10_000  # rows from which on taking indexes off pays
TEMPORARY = "seed_prototype"
SET_BY_SQL = frozenset({"id", "version", "created_at", "updated_at", "last_owner_change_at"})
UUID7 = "uuidv7(t.at - now())"  # of the record's own time
# The same before PostgreSQL 18: the bits of a random one, with the time in front and the version set.
UUID7_BY_HAND = (
    "encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing"
    " substring(int8send((extract(epoch from t.at) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid"
)

Owners = Sequence[tuple[Reference, Reference | None]]  # users with their departments


@dataclass(frozen=True)
class VolumeResult:
    rows: int
    prepare_seconds: float  # making the prototypes
    load_seconds: float
    index_seconds: float  # with constraints and statistics


def seed_records(actor: Actor, object_name: str, count: int, now: datetime, *, seed: int = 1) -> VolumeResult:
    """Add `count` records of an object, created over the past year and owned by random active users.

    Raises UnknownObject, and StateConflict when a record that a mandatory field must point at does not exist.
    """
    obj = current_snapshot().object(object_name)
    sampler, owners = _sampler(obj, now, seed), _owners()
    fields = [field for field in obj if _is_filled(field)]
    started = time.monotonic()
    with transaction.atomic(), unhurried():
        _prepare(actor, obj, fields, sampler, owners, min(count, PROTOTYPES))
        prepared = time.monotonic()
        bare = _Stripped(obj.table) if count >= BARE_FROM and _is_small(obj, count) else None
        _multiply(obj, fields, min(count, PROTOTYPES), count, sampler.clock)
        loaded = time.monotonic()
        if bare is not None:
            bare.restore()
    analyze([obj.table, *([obj.second.table] if obj.second else ())])
    return VolumeResult(count, prepared - started, loaded - prepared, time.monotonic() - loaded)


def _is_filled(field: CompiledField) -> bool:
    """Tell whether records get values of a field: not what SQL sets, nor what only the platform ever fills."""
    return not (field.name in SET_BY_SQL or field.type.key == "auto_number" or field.spec.readonly_if == "TRUE")


def _sampler(obj: CompiledObject, now: datetime, seed: int) -> Sampler:
    dice = Dice(seed)
    words = Words(dice)
    zone = OrganizationSettings.objects.values_list("time_zone", flat=True).first() or "UTC"
    company = words.company()
    clock = DemoClock(now.replace(microsecond=0), zoneinfo.ZoneInfo(zone))
    return Sampler(dice, clock, words, _targets(obj), company, words.person(company))


def _targets(obj: CompiledObject) -> dict[str, list[Reference]]:
    """Return some existing targets of every reference; raises StateConflict when a mandatory one has none."""
    found: dict[str, list[Reference]] = {}
    for field in obj:
        names = field.spec.settings.get("targets") or ((field.main.references,) if field.main.references else ())
        for name in names:
            if name not in found:
                model = obj.target(name).model
                ids = model._default_manager.order_by("pk").values_list("pk", flat=True)[:TARGETS]
                found[name] = [Reference(name, item) for item in ids]
        if field.spec.is_required and names and not any(found[name] for name in names):
            raise StateConflict(_("There are no records of %(name)s to point at.") % {"name": ", ".join(names)})
    return found


def _owners() -> Owners:
    users = User.objects.filter(is_active=True).order_by("username").values_list("id", "department_id")
    return [(Reference("user", user), Reference("department", home) if home else None) for user, home in users]


def _prepare(
    actor: Actor, obj: CompiledObject, fields: Sequence[CompiledField], sampler: Sampler, owners: Owners, count: int
) -> None:
    """Make the temporary table and copy `count` prototypes into it."""
    currency = OrganizationSettings.objects.values_list("base_currency", flat=True).first() or "CNY"
    writer = RowWriter(fields, clean_context(actor, sampler.clock.now, currency=currency))
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE {TEMPORARY} ON COMMIT DROP AS"  # noqa: S608 (physical names only)
            f" SELECT 0 AS seed_n, {', '.join(map(quote, writer.columns))} FROM {_both_tables(obj)} WITH NO DATA"
        )
    rows = (_prototype(fields, sampler, owners, currency) for _number in range(count))
    lines = ([number, *writer.line(row)] for number, row in enumerate(rows))
    copy_into(TEMPORARY, ["seed_n", *writer.columns], lines)


def _both_tables(obj: CompiledObject) -> str:
    if obj.second is None:
        return quote(obj.table)
    return f"{quote(obj.table)} AS o LEFT JOIN {quote(obj.second.table)} AS x ON x.id = o.id"


def _prototype(fields: Sequence[CompiledField], sampler: Sampler, owners: Owners, currency: str) -> dict[str, Any]:
    sampler.next_row()
    owner, home = sampler.dice.choice(owners)
    return {
        **{field.name: sampler.value(field) for field in fields if not field.spec.is_system},
        "owner_id": owner,
        "owner_department_id": home,
        "created_by_id": owner,
        "updated_by_id": owner,
        "currency": currency,
    }


def _multiply(
    obj: CompiledObject, fields: Sequence[CompiledField], prototypes: int, count: int, clock: DemoClock
) -> None:
    values = {"id": "t.id", "version": "1", "created_at": "t.at", "updated_at": "t.at", "last_owner_change_at": "t.at"}
    second = {"id": "t.id"}
    for field in fields:
        for column in field.columns:
            (second if field.is_second else values)[column.column] = _value_sql(field, column.column)
    for field in obj:
        if field.type.key == "auto_number":
            assert isinstance(field.type, AutoNumberType)
            first = draw(obj, field, count)
            values[field.main.column] = number_sql(field.type.pattern(field.spec), first, clock.zone.key)
    key = UUID7 if _server_version() >= 180_000 else UUID7_BY_HAND
    moments = "SELECT g, %s::timestamptz + g * %s::interval AS at FROM generate_series(0, %s) AS g"
    made = f"SELECT {key} AS id, t.g, t.at FROM ({moments}) AS t"  # noqa: S608 (constants of this module)
    if obj.second is None:
        sql = _insert_sql(obj.table, values, prototypes, f"({made})")
    else:  # ids are given before the rows are written, so that both tables have the same
        main, more = (
            _insert_sql(table, columns, prototypes, "made")
            for table, columns in ((obj.table, values), (obj.second.table, second))
        )
        sql = f"WITH made AS MATERIALIZED ({made}), main AS ({main}) {more}"
    with connection.cursor() as cursor:
        cursor.execute(sql, [clock.start, f"{DAYS * 86_400 / count:.9f} seconds", count - 1])


def _insert_sql(table: str, values: Mapping[str, str], prototypes: int, source: str) -> str:
    return (
        f"INSERT INTO {quote(table)} ({', '.join(map(quote, values))})"  # noqa: S608 (physical names only)
        f" SELECT {', '.join(values.values())}"
        f" FROM {source} AS t JOIN {TEMPORARY} AS p ON p.seed_n = t.g %% {prototypes:d}"
    )


def _server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int")
        return int(cursor.fetchone()[0])


def _value_sql(field: CompiledField, column: str) -> str:
    """Return a prototype's value; for unique fields one that is different in every row."""
    value = f"p.{quote(column)}"
    if not field.spec.is_unique or field.spec.is_system:
        return value
    tag = "to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint) || '-' || t.g"
    kinds = {"text": f"left({value}, 20) || '-' || {tag}", "email": f"{tag} || {value}", "integer": "t.g"}
    return kinds.get(field.type.key, "NULL")


def _is_small(obj: CompiledObject, count: int) -> bool:
    """Tell whether the table has few rows beside those to come."""
    return bool(obj.model._default_manager.count() < count)


class _Stripped:
    """A table without its indexes (but the primary key) and foreign keys, until `restore`."""

    def __init__(self, table: str) -> None:
        with connection.cursor() as cursor:
            # Rows that point here keep their foreign keys: those lean on the primary key, which stays.
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"
                " AND indexname NOT IN (SELECT conname FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))",
                [table],
            )
            self.indexes = cursor.fetchall()
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE contype = 'f' AND conrelid = %s::regclass",
                [quote(table)],
            )
            self.constraints = cursor.fetchall()
            self.table = table
            for name, _definition in self.indexes:
                cursor.execute(f"DROP INDEX {quote(name)}")
            for name, _definition in self.constraints:
                cursor.execute(f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(name)}")

    def restore(self) -> None:
        """Make indexes and constraints again, word for word as they were."""
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
            for _name, definition in self.indexes:
                cursor.execute(definition)
            for name, definition in self.constraints:
                cursor.execute(f"ALTER TABLE {quote(self.table)} ADD CONSTRAINT {quote(name)} {definition}")
