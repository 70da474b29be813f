"""Which expressions name a field: formulas, roll-ups, conditions, defaults, validation rules, unique scopes."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage
from metadata.expression_uses import ExpressionUse, expression_uses
from metadata.expressions import ExpressionError, compile_expression, scope_of
from metadata.expressions.graph import fields_read
from metadata.field_types.rollup import RollupType


def expression_usages(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Yield every place in the data model that names the field."""
    for other in current_snapshot().objects():
        for use in expression_uses(other):
            if use.owner != f"fields.{field.api_name}" and _reads(use, spec, field):
                yield _usage(other, use)
        for item in other.business_fields:
            if item.type == RollupType.key and _is_rolled_up(item, spec, field):
                yield _field_usage(_("Roll-up summary"), other, item)
            if other.id == spec.id and field.api_name in item.unique_scope:
                yield _field_usage(_("Scope of a unique field"), other, item)
    for rule in spec.validation_rules:
        texts = " ".join(map(str, rule.message.values()))
        if rule.location == field.api_name or f"{{{field.api_name}}}" in texts:
            yield _rule_usage(spec, rule.api_name)


def _reads(use: ExpressionUse, spec: ObjectSpec, field: FieldSpec) -> bool:
    if field.api_name not in use.text and field.path_name not in use.text:
        return False
    snapshot = current_snapshot()
    scope = scope_of(snapshot, use.object_name)
    try:
        found = compile_expression(
            use.text, scope, returns=use.returns, purpose=use.purpose, blank_as_zero=use.blank_is_zero
        )
    except ExpressionError:
        return False
    return (spec.api_name, field.api_name) in fields_read(found, scope)


def _is_rolled_up(item: FieldSpec, spec: ObjectSpec, field: FieldSpec) -> bool:
    names = (item.settings.get("field"), item.settings["lookup"])
    return bool(item.settings["object"] == spec.api_name and field.api_name in names)


def _usage(spec: ObjectSpec, use: ExpressionUse) -> Usage:
    kind, _dot, name = use.owner.partition(".")
    if kind == "validation_rules":
        return _rule_usage(spec, name)
    label = _("Formula") if use.attribute == "settings.expression" else _("Condition of a field")
    return _field_usage(label, spec, spec.field_map[name])


def _field_usage(kind: str, spec: ObjectSpec, field: FieldSpec) -> Usage:
    language = get_language() or "en"
    name = f"{spec.label.text(language)} · {field.label.text(language)}"
    return Usage(kind, name, reverse("metadata-field", args=[spec.api_name, field.api_name]))


def _rule_usage(spec: ObjectSpec, name: str) -> Usage:
    rule = next(item for item in spec.validation_rules if item.api_name == name)
    url = reverse("metadata-validation-rule", args=[spec.api_name, name])
    return Usage(_("Validation rule"), rule.label.text(get_language() or "en"), url)
