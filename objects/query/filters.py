"""FilterSets generated per object: one filter for each field and operator, shared by pages and the Open API.

They read query strings into condition trees; running those is RecordQuery's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, QueryTooComplex, ValidationFailed
from metadata.compiler.compiled import CompiledObject, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.field_types.operators import Arity, operators
from objects.access.policy import AccessPolicy
from objects.query.binding import resolve_readable
from objects.query.conditions import MAX_LEAVES, All, Condition, Tree

LISTS = frozenset({Arity.MANY, Arity.TWO})
_BRACKETS = re.compile(r"^filter\[([^\[\]]*)\](?:\[([^\[\]]*)\])?$")


class OperandField(forms.Field):
    """Reads the operand of one filter as text; lists are separated by commas."""

    def __init__(self, *, operator: str, **options: Any) -> None:
        super().__init__(**options)
        self.operator = operator

    def clean(self, value: Any) -> Any:
        arity = operators.get(self.operator).arity
        if arity is Arity.NONE:
            return None
        if arity not in LISTS:
            return value
        items = value if isinstance(value, list | tuple) else [value]
        return [part.strip() for item in items for part in str(item).split(",") if part.strip()]


class OperatorFilter(django_filters.Filter):
    """The filter of one field by one operator. It makes a condition instead of narrowing a queryset."""

    field_class = OperandField

    def __init__(self, field_name: str, lookup_expr: str) -> None:
        super().__init__(field_name, lookup_expr, label="", operator=lookup_expr)

    def filter(self, qs: Any, value: Any) -> Any:
        raise TypeError("records are read by RecordQuery: use FilterSet.tree()")

    def condition(self, path: str, raw: Any, pointer: str) -> Condition:
        """Return the condition for a raw value from a query string."""
        return Condition(path, self.lookup_expr, self.field.clean(raw), pointer)


@dataclass(frozen=True, slots=True)
class Asked:
    """One filter of a query string: where it stood, the path, the operator, and the raw values."""

    parameter: str
    path: str
    operator: str
    values: tuple[str, ...]


class RecordFilterSet(django_filters.FilterSet):
    """Base of the generated sets. Instances hold only the filters that the request names.

    A FilterSet copies all of its filters for each request; with hundreds of them that would cost more than
    the query itself.
    """

    compiled: ClassVar[CompiledObject]

    def __init__(self, asked: Iterable[Asked], policy: AccessPolicy | None = None) -> None:
        # Not calling super(): it would copy every filter and ask for a queryset.
        self.asked, self.policy = tuple(asked), policy
        self.is_bound, self.data, self.form_prefix = True, QueryDict(), None
        self.filters: dict[str, OperatorFilter] = {}
        self.problems: list[FieldError] = []
        for item in self.asked:
            self._take(item)

    def tree(self) -> Tree | None:
        """Return the conjunction of all filters; raises ValidationFailed naming each unknown parameter."""
        if self.problems:
            raise ValidationFailed(self.problems)
        found = [condition for item in self.asked for condition in self._conditions(item)]
        if len(found) > MAX_LEAVES:
            raise QueryTooComplex
        if len(found) < 2:
            return found[0] if found else None
        return All(found)

    def _take(self, item: Asked) -> None:
        try:
            filter_set, name = _filter_set_for(self.compiled, self.policy, item.path)
        except UnknownField as error:
            self._refuse(item, "unknown_field", error.errors[0].message)
            return
        found = filter_set.base_filters.get(f"{name}__{item.operator}")
        if found is None:
            message = _("The operator %(operator)s does not apply to this field.")
            self._refuse(item, "invalid_choice", message % {"operator": item.operator[:40]})
            return
        key = f"{item.path}__{item.operator}"
        if key not in self.filters:
            self.filters[key] = copy.copy(found)
            self.filters[key].parent = self

    def _conditions(self, item: Asked) -> Iterator[Condition]:
        by = self.filters[f"{item.path}__{item.operator}"]
        if operators.get(item.operator).arity in LISTS:
            yield by.condition(item.path, item.values, item.parameter)
            return
        for value in item.values:
            yield by.condition(item.path, value, item.parameter)

    def _refuse(self, item: Asked, code: str, message: Any) -> None:
        self.problems.append(FieldError(item.path[:120], code, message, {"pointer": item.parameter[:200]}))


def filter_set(obj: CompiledObject) -> type[RecordFilterSet]:
    """Return the generated FilterSet of an object, made once per version of the data model."""
    memo = current_snapshot().memo
    key = ("objects.query.filter_set", obj.name)
    found: type[RecordFilterSet] | None = memo.get(key)
    if found is None or found.compiled is not obj:
        found = memo[key] = _generate(obj)
    return found


def parse_brackets(obj: CompiledObject, query: Mapping[str, Any], policy: AccessPolicy | None = None) -> Tree | None:
    """Read the Open API's form: `filter[amount][gte]=100&filter[stage][in]=a,b`; `filter[x]=1` means `eq`.

    With a policy, what its caller may not read is refused like what does not exist.
    """
    asked = []
    for parameter, values in _items(query):
        if not parameter.startswith("filter["):
            continue
        match = _BRACKETS.match(parameter)
        if match is None:
            message = _("Write filter[field][operator]=value.")
            raise ValidationFailed.single("filter", "invalid_type", message, pointer=parameter[:200])
        asked.append(Asked(parameter, match[1], match[2] or "eq", values))
    return filter_set(obj)(asked, policy).tree()


def parse_flat(obj: CompiledObject, query: Mapping[str, Any], policy: AccessPolicy | None = None) -> Tree | None:
    """Read the form of pages: `amount__gte=100`, `account.industry__in=a,b`.

    Other parameters are passed over, and so are inputs that were left empty.
    """
    asked = []
    for parameter, values in _items(query):
        path, separator, operator = parameter.rpartition("__")
        if not separator or not path:
            continue
        if operator not in operators:
            if not _is_field(obj, policy, parameter):  # `stage__c=open`: the whole name of a custom field
                asked.append(Asked(parameter, path, operator, values))
                continue
            path, operator = parameter, "eq"
        given = tuple(value for value in values if value.strip())
        if given or operators.get(operator).arity is Arity.NONE:
            asked.append(Asked(parameter, path, operator, given or ("",)))
    return filter_set(obj)(asked, policy).tree()


def to_flat(tree: Tree | None) -> list[tuple[str, str]] | None:
    """Return the pairs that `parse_flat` reads back, None when the tree is no plain conjunction."""
    items = () if tree is None else tree.items if isinstance(tree, All) else (tree,)
    pairs = []
    for item in items:
        if not isinstance(item, Condition):
            return None
        operand = item.operand if isinstance(item.operand, tuple) else (item.operand,)
        text = "1" if operators.get(item.operator).arity is Arity.NONE else ",".join(str(part) for part in operand)
        pairs.append((f"{item.path}__{item.operator}", text))
    return pairs


def _generate(obj: CompiledObject) -> type[RecordFilterSet]:
    filters: dict[str, Any] = {
        f"{field.name}__{operator}": OperatorFilter(field.name, operator)
        for field in obj
        for operator in field.type.filters(field.spec)
    }
    return type("GeneratedFilterSet", (RecordFilterSet,), {**filters, "compiled": obj, "__module__": __name__})


def _is_field(obj: CompiledObject, policy: AccessPolicy | None, name: str) -> bool:
    return name in obj.fields if policy is None else policy.can_read_field(obj, name)


def _filter_set_for(obj: CompiledObject, policy: AccessPolicy | None, path: str) -> tuple[type[RecordFilterSet], str]:
    """Return the FilterSet of the object at the end of a path, and the field's name there."""
    resolved = obj.resolve(path) if policy is None else resolve_readable(obj, policy, path)
    here = resolved.objects[-1] if resolved.objects else obj
    return filter_set(here), resolved.field.name


def _items(query: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each parameter with all of its values, of a QueryDict or a plain mapping."""
    if isinstance(query, QueryDict):
        for name, values in query.lists():
            yield str(name), tuple(str(value) for value in values)
        return
    for name, value in query.items():
        several = value if isinstance(value, list | tuple) else [value]
        yield name, tuple(str(item) for item in several)
