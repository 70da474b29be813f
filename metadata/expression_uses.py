"""Where an object's definition holds expressions: one list for publishing, for the pipeline, for "where used"."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.expressions import ValueType
from metadata.expressions.scope import value_type
from metadata.field_types import field_types
from metadata.field_types.formula import FormulaType
from metadata.field_types.rollup import RollupType

FORMULA, DEFAULT, CONDITION, RULE = "formula", "default", "condition", "rule"
DUPLICATE_RULES = "duplicate_rules."  # what their owners begin with
FIELD_CONDITIONS = ("required_if", "visible_if", "readonly_if")


@dataclass(frozen=True)
class ExpressionUse:
    """One expression. `object_name` is the object whose names it uses, which for roll-ups is the summarised one.

    `owner` and `attribute` say where an admin wrote it: the field or rule, and the member of its description.
    """

    object_name: str
    owner: str
    attribute: str
    text: str
    returns: ValueType
    purpose: str
    blank_is_zero: bool = False


def has_formulas(spec: ObjectSpec) -> bool:
    """Tell whether any field of the object is worked out by a formula."""
    return any(isinstance(field_types.get(item.type), FormulaType) for item in spec.business_fields)


def expression_uses(spec: ObjectSpec) -> Iterator[ExpressionUse]:
    """Yield every expression of an object: of its fields in their order, then of its rules."""
    for field in spec.business_fields:
        yield from field_uses(spec, field)
    for rule in spec.validation_rules:
        owner = f"validation_rules.{rule.api_name}"
        yield ExpressionUse(spec.api_name, owner, "condition", rule.condition, ValueType.BOOLEAN, RULE)
    for duplicates in spec.duplicate_rules:
        if duplicates.condition:
            owner = f"{DUPLICATE_RULES}{duplicates.api_name}"
            yield ExpressionUse(spec.api_name, owner, "condition", duplicates.condition, ValueType.BOOLEAN, RULE)


def field_uses(spec: ObjectSpec, field: FieldSpec) -> Iterator[ExpressionUse]:
    """Yield the expressions of one field."""
    owner, name = f"fields.{field.api_name}", spec.api_name
    definition = field_types.get(field.type)
    if isinstance(definition, FormulaType):
        yield ExpressionUse(
            name,
            owner,
            "settings.expression",
            definition.expression(field),
            value_type(field),
            FORMULA,
            definition.blank_is_zero(field),
        )
    if isinstance(definition, RollupType) and field.settings.get("filter"):
        child, text = str(field.settings["object"]), str(field.settings["filter"])
        yield ExpressionUse(child, owner, "settings.filter", text, ValueType.BOOLEAN, CONDITION)
    if field.default_formula:
        yield ExpressionUse(name, owner, "default_formula", field.default_formula, value_type(field), DEFAULT)
    for attribute in FIELD_CONDITIONS:
        text = getattr(field, attribute)
        if text:
            yield ExpressionUse(name, owner, attribute, text, ValueType.BOOLEAN, CONDITION)
