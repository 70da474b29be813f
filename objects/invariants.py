"""What must always hold, asked of the database: for tests that break things, and for those who run the platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection

from crm_platform.kit.registry import Registry
from crm_platform.kit.sqlnames import quote
from metadata.compiler.current import current_snapshot
from metadata.ddl.plan import make_plan

MOST = 20  # findings of one kind that are told one by one


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something that holds at every moment; `find` tells where it does not, in the current organisation."""

    key: str
    find: Callable[[], Iterator[str]]


invariants: Registry[Invariant] = Registry("invariant")


def violations() -> list[str]:
    """Return what does not hold in the current organisation, each with the key of its invariant; nothing is well."""
    found = []
    for invariant in invariants:
        told = list(invariant.find())
        found += [f"{invariant.key}: {text}" for text in told[:MOST]]
        if len(told) > MOST:
            found.append(f"{invariant.key}: and {len(told) - MOST} more")
    return found


def register() -> None:
    """Register what records themselves have to keep to; called once, when Django starts."""
    invariants.register(Invariant("tables", _tables))
    invariants.register(Invariant("holdings", _holdings))


def _tables() -> Iterator[str]:
    """Tell which steps would bring the tables to what the data model says; jobs that still run are no mistake."""
    spec = current_snapshot().spec
    for operation in make_plan(spec, spec.objects).inline:
        yield f"{operation.table}: {type(operation).__name__}"


def _holdings() -> Iterator[str]:
    """Compare what is counted of each person with what he holds."""
    for spec in current_snapshot().spec.objects:
        if not spec.has_pools:
            continue
        table = quote(current_snapshot().object(spec.api_name).table)
        sql = (
            "SELECT coalesce(h.user_id, c.user_id), coalesce(h.pool_id, c.pool_id),"  # noqa: S608 (physical names only)
            " coalesce(h.held, 0), coalesce(c.held, 0)"
            " FROM (SELECT user_id, pool_id, held FROM objects_holding WHERE object_id = %s AND held <> 0) h"
            f" FULL JOIN (SELECT owner_id AS user_id, pool_id, count(*) AS held FROM {table}"
            " WHERE owner_id IS NOT NULL AND deleted_at IS NULL GROUP BY 1, 2) c"
            " ON (h.user_id, coalesce(h.pool_id::text, '')) = (c.user_id, coalesce(c.pool_id::text, ''))"
            " WHERE h.held IS DISTINCT FROM c.held"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [spec.id])
            for person, pool, counted, held in cursor.fetchall():
                yield f"{spec.api_name}: {person} holds {held} of pool {pool}, {counted} are counted"
