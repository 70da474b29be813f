"""Binding a condition tree to an object: checked names, cleaned operands, and the shape that SQL is kept by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.compiled import CompiledObject, ResolvedPath, UnknownField
from metadata.field_types.values import CleanContext, InvalidValue
from objects.query.conditions import All, Condition, Not, Tree, check_size
from objects.query.shapes import AND, LEAF, NOT, OR, Shape

if TYPE_CHECKING:
    from objects.access.policy import AccessPolicy

MAX_OPERAND_LENGTH = 2000


@dataclass(frozen=True)
class Bound:
    """A checked filter. Equal shapes have the same SQL; `values` fill its slots, which are their positions."""

    shape: Shape | None = None
    values: tuple[Any, ...] = ()


def bind(tree: Tree | None, obj: CompiledObject, policy: AccessPolicy, ctx: CleanContext) -> Bound:
    """Check every name, operator and operand; raises ValidationFailed with all that is wrong.

    A field that the caller may not read is as unknown as one that does not exist.
    """
    if tree is None:
        return Bound()
    check_size(tree)
    binder = _Binder(obj, policy, ctx)
    shape = binder.shape(tree)
    if binder.errors:
        raise ValidationFailed(binder.errors)
    return Bound(shape, tuple(binder.values))


def resolve_readable(obj: CompiledObject, policy: AccessPolicy, path: str) -> ResolvedPath:
    """Return the path if the caller may read every step of it; raises UnknownField otherwise."""
    resolved = obj.resolve(path)
    if not policy.can_read_field(_reached(resolved, obj, policy), resolved.field.name):
        raise UnknownField(path)
    return resolved


def resolve_visible(obj: CompiledObject, policy: AccessPolicy, path: str) -> ResolvedPath:
    """Return the path to show, its last field masked where the caller may see it only so; raises UnknownField."""
    resolved = obj.resolve(path)
    field = policy.visible_field(_reached(resolved, obj, policy), resolved.field.name)
    if field is None:
        raise UnknownField(path)
    return resolved if field is resolved.field else replace(resolved, field=field)


def _reached(resolved: ResolvedPath, obj: CompiledObject, policy: AccessPolicy) -> CompiledObject:
    """Return the object at the end of a path; raises UnknownField unless the caller may read every step to it."""
    here = obj
    for hop, reached in zip(resolved.hops, resolved.objects, strict=True):
        if not (policy.knows(reached) and policy.can_read_field(here, hop.name)):
            raise UnknownField(resolved.path)
        here = reached
    return here


class _Binder:
    def __init__(self, obj: CompiledObject, policy: AccessPolicy, ctx: CleanContext) -> None:
        self.obj, self.policy, self.ctx = obj, policy, ctx
        self.values: list[Any] = []
        self.errors: list[FieldError] = []

    def shape(self, tree: Tree) -> Shape:
        if isinstance(tree, Condition):
            return self._leaf(tree)
        if isinstance(tree, Not):
            return (NOT, self.shape(tree.item))
        return (AND if isinstance(tree, All) else OR, *(self.shape(item) for item in tree.items))

    def _leaf(self, condition: Condition) -> Shape:
        try:
            operands = self._operands(condition)
        except UnknownField as error:
            self._refuse(condition, "unknown_field", error.errors[0].message)
        except InvalidValue as error:
            self._refuse(condition, error.code, error.message, error.params)
        else:
            first = len(self.values)
            self.values.extend(operands)
            return (LEAF, condition.path, condition.operator, first, len(operands))
        return ()

    def _operands(self, condition: Condition) -> tuple[Any, ...]:
        field = resolve_readable(self.obj, self.policy, condition.path).field
        if condition.operator not in field.type.filters(field.spec):
            message = _("The operator %(operator)s does not apply to this field.")
            name = condition.operator[:40]
            raise InvalidValue("invalid_choice", message % {"operator": name}, operator=name)
        raw = condition.operand
        for item in raw if isinstance(raw, list | tuple) else (raw,):
            if isinstance(item, str) and len(item) > MAX_OPERAND_LENGTH:
                raise InvalidValue("too_long", _("At most %(max)d characters.") % {"max": MAX_OPERAND_LENGTH})
        return field.type.clean_operand(field.spec, condition.operator, raw, self.ctx)

    def _refuse(self, condition: Condition, code: str, message: Any, params: Mapping[str, Any] | None = None) -> None:
        where = {"pointer": condition.pointer} if condition.pointer else {}
        self.errors.append(FieldError(condition.path[:120], code, message, {**(params or {}), **where}))
