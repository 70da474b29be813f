"""Conditions in words: the chips above a list, and the operands behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.utils.translation import gettext as _

from crm_platform.kit.frozen import thaw
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledField
from metadata.field_types.choices import find_choice, label_of
from metadata.field_types.contexts import clean_context
from metadata.field_types.operators import Arity, operators
from metadata.field_types.ranges import describe
from metadata.field_types.sealed import MASK
from metadata.field_types.values import InvalidValue, Reference
from objects.display.desk import RecordDesk
from objects.display.names import names_of
from objects.query.conditions import All, Condition, Not, Tree, leaves


@dataclass(frozen=True)
class Chip:
    """One condition: what it says, where it is edited (None: too complex), and the list without it."""

    text: str
    remove_url: str
    edit_url: str | None


class Narrowed(Protocol):
    """A list as it stands: what holds for its records, and the address of the same list without one of that."""

    @property
    def conditions(self) -> Sequence[Tree]: ...

    def without(self, place: int) -> Narrowed: ...

    def url(self, base: str) -> str: ...


def chips(desk: RecordDesk, state: Narrowed, filter_url: str) -> list[Chip]:
    """Return a chip for each condition of a list; its form's address gets `place` appended."""
    words = Words(desk, state.conditions)
    return [
        Chip(
            text=words.tree(item),
            remove_url=state.without(place).url(desk.list_url),
            edit_url=f"{filter_url}&place={place}" if isinstance(item, Condition) else None,
        )
        for place, item in enumerate(state.conditions)
    ]


class Words:
    """Says conditions in the caller's language; names of records are read at once for all of them."""

    def __init__(self, desk: RecordDesk, trees: Iterable[Tree]) -> None:
        self.desk = desk
        self.names = names_of(desk.actor, self._references(trees))

    def tree(self, tree: Tree) -> str:
        if isinstance(tree, Condition):
            return self.condition(tree)
        if isinstance(tree, Not):
            return _("not (%(condition)s)") % {"condition": self.tree(tree.item)}
        joined = _(" and ") if isinstance(tree, All) else _(" or ")
        return joined.join(self.tree(item) for item in tree.items)

    def condition(self, condition: Condition) -> str:
        """Return "Status is any of New, Working"; an unknown field is shown by its name."""
        field = self.desk.field(condition.path)
        if field is None or condition.operator not in operators:
            return f"{condition.path} {condition.operator}"
        label = self.desk.path_label(condition.path)
        sign = field.type.operator_label(condition.operator)
        operands = _("–") if operators.get(condition.operator).arity is Arity.TWO else _(", ")
        shown = operands.join(self.operand(field, condition.operator, item) for item in operand_items(condition))
        return " ".join(part for part in (label, str(sign), shown) if part)

    def operand(self, field: CompiledField, operator: str, item: Any) -> str:
        """Return one operand as people read it; what can't be read as a value is shown as it is."""
        if operator == "rel":
            return _or_raw(describe, item)
        if operator in field.type.plain_operands:
            return field.type.operand_text(operator, item)
        if field.type.has_targets:
            key = parse_uuid(item.get("id") if isinstance(item, Mapping) else item)
            return self.names.get(key, str(item)) if key else str(item)
        if field.type.is_sealed:
            return MASK
        if field.type.uses_choices:
            return label_of(find_choice(field.spec, str(item)), str(item), self.desk.language)
        try:
            value = field.type.clean(field.spec, item, clean_context(self.desk.actor, self.desk.now))
        except InvalidValue:
            return _or_raw(describe, item)
        return field.type.to_text(field.spec, value, self.desk.display())

    def _references(self, trees: Iterable[Tree]) -> list[Reference]:
        found = []
        for tree in trees:
            for leaf in leaves(tree):
                found += self._of_leaf(leaf)
        return found

    def _of_leaf(self, leaf: Condition) -> list[Reference]:
        field = self.desk.field(leaf.path)
        if field is None or not field.type.has_targets:
            return []
        keys = [parse_uuid(item.get("id") if isinstance(item, Mapping) else item) for item in operand_items(leaf)]
        return [Reference(target, key) for key in keys if key for target in targets_of(field)]


def targets_of(field: CompiledField) -> tuple[str, ...]:
    """Return what a reference field may point at: API names, "user" or "department"."""
    return field.type.targets(field.spec)


def operand_items(condition: Condition) -> list[Any]:
    """Return a condition's operands as a list, [] for an operator without any."""
    if operators.get(condition.operator).arity is Arity.NONE:
        return []
    operand = thaw(condition.operand)
    return operand if isinstance(operand, list) else [operand]


def _or_raw(say: Any, item: Any) -> str:
    try:
        return str(say(item))
    except InvalidValue:
        return str(item)
