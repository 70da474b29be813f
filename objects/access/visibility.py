"""`Scope`: which records of an object a caller reaches, as one predicate in SQL and never a list of records.

Subqueries are written as arrays: the planner then asks them once, and joins what they find to the indexes of the
other ways. As `IN (…)` under an OR they would make it read the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import BooleanField
from django.db.models.expressions import RawSQL

from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from objects.query.params import Slot, SqlText, Values, fill, join_sql
from objects.query.shapes import Shape

# Keys of the slots that hold what differs from caller to caller.
ME, OWN, PRINCIPALS = "scope.me", "scope.own", "scope.principals"
SUBORDINATES, ROLES_BELOW = "scope.subordinates", "scope.roles_below"
DEPARTMENT, DEPARTMENTS = "scope.department", "scope.departments"
BRANCH, BRANCH_PATHS = "scope.branch", "scope.branch_paths"

MASTER_TYPE = "master_detail"
MAX_MASTERS = 3  # how far a child's scope is followed upwards
MAX_APART = 4  # conditions of rules that a list asks one by one; of more it asks all together

Key = Any  # str or a tuple that begins with one


ROLE, RULES, SHARES, PARENTS = range(4)  # where ways come from; those of one source are asked together


class Branch(NamedTuple):
    """A part of what is within reach: a predicate; with `each`, one on every `e.id` of a list that is asked apart."""

    where: SqlText
    each: SqlText | None = None


class Way:
    """One reason for which a record is within reach: a predicate on a table alias."""

    source: int = ROLE
    shape: tuple[Any, ...]

    def sql(self, alias: str) -> SqlText:
        raise NotImplementedError

    def branch(self, alias: str) -> Branch:
        """Return the way as a part that is asked for the newest records."""
        return Branch(self.sql(alias))


@dataclass(frozen=True)
class Owners(Way):
    """Records whose owner is among some people. Of one alone the planner can follow an index in its order."""

    key: Key
    is_one: bool = False
    source: int = ROLE
    is_few: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("owners", self.key, self.is_one, self.is_few)

    def sql(self, alias: str) -> SqlText:
        owner = _column(alias, "owner_id")
        if self.is_one:
            return SqlText(f"{owner} = %s::uuid", (Slot(self.key),))
        return SqlText(f"{owner} = ANY(%s::uuid[])", (Slot(self.key),))

    def branch(self, alias: str) -> Branch:
        if not self.is_few:
            return super().branch(alias)
        return Branch(SqlText(f"{_column(alias, 'owner_id')} = e.id"), _listed(self.key))


@dataclass(frozen=True)
class Departments(Way):
    """Records whose owner's department is among some.

    A record that waits in a pool has no owner, and may still name the department of its last one.
    """

    key: Key
    is_one: bool = False
    source: int = ROLE
    is_few: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("departments", self.key, self.is_one, self.is_few)

    def sql(self, alias: str) -> SqlText:
        among = "= %s::uuid" if self.is_one else "= ANY(%s::uuid[])"
        return self._owned(alias, among, (Slot(self.key),))

    def branch(self, alias: str) -> Branch:
        if not self.is_few:
            return super().branch(alias)
        return Branch(self._owned(alias, "= e.id"), _listed(self.key))

    def _owned(self, alias: str, among: str, params: tuple[Any, ...] = ()) -> SqlText:
        department, owner = _column(alias, "owner_department_id"), _column(alias, "owner_id")
        return SqlText(f"({department} {among} AND {owner} IS NOT NULL)", params)


@dataclass(frozen=True)
class Branches(Way):
    """Records of departments that are too many to be named, found by their places in the tree."""

    key: Key

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("branches", self.key)

    def sql(self, alias: str) -> SqlText:
        department, owner = _column(alias, "owner_department_id"), _column(alias, "owner_id")
        below = "SELECT d.id FROM identity_department d WHERE d.path LIKE ANY(%s::text[])"
        return SqlText(f"({department} = ANY(ARRAY({below})) AND {owner} IS NOT NULL)", (Slot(self.key),))


@dataclass(frozen=True)
class Shared(Way):
    """Records that are shared with the caller one by one, at this level at least, and not for a time that is over."""

    object_id: int
    level: int
    source: int = SHARES

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("shared", self.level)

    def sql(self, alias: str) -> SqlText:
        return SqlText(
            f"{_column(alias, 'id')} = ANY(ARRAY(SELECT s.record_id FROM objects_recordshare s"  # noqa: S608
            " WHERE s.principal = ANY(%s::text[]) AND s.object_id = %s AND s.level >= %s"
            " AND (s.expires_at IS NULL OR s.expires_at > now())))",
            (Slot(PRINCIPALS), self.object_id, self.level),
        )


@dataclass(frozen=True)
class OwnedParent(Way):
    """Records that belong to a record which the caller owns: a lookup that opens them to that record's owner."""

    column: str
    parent: str  # its table
    source: int = PARENTS

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("owned_parent", self.column, self.parent)

    def sql(self, alias: str) -> SqlText:
        return SqlText(
            f"{_column(alias, self.column)} = ANY(ARRAY(SELECT p.id FROM {quote(self.parent)} p"  # noqa: S608
            " WHERE p.owner_id = ANY(%s::uuid[]) AND p.deleted_at IS NULL))",
            (Slot(OWN),),
        )


