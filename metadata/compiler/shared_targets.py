"""Users and departments seen as objects, so that a path such as `owner.department.name` can be walked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import cache

from django.apps import apps

from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.compiled import CompiledColumn, CompiledField, CompiledObject
from metadata.compiler.spec import FieldSpec, Labels, ObjectSpec
from metadata.field_types import field_types

_FIELDS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "user": (
        ("id", "record_id", "Record ID", "记录 ID"),
        ("name", "text", "Name", "姓名"),
        ("email", "text", "E-mail", "邮箱"),
        ("title", "text", "Job title", "职务"),
        ("department_id", "department", "Department", "部门"),
        ("manager_id", "user", "Manager", "直属上级"),
    ),
    "department": (
        ("id", "record_id", "Record ID", "记录 ID"),
        ("name", "text", "Name", "名称"),
        ("code", "text", "Code", "编码"),
    ),
}
_LABELS = {"user": {"en": "User", "zh-hans": "用户"}, "department": {"en": "Department", "zh-hans": "部门"}}


@cache
def shared_target_spec(name: str) -> ObjectSpec:
    """Return the fields of users or departments as the spec of an object."""
    specs = tuple(
        FieldSpec(-100 - number, None, api_name, type_key, Labels({"en": en, "zh-hans": zh}), is_read_only=True)
        for number, (api_name, type_key, en, zh) in enumerate(_FIELDS[name])
    )
    label = Labels(_LABELS[name])
    return ObjectSpec(0, uuid.UUID(int=0), name, label, label, specs, is_custom=False, is_searchable=False)


def compile_shared_target(name: str, target: Callable[[str], CompiledObject]) -> CompiledObject:
    """Return the user or department table in the form of a compiled object (read only, never listed)."""
    spec = shared_target_spec(name)
    model = apps.get_model(SHARED_TARGETS[name])
    fields = {item.api_name: _compile(item) for item in spec.fields}
    return CompiledObject(spec, model, model._meta.db_table, fields, target, is_business_object=False)


def _compile(spec: FieldSpec) -> CompiledField:
    field_type = field_types.get(spec.type)
    references = field_type.columns(spec)[0].references
    expression = spec.api_name.removesuffix("_id") if references else spec.api_name
    column = CompiledColumn("", spec.api_name, expression, spec.api_name, references)
    return CompiledField(spec, field_type, (column,), field_type)
