"""Ordering: what the caller asked for, made total, in the directions that the indexes have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.compiled import CompiledObject, ResolvedPath, UnknownField
from objects.access.policy import AccessPolicy
from objects.query.binding import resolve_readable
from objects.query.params import Expressions, SqlText
from objects.query.relations import Joins, is_ordered_by_name

MAX_KEYS = 5


@dataclass(frozen=True, slots=True)
class OrderKey:
    path: str
    descending: bool = False


Order = tuple[OrderKey, ...]
NEWEST: Order = (OrderKey("created_at", True), OrderKey("id", True))
LAST_DELETED: Order = (OrderKey("deleted_at", True), OrderKey("id", True))


def is_newest(order: Order) -> bool:
    """Tell whether a total order is that of the newest first, or its reverse: that of the indexes of owners."""
    return order == NEWEST or order == tuple(OrderKey(key.path) for key in NEWEST)


@dataclass(frozen=True, slots=True)
class SortTerm:
    """One sort key in SQL. Empty values come last in ascending order and first in descending, as in indexes."""

    sql: SqlText
    descending: bool
    nullable: bool

    @property
    def clause(self) -> str:
        return "DESC" if self.descending else "ASC"


def parse(names: Iterable[str]) -> Order:
    """Read `-amount`, `name`; raises ValidationFailed beyond the limit. Names are checked with the object."""
    keys: dict[str, OrderKey] = {}
    for name in names:
        path = name.strip().removeprefix("-")
        keys.setdefault(path, OrderKey(path, name.strip().startswith("-")))
    if len(keys) > MAX_KEYS:
        message = _("At most %(max)d sort keys.") % {"max": MAX_KEYS}
        raise ValidationFailed.single("sort", "out_of_range", message)
    return tuple(keys.values())


def check(order: Order, obj: CompiledObject, policy: AccessPolicy) -> None:
    """Raise ValidationFailed for keys that the caller may not know or that have no order."""
    errors = []
    for key in order:
        try:
            path = resolve_readable(obj, policy, key.path)
        except UnknownField as error:
            errors.append(FieldError(key.path[:120], "unknown_field", error.errors[0].message, {"pointer": "sort"}))
            continue
        here = path.objects[-1] if path.objects else obj
        if not (path.field.type.is_sortable or is_ordered_by_name(here, path.field, policy)):
            message = _("Records can't be sorted by this field.")
            errors.append(FieldError(key.path, "invalid_choice", message, {"pointer": "sort"}))
    if errors:
        raise ValidationFailed(errors)


def total(order: Order) -> Order:
    """Return the order with tie-breakers, so that every row has one place.

    Indexes of fields are `(field, created_at DESC, id DESC)`: read forwards they give the field ascending and
    the newest first, read backwards the field descending and the oldest first. The tie-breakers follow that.
    """
    if not order:
        return NEWEST
    paths = [key.path for key in order]
    if "id" in paths:
        return order
    if "created_at" in paths:
        return (*order, OrderKey("id", order[paths.index("created_at")].descending))
    newest_first = not order[0].descending
    return (*order, OrderKey("created_at", newest_first), OrderKey("id", newest_first))


def terms(order: Order, obj: CompiledObject, joins: Joins) -> list[SortTerm]:
    """Return the sort keys of a total order as SQL; references are ordered by the names that people see."""
    return [_term(key, obj.resolve(key.path), joins) for key in order]


def _term(key: OrderKey, path: ResolvedPath, joins: Joins) -> SortTerm:
    alias, here = joins.locate(path)
    field = path.field
    name = joins.name_of(alias, field, here)
    if name is not None:
        return SortTerm(name, key.descending, True)
    expression = joins.expression(alias, here, field)
    sorted_by = field.type.sort_key(field.spec, expression)
    nullable = bool(path.hops) or sorted_by is not expression or field.is_virtual or expression.output_field.null
    return SortTerm(Expressions(here.model).sql(sorted_by), key.descending, nullable)
