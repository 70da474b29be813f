"""The columns that every record has, whatever its object, and the base class of compiled records."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models

from crm_platform.kit.frozen import FrozenDict
from crm_platform.kit.ids import uuid7
from metadata.compiler.spec import FieldSpec, Labels

if TYPE_CHECKING:
    from metadata.compiler.compiled import CompiledObject


def _system(number: int, api_name: str, type_key: str, en: str, zh: str, **options: object) -> FieldSpec:
    options.setdefault("is_read_only", True)
    settings = FrozenDict(options.pop("settings", None))  # type: ignore[arg-type]
    labels = Labels({"en": en, "zh-hans": zh})
    return FieldSpec(
        -number,
        None,
        api_name,
        type_key,
        labels,
        settings=settings,
        is_custom=False,
        **options,  # type: ignore[arg-type]
    )


# The numbers are for ever: histories name a field by its id. The column of a system field is its API name, but for
# `SYSTEM_COLUMNS`.
SYSTEM_FIELDS: tuple[FieldSpec, ...] = (
    _system(1, "id", "record_id", "Record ID", "记录 ID", track_history=False),
    _system(2, "version", "integer", "Version", "版本", track_history=False),
    _system(3, "created_at", "datetime", "Created at", "创建时间", track_history=False),
    _system(4, "created_by_id", "user", "Created by", "创建人", track_history=False),
    _system(5, "updated_at", "datetime", "Updated at", "修改时间", track_history=False),
    _system(6, "updated_by_id", "user", "Updated by", "修改人", track_history=False),
    _system(7, "owner_id", "user", "Owner", "负责人", is_read_only=False),
    _system(8, "owner_department_id", "department", "Owner's department", "所属部门"),
    _system(9, "pool_id", "record_id", "Pool", "公海"),
    _system(10, "record_type", "record_type", "Record type", "记录类型", is_read_only=False),
    _system(11, "currency", "currency_code", "Currency", "币种", is_read_only=False),
    _system(
        12,
        "external_id",
        "text",
        "External ID",
        "外部编号",
        is_read_only=False,
        is_unique=True,
        settings={"max_length": 100},
    ),
    _system(13, "last_activity_at", "datetime", "Last activity", "最近活动", track_history=False),
    _system(14, "last_followup_at", "datetime", "Last follow-up", "最近跟进", track_history=False),
    _system(15, "last_owner_change_at", "datetime", "Last change of owner", "负责人变更时间", track_history=False),
    _system(16, "deleted_at", "datetime", "Deleted at", "删除时间", track_history=False),
    _system(17, "deleted_by_id", "user", "Deleted by", "删除人", track_history=False),
    _system(18, "deletion_id", "record_id", "Deletion", "删除批次", track_history=False),
)
SYSTEM_COLUMNS = {"record_type": "record_type_id"}
SYSTEM_NAMES = frozenset(spec.api_name for spec in SYSTEM_FIELDS)


def system_column(api_name: str) -> str:
    """Return the physical column, and attribute, of a system field."""
    return SYSTEM_COLUMNS.get(api_name, api_name)


def _user_reference() -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(
        "identity.User", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )


class SecondValue:
    """A column of the second table, seen as an attribute of the record.

    Whoever reads whole records fills it along. A record that came by another way fetches its row in the second
    table when it is first asked for a value of it, as Django does with deferred fields.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Record | None, owner: type[Record]) -> Any:
        if record is None:
            return self
        row = record.second  # type: ignore[attr-defined]
        value = record.__dict__[self.name] = None if row is None else getattr(row, self.name)
        return value


class Record(models.Model):
    """Base of all record models: the system columns, and values by API name.

    Concrete classes are made by `metadata.compiler.compile`; `compiled` is set there.
    """

    compiled: ClassVar[CompiledObject]

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = _user_reference()
    updated_at = models.DateTimeField()
    updated_by = _user_reference()
    owner = _user_reference()
    owner_id: uuid.UUID | None
    owner_department = models.ForeignKey(
        "identity.Department", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    pool_id = models.UUIDField(null=True)
    record_type_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    external_id = models.CharField(max_length=100, null=True)  # noqa: DJ001 (unique where it is given)
    last_activity_at = models.DateTimeField(null=True)
    last_followup_at = models.DateTimeField(null=True)
    last_owner_change_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    deleted_by = _user_reference()
    deletion_id = models.UUIDField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.value(self.compiled.spec.name_field) or "")

    def __reduce__(self) -> Any:
        raise TypeError("records are never pickled; pass their ids")

    def value(self, api_name: str) -> Any:
        """Return the value of one field by its API name."""
        return self.compiled.field(api_name).value_of(self)

    def values(self) -> dict[str, Any]:
        """Return all values by API name, system fields included; an instance has none of virtual fields."""
        return {name: field.value_of(self) for name, field in self.compiled.fields.items() if not field.is_virtual}
