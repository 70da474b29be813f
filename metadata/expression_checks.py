"""What is wrong with the expressions of a data model that is about to be published: names, types, circles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.expression_uses import FORMULA, ExpressionUse, expression_uses
from metadata.expressions import Expression, ExpressionError, Scope, compile_expression, scope_of
from metadata.expressions.graph import FieldNode, fields_read, find_cycle
from metadata.expressions.scope import lookup_target
from metadata.field_types import field_types
from metadata.field_types.rollup import AVG, COUNT, SUM, RollupType

COMPUTING = ("settings.expression", "settings.filter")  # what makes the value of a computed field
ROLLED_UP = frozenset({"integer", "decimal", "percent", "currency", "base_currency", "date", "datetime"})
_ADDED_UP = frozenset({"integer", "decimal", "percent", "currency", "base_currency"})


def expression_errors(schema: SchemaSpec, changed: Iterable[ObjectSpec]) -> list[FieldError]:
    """Return every mistake in the expressions of the changed objects, and of others that could read them.

    `field` of an error is `objects.<object>.fields.<field>.<member>` (or `…validation_rules.<rule>.condition`).
    """
    touched = {spec.api_name for spec in changed}
    errors: list[FieldError] = []
    reads: dict[FieldNode, set[FieldNode]] = {}
    for spec in schema.objects:
        for use in expression_uses(spec):
            scope = scope_of(schema, use.object_name) if use.object_name in schema.object_map else None
            is_needed = use.attribute in COMPUTING or spec.api_name in touched or reaches_out(use)
            if scope is None or not is_needed:  # a roll-up says itself that its object is missing
                continue
            found = _compiled(scope, spec, use, errors)
            if found is not None and use.attribute in COMPUTING:
                node = (spec.api_name, use.owner.removeprefix("fields."))
                reads.setdefault(node, set()).update(fields_read(found, scope))
        for field in spec.business_fields:
            if isinstance(field_types.get(field.type), RollupType):
                errors += _rollup_errors(schema, spec, field)
                source = (str(field.settings["object"]), str(field.settings.get("field", "")))
                reads.setdefault((spec.api_name, field.api_name), set()).add(source)
    return errors or _circle_errors(reads)


def reaches_out(use: ExpressionUse) -> bool:
    """Tell whether an expression may read other objects than its own."""
    return "." in use.text or "REL" in use.text.upper() or use.attribute == "settings.filter"


def _compiled(scope: Scope, spec: ObjectSpec, use: ExpressionUse, errors: list[FieldError]) -> Expression | None:
    try:
        found = compile_expression(
            use.text, scope, returns=use.returns, purpose=use.purpose, blank_as_zero=use.blank_is_zero
        )
    except ExpressionError as error:
        errors.append(located(f"objects.{spec.api_name}.{use.owner}.{use.attribute}", error))
        return None
    if use.purpose == FORMULA and found.uses_user:
        message = _("A formula is stored for everybody: it can't depend on who is looking.")
        errors.append(FieldError(f"objects.{spec.api_name}.{use.owner}.{use.attribute}", "formula_error", message))
    if use.purpose == FORMULA and found.related:
        message = _("A formula does not look at other records by itself: use a roll-up summary for that.")
        errors.append(FieldError(f"objects.{spec.api_name}.{use.owner}.{use.attribute}", "formula_error", message))
    if use.attribute == "settings.filter" and any("." in path for path in found.paths):
        message = _("The condition of a roll-up reads the summarised record alone.")
        errors.append(FieldError(f"objects.{spec.api_name}.{use.owner}.{use.attribute}", "formula_error", message))
    return found


def located(field: str, error: ExpressionError) -> FieldError:
    """Return an expression's error as one of a member of a description, with its place in the text."""
    params = {"start": error.start, "end": error.end, "suggestion": error.suggestion}
    return FieldError(field, "formula_error", str(error.message).replace("%", "%%"), params)


def _rollup_errors(schema: SchemaSpec, spec: ObjectSpec, field: FieldSpec) -> list[FieldError]:
    settings, where = field.settings, f"objects.{spec.api_name}.fields.{field.api_name}.settings"
    child = schema.object_map.get(str(settings["object"]))
    if child is None:
        return [FieldError(f"{where}.object", "invalid_reference", _("There is no such object."))]
    lookup = child.field_map.get(str(settings["lookup"]))
    if lookup is None or lookup_target(lookup) != spec.api_name:
        message = _("Choose a lookup from the summarised object to this one.")
        return [FieldError(f"{where}.lookup", "invalid_reference", message)]
    operation, wanted = str(settings["operation"]), "integer"
    if operation != COUNT:
        source = child.field_map.get(str(settings.get("field")))
        kind = result_type(source) if source else ""
        if kind not in (_ADDED_UP if operation in (SUM, AVG) else ROLLED_UP):
            return [FieldError(f"{where}.field", "invalid_reference", _("Choose a number, an amount or a date."))]
        wanted = rolled_up_type(kind, operation)
    if settings["returns"] != wanted:
        hint = _("This roll-up returns the type %(type)s.") % {"type": wanted}
        return [FieldError(f"{where}.returns", "invalid_choice", hint)]
    return []


def result_type(field: FieldSpec) -> str:
    """Return the key of the type that a field's values have."""
    return field_types.get(field.type).behaves_as(field).key


def rolled_up_type(kind: str, operation: str) -> str:
    """Return the type of a roll-up over values of a type: amounts are added up in the base currency."""
    if kind in ("currency", "base_currency"):
        return "base_currency"
    return "decimal" if operation == AVG and kind == "integer" else kind


def _circle_errors(reads: Mapping[FieldNode, Iterable[FieldNode]]) -> list[FieldError]:
    """Find computed fields that depend on themselves; one error names the whole circle."""
    circle = find_cycle(reads)
    if not circle:
        return []
    chain = " → ".join(f"{name}.{field}" for name, field in (*circle, circle[0]))
    message = _("These fields would be worked out from one another: %(chain)s") % {"chain": chain}
    name, field = circle[0]
    return [FieldError(f"objects.{name}.fields.{field}.settings.expression", "formula_error", message)]
