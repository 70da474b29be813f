"""The conditions of a list as its address says them: flat parameters where they suffice, JSON for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict

from crm_platform.kit import json
from metadata.compiler.compiled import CompiledObject
from metadata.field_types.operators import Arity, operators
from objects.access.policy import AccessPolicy
from objects.query.conditions import All, Condition, Tree, from_json, to_json
from objects.query.filters import parse_flat, to_flat

WHERE = "where"


def filter_pairs(filters: Sequence[Tree]) -> list[tuple[str, str]]:
    """Return the parameters that say some conditions."""
    flat = [item for item in filters if is_flat(item)]
    nested = [to_json(item) for item in filters if not is_flat(item)]
    return [*(to_flat(All(flat)) or ()), *([(WHERE, json.dumps_str(nested))] if nested else [])]


def read_filters(params: QueryDict, obj: CompiledObject, policy: AccessPolicy | None = None) -> tuple[Tree, ...]:
    """Return the conditions that an address says; raises ValidationFailed for what does not apply."""
    nested = conjuncts(from_json(_json(params.get(WHERE, ""))))
    return (*conjuncts(parse_flat(obj, params, policy)), *nested)


def is_flat(item: Tree) -> bool:
    """Tell whether a condition survives the flat form, in which commas separate the operands of a list."""
    if not isinstance(item, Condition) or isinstance(item.operand, Mapping):
        return False
    if not isinstance(item.operand, tuple):
        return True
    is_list = operators.get(item.operator).arity in (Arity.MANY, Arity.TWO)
    return is_list and not any("," in str(part) or not str(part).strip() for part in item.operand)


def conjuncts(tree: Tree | None) -> tuple[Tree, ...]:
    """Return the conditions that hold together, one by one."""
    if tree is None:
        return ()
    return tuple(tree.items) if isinstance(tree, All) else (tree,)


def _json(text: str) -> Mapping[str, Any] | list[Any] | None:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