@dataclass(frozen=True)
class Criteria(Way):
    """Records that meet the condition of a rule; `compiled` makes its SQL on a table alias."""

    rule: tuple[Any, ...]
    condition: Shape | None  # None: broken, so that no record meets it
    compiled: Callable[[str], SqlText]
    source: int = RULES

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("criteria", self.rule, self.condition)

    def sql(self, alias: str) -> SqlText:
        return self.compiled(alias)


@dataclass(frozen=True)
class Seen(Way):
    """Records that the caller reads by any of these ways: nobody acts on what he may not see."""

    ways: tuple[Way, ...]

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("seen", tuple(way.shape for way in self.ways))

    def sql(self, alias: str) -> SqlText:
        return _any(self.ways, alias)


@dataclass(frozen=True)
class Master(Way):
    """Records whose master is within reach."""

    field: CompiledField
    above: Scope

    @property
    def shape(self) -> tuple[Any, ...]:  # type: ignore[override]
        return ("master", self.field.name, self.above.shape)

    def sql(self, alias: str) -> SqlText:
        above = "m" + alias.strip('"')
        inner = self.above.template(above)
        return SqlText(
            f"EXISTS (SELECT 1 FROM {quote(self.above.obj.table)} {above}"  # noqa: S608 (physical names only)
            f" WHERE {above}.id = {_column(alias, self.field.main.column)} AND {inner.text})",
            inner.params,
        )


@dataclass(frozen=True, eq=False)
class Scope:
    """The records of `obj` within a caller's reach: by any of the ways, and within all of the limits.

    `is_open` stands for a way to every record. Two scopes of the same `shape` have the same SQL and differ only
    in `values`, which are looked up when a statement runs.
    """

    obj: CompiledObject
    values: Values
    ways: tuple[Way, ...] = ()
    limits: tuple[Way, ...] = ()
    is_open: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        return (self.is_open, tuple(way.shape for way in self.ways), tuple(limit.shape for limit in self.limits))

    @property
    def is_all(self) -> bool:
        return self.is_open and not self.limits

    @property
    def is_none(self) -> bool:
        return not (self.is_open or self.ways)

    def template(self, alias: str) -> SqlText:
        """Return the predicate on a table alias with slots in place of the caller's values."""
        parts = [] if self.is_open else [_any(self.ways, alias)]
        return self._within_limits(parts, alias)

    def branches(self, alias: str, *, newest: bool) -> list[Branch]:
        """Return the parts of what is within reach; a record may be in several of them.

        A page that is asked of each apart, and merged, finds an index in its order for each. Records of an owner or
        of a department are indexed in the order of the `newest`; in any other order those ways are asked together.
        """
        if self.is_open:
            return [Branch(self._within_limits([], alias))]
        if not self.ways:
            return [Branch(SqlText("FALSE"))]
        found = self._apart(alias) if newest else self._by_source(alias, self.ways)
        return [branch._replace(where=self._within_limits([branch.where], alias)) for branch in found]

    def _apart(self, alias: str) -> list[Branch]:
        rules = [way for way in self.ways if isinstance(way, Criteria)]
        if len(rules) <= MAX_APART:
            return [way.branch(alias) for way in self.ways]
        others = [way.branch(alias) for way in self.ways if not isinstance(way, Criteria)]
        return [*others, *self._by_source(alias, rules)]

    def _by_source(self, alias: str, ways: Sequence[Way]) -> list[Branch]:
        sources = sorted({way.source for way in ways})
        return [Branch(_any([way for way in ways if way.source == source], alias)) for source in sources]

    def _within_limits(self, parts: list[SqlText], alias: str) -> SqlText:
        every = [*parts, *(limit.sql(alias) for limit in self.limits)]
        return join_sql(" AND ", every) if every else SqlText("TRUE")

    def sql(self, alias: str) -> SqlText:
        """Return the predicate on a table alias, ready to run: text and parameters."""
        text, slots = self.template(alias)
        return SqlText(text, tuple(fill(slots, self.values)))

    def predicate(self) -> RawSQL:
        """Return the predicate for a queryset of the object's record model, whose table it names."""
        found = self.sql(quote(self.obj.table))
        return RawSQL(found.text, found.params, output_field=BooleanField())  # noqa: S611 (physical names, parameters)


def master_field(obj: CompiledObject) -> CompiledField | None:
    """Return the field by which the object's records belong to a master, None when they stand alone."""
    found: tuple[CompiledField | None] = obj.plans.fetch("access.master", lambda: (_find_master(obj),))
    return found[0]


def _find_master(obj: CompiledObject) -> CompiledField | None:
    return next((field for field in obj if field.spec.type == MASTER_TYPE and field.main.references), None)


def _any(ways: Sequence[Way], alias: str) -> SqlText:
    found = join_sql(" OR ", [way.sql(alias) for way in ways])
    return SqlText(f"({found.text or 'FALSE'})", found.params)


def _listed(key: Key) -> SqlText:
    return SqlText("unnest(%s::uuid[])", (Slot(key),))


def _column(alias: str, name: str) -> str:
    return f"{alias}.{quote(name)}"
