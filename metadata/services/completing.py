"""What follows from the rest of a field's description, so that nobody has to write it down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.spec import SchemaSpec
from metadata.expression_checks import result_type, rolled_up_type
from metadata.expressions.scope import UnknownName, scope_of
from metadata.field_types.lookup_value import KEPT_AS, CopiedValueType, LookupValueType
from metadata.field_types.rollup import COUNT, RollupType
from metadata.inputs import FieldInput
from metadata.loader import load_spec

MAX_PATH = 200


def completed(object_name: str, given: FieldInput) -> FieldInput:
    """Return a new field with the type of its result filled in, where another field decides it.

    Raises ValidationFailed when a path leads nowhere.
    """
    if given.type in (LookupValueType.key, CopiedValueType.key) and "path" in given.settings:
        return replace(given, settings={**given.settings, **_borrowed(load_spec(), object_name, given)})
    if given.type != RollupType.key or given.settings.get("returns"):
        return given
    return replace(given, settings={**_rolled_up(load_spec(), given), **given.settings})


def _borrowed(schema: SchemaSpec, object_name: str, given: FieldInput) -> dict[str, Any]:
    """Return the type and the decimals of what a path leads to."""
    try:
        found = scope_of(schema, object_name).resolve(str(given.settings["path"])[:MAX_PATH])
    except UnknownName as error:
        raise ValidationFailed.single("settings.path", "invalid_reference", error.message) from error
    source = found.field
    kind = KEPT_AS.get(result_type(source)) if source is not None and found.hops else None
    if source is None or kind is None:
        message = _("Choose a path through a lookup to a plain value, for example account.industry")
        raise ValidationFailed.single("settings.path", "invalid_reference", message)
    scale = {"scale": source.settings["scale"]} if "scale" in source.settings else {}
    return {"returns": kind, **scale}


def _rolled_up(schema: SchemaSpec, given: FieldInput) -> dict[str, Any]:
    """Return the type and the decimals of what a roll-up summarises."""
    operation = str(given.settings.get("operation", ""))
    if operation == COUNT:
        return {"returns": "integer"}
    child = schema.object_map.get(str(given.settings.get("object")))
    source = child.field_map.get(str(given.settings.get("field"))) if child else None
    if source is None:
        return {"returns": "decimal"}  # the missing field is what will be told
    scale = {"scale": source.settings["scale"]} if "scale" in source.settings else {}
    return {"returns": rolled_up_type(result_type(source), operation), **scale}
