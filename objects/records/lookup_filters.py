"""Filters of lookups: what a field points at must fit a condition, whose operands may be values of the record."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any as Anything

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import FieldError, PlatformError
from crm_platform.kit.frozen import thaw
from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.compiled import CompiledField
from metadata.compiler.shared_targets import shared_target_spec
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.field_types import field_types
from metadata.field_types.target_filters import FILTER, target_filter
from metadata.field_types.values import CleanContext, InvalidValue, Reference
from objects.query.conditions import All, Any, Condition, Not, Tree, from_json, leaves
from objects.query.matching import matching
from objects.records.drafts import Batch, Draft

Value = Callable[[str], Anything]  # from the API name of a field to its value in API form

_DOES_NOT_FIT = _("This record does not fit the filter of the field.")


def lookup_filters(batch: Batch) -> None:
    """Find references that do not fit their field's filter, also where a value changed with which they must fit.

    Drafts that ask the same question share it, and all questions about one target are one statement.
    """
    by_target: dict[str, dict[Tree, list[tuple[Draft, CompiledField, Reference]]]] = defaultdict(dict)
    for field in batch.table.references:
        if not target_filter(field.spec):
            continue
        for draft in batch.open:
            tree, links = _question(batch, draft, field)
            if tree is None:
                continue
            for link in links:
                by_target[link.object].setdefault(tree, []).append((draft, field, link))
    for target, questions in by_target.items():
        wanted = [(tree, [link.id for _draft, _field, link in uses]) for tree, uses in questions.items()]
        found = matching(batch.actor, batch.snapshot.target(target), wanted)
        for fitting, uses in zip(found, questions.values(), strict=True):
            _refuse(uses, fitting)


def resolved(field: FieldSpec, value: Value) -> Tree | None:
    """Return a field's filter with the record's values in it; a condition on an empty value restricts nothing."""
    tree = from_json(thaw(target_filter(field)))
    return _resolve(tree, value) if tree is not None else None


def operand_fields(field: FieldSpec) -> tuple[str, ...]:
    """Return the fields of the record whose values a filter speaks of."""
    tree = from_json(thaw(target_filter(field)))
    return tuple(dict.fromkeys(name for leaf in leaves(tree) if (name := own_field(leaf.operand)) is not None))


def own_field(operand: Anything) -> str | None:
    """Return the field in an operand such as `{"field": "account_id"}`, None for any other operand."""
    is_field = isinstance(operand, Mapping) and set(operand) == {"field"}
    return str(operand["field"]) if is_field else None


def filter_errors(schema: SchemaSpec, changed: Sequence[ObjectSpec]) -> list[FieldError]:
    """Return what is wrong with the filters of lookups in the changed objects, or of lookups that lead to them."""
    names = {spec.api_name for spec in changed}
    return [
        FieldError(f"settings.{FILTER}", "invalid_type", message)
        for spec in schema.objects
        for field in spec.business_fields
        if target_filter(field) and (spec.api_name in names or _target(field) in names)
        for message in _mistakes(schema, spec, field)
    ]


def _question(batch: Batch, draft: Draft, field: CompiledField) -> tuple[Tree | None, Sequence[Reference]]:
    """Return the condition and the references that have to meet it: none when nothing that matters changes."""
    is_moved = any(name in draft.values for name in operand_fields(field.spec))
    if not is_moved and field.name not in draft.values:
        return None, ()
    value = _value(draft, field)
    links = [value] if isinstance(value, Reference) else list(value or ())
    if not is_moved and draft.record is not None and field.type.is_reference_list:
        before = {link.id for link in field.value_of(draft.record) or ()}
        links = [link for link in links if link.id not in before]

    def of_record(name: str) -> Anything:
        own = batch.object.field(name)
        return own.type.to_api(own.spec, _value(draft, own))

    return (resolved(field.spec, of_record), links) if links else (None, ())


def _value(draft: Draft, field: CompiledField) -> Anything:
    if field.name in draft.values or draft.record is None:
        return draft.values.get(field.name)
    return field.value_of(draft.record)


def _refuse(uses: Sequence[tuple[Draft, CompiledField, Reference]], fitting: set[uuid.UUID]) -> None:
    for draft, field, link in uses:
        if link.id not in fitting and not any(error.field == field.name for error in draft.errors):
            draft.error(field.name, "invalid_reference", _DOES_NOT_FIT)


def _resolve(tree: Tree, value: Value) -> Tree | None:
    if isinstance(tree, Not):
        inner = _resolve(tree.item, value)
        return None if inner is None else Not(inner)
    if isinstance(tree, Condition):
        name = own_field(tree.operand)
        if name is None:
            return tree
        operand = value(name)
        return None if operand in (None, "", []) else Condition(tree.path, tree.operator, operand)
    items = [inner for item in tree.items if (inner := _resolve(item, value)) is not None]
    if not items:
        return None
    return All(items) if isinstance(tree, All) else Any(items)


def _mistakes(schema: SchemaSpec, spec: ObjectSpec, field: FieldSpec) -> Iterator[Anything]:
    try:
        found = list(leaves(from_json(thaw(target_filter(field)))))
    except PlatformError as error:
        yield error.message
        return
    ctx = CleanContext(system_actor(), timezone.now())
    for leaf in found:
        reached = _reached(schema, _target(field), leaf.path)
        if reached is None:
            yield _("Unknown field: %(path)s") % {"path": leaf.path[:120]}
            continue
        own, kind = own_field(leaf.operand), field_types.get(reached.type).behaves_as(reached)
        if own is not None and own not in spec.field_map:
            yield _("Unknown field: %(path)s") % {"path": own[:120]}
        elif leaf.operator not in kind.filters(reached):
            yield _("This filter does not apply to the field.")
        elif own is None:
            try:
                kind.clean_operand(reached, leaf.operator, thaw(leaf.operand), ctx)
            except InvalidValue as error:
                yield error.message


def _reached(schema: SchemaSpec, object_name: str, path: str) -> FieldSpec | None:
    """Return the field at the end of a path from an object; None where a step is unknown."""
    *steps, last = path.split(".")
    here = _spec(schema, object_name)
    for step in steps:
        hop = here.path_map.get(step) if here else None
        here = _spec(schema, _target(hop)) if hop else None
    return here.field_map.get(last) if here else None


def _target(field: FieldSpec) -> str:
    """Return the one thing that a field points at; "" for several, and for fields that point at nothing."""
    targets = field_types.get(field.type).targets(field)
    return targets[0] if len(targets) == 1 else ""


def _spec(schema: SchemaSpec, name: str) -> ObjectSpec | None:
    """Return an object's spec by its name; users and departments, too, have one."""
    return shared_target_spec(name) if name in SHARED_TARGETS else schema.object_map.get(name)
