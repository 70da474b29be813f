"""What follows from the rest of a field's description, so that nobody has to write it down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from metadata.compiler.spec import SchemaSpec
from metadata.expression_checks import result_type, rolled_up_type
from metadata.field_types.rollup import COUNT, RollupType
from metadata.inputs import FieldInput
from metadata.loader import load_spec


def completed(given: FieldInput) -> FieldInput:
    """Return a new field with the type of its result filled in, where another field decides it."""
    if given.type != RollupType.key or given.settings.get("returns"):
        return given
    return replace(given, settings={**_rolled_up(load_spec(), given), **given.settings})


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
