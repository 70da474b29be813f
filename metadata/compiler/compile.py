"""Compiling one object's spec into a Django model class inside a private registry."""

from __future__ import annotations

from typing import Any

from django.db import models

from crm_platform.kit.sqlnames import column_name, second_table_name, table_name
from metadata.compiler.compiled import SECOND, CompiledColumn, CompiledField
from metadata.compiler.record_base import Record, SecondValue, system_column
from metadata.compiler.registry import APP_LABEL, SchemaApps
from metadata.compiler.spec import FieldSpec, ObjectSpec, SchemaSpec
from metadata.field_types import field_types
from metadata.field_types.base import Column

SHARED_TARGETS = {"user": "identity.User", "department": "identity.Department"}


def model_name(object_id: int) -> str:
    return f"O{object_id}"


def second_model_name(object_id: int) -> str:
    return f"X{object_id}"


def compile_model(schema: SchemaSpec, spec: ObjectSpec, apps: SchemaApps) -> type[models.Model]:
    """Return the record model of one object; relations to objects not compiled yet stay pending in `apps`."""
    attrs: dict[str, Any] = {"__module__": __name__, "Meta": _meta(apps, table_name(spec.id))}
    for field in spec.stored_fields:
        for column in field_types.get(field.type).columns(field):
            name = f"f_{field.id}{column.suffix}"
            attrs[name] = SecondValue(name) if field.part else _model_field(schema, field, column)
    if any(field.part for field in spec.stored_fields):
        attrs[SECOND] = _to_second(spec.id)
    return type(model_name(spec.id), (Record,), attrs)


def compile_second(schema: SchemaSpec, spec: ObjectSpec, apps: SchemaApps) -> type[models.Model] | None:
    """Return the model of an object's second table; None when the record table holds all of its fields."""
    fields = [field for field in spec.stored_fields if field.part]
    if not fields:
        return None
    attrs: dict[str, Any] = {
        "__module__": __name__,
        "Meta": _meta(apps, second_table_name(spec.id)),
        "id": models.UUIDField(primary_key=True),
    }
    for field in fields:
        for column in field_types.get(field.type).columns(field):
            attrs[f"f_{field.id}{column.suffix}"] = _model_field(schema, field, column)
    return type(second_model_name(spec.id), (models.Model,), attrs)


def _meta(apps: SchemaApps, table: str) -> type:
    return type("Meta", (), {"apps": apps, "app_label": APP_LABEL, "db_table": table, "managed": False})


def _to_second(object_id: int) -> models.ForeignObject[Any, Any]:
    """Return the relation from a record to its row in the second table: over the same id, without a column.

    It leads from the record on, since a sealed registry keeps no reverse relations.
    """
    return models.ForeignObject(
        f"{APP_LABEL}.{second_model_name(object_id)}",
        on_delete=models.DO_NOTHING,
        from_fields=["id"],
        to_fields=["id"],
        null=True,
        related_name="+",
    )


def compile_field(spec: FieldSpec) -> CompiledField:
    """Return the field with its type and the names of its columns."""
    definition = field_types.get(spec.type)
    columns = tuple(_compiled_column(spec, column) for column in definition.columns(spec))
    return CompiledField(spec, definition.behaves_as(spec), columns, definition)


def _model_field(schema: SchemaSpec, field: FieldSpec, column: Column) -> models.Field[Any, Any]:
    name = column_name(field.id, column.suffix)
    if column.references is None:
        made = column.make()
        made.db_column = name
        return made
    return models.ForeignKey(
        _reference_label(schema, column.references),
        on_delete=models.DO_NOTHING,  # the database's own constraint acts
        null=True,
        related_name="+",
        db_column=name,
        db_constraint=False,
        db_index=False,
    )


def _reference_label(schema: SchemaSpec, target: str) -> str:
    if target in SHARED_TARGETS:
        return SHARED_TARGETS[target]
    return f"{APP_LABEL}.{model_name(schema.object_map[target].id)}"


def _compiled_column(spec: FieldSpec, column: Column) -> CompiledColumn:
    if spec.is_system:
        return _system_column(spec, column)
    attr = f"f_{spec.id}{column.suffix}"
    value_attr = f"{attr}_id" if column.references else attr
    name = column_name(spec.id, column.suffix)
    return CompiledColumn(column.suffix, value_attr, attr, name, column.references, column.is_internal)


def _system_column(spec: FieldSpec, column: Column) -> CompiledColumn:
    name = system_column(spec.api_name)
    expression = name.removesuffix("_id") if column.references else name
    return CompiledColumn(column.suffix, name, expression, name, column.references)
