"""What an editor offers while somebody writes an expression: the names after a path, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.expressions.scope import CONSTANTS, Scope, can_be_read, lookup_field, lookup_target, value_type
from metadata.expressions.types import ValueType

STEP = "step"  # what leads on to the fields of another record
_RECORDS = {"$User": "user", "$Dept": "department"}


def names_after(scope: Scope, path: str, language: str) -> list[dict[str, Any]]:
    """Return what can follow `path` ("" for the beginning, else without its last dot); raises LookupError."""
    steps = path.split(".") if path else []
    if not steps:
        return [*_fields(scope, scope.object(scope.object_name), language), *_beginnings()]
    if steps[0] in CONSTANTS and len(steps) == 1:
        return [_entry(name, name, type_) for name, type_ in CONSTANTS[steps[0]].items()]
    here = _RECORDS.get(steps[0], scope.object_name)
    spec = scope.object(here)
    for step in steps[1:] if steps[0] in (*_RECORDS, "$Record", "$Old") else steps:
        field = lookup_field(spec, step) if spec else None
        if field is None:
            raise LookupError(step)
        spec = scope.object(str(lookup_target(field)))
    return list(_fields(scope, spec, language))


def _fields(scope: Scope, spec: ObjectSpec | None, language: str) -> Iterator[dict[str, Any]]:
    for field in spec.fields if spec else ():
        if not can_be_read(field):
            continue
        yield _entry(field.api_name, field.label.text(language), value_type(field))
        target = scope.object(lookup_target(field) or "")
        if target is not None and field.path_name != field.api_name:
            yield _step(field, target, language)


def _step(field: FieldSpec, target: ObjectSpec, language: str) -> dict[str, Any]:
    label = field.label.text(language)
    return {"name": field.path_name, "label": label, "type": STEP, "type_label": target.label.text(language)}


def _beginnings() -> Iterator[dict[str, Any]]:
    """Yield the names that begin with $."""
    yield _entry("$Now", _("the present moment"), ValueType.DATETIME)
    labels = {
        "$User": _("the caller"),
        "$Dept": _("the caller's department"),
        "$Role": _("the caller's role"),
        "$Org": _("the organisation"),
        "$Old": _("the values before the change"),
    }
    for name, label in labels.items():
        yield {"name": name, "label": label, "type": STEP, "type_label": ""}


def _entry(name: str, label: str, type_: ValueType) -> dict[str, Any]:
    return {"name": name, "label": label, "type": type_.value, "type_label": str(type_.label)}
