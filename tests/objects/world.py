"""An organisation with a small data model and people in a department tree, for tests of reading records."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Department, Profile, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.ids import uuid7
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.services.batch import SchemaChange, apply_changes
from objects.access.grants import ACTIONS, grant_object
from tests.kit import make

START = datetime(2026, 1, 1, tzinfo=UTC)


def choices(*values: str) -> list[ChoiceInput]:
    return [ChoiceInput(value, {"en": value.title(), "zh-hans": f"{value}值"}) for value in values]


def text(api_name: str, **options: Any) -> FieldInput:
    return FieldInput(api_name, "text", api_name, **options)


OBJECTS = (
    ObjectInput(
        "firm",
        "Firm",
        is_custom=False,
        fields=[
            text("name", is_required=True, is_indexed=True, is_custom=False),
            FieldInput(
                "industry", "picklist", "Industry", choices=choices("energy", "retail", "tech"), is_custom=False
            ),
            FieldInput("parent_id", "lookup", "Parent", settings={"target": "firm"}, is_custom=False),
        ],
    ),
    ObjectInput(
        "deal",
        "Deal",
        is_custom=False,
        fields=[
            text("name", is_required=True, is_indexed=True, is_custom=False),
            FieldInput("firm_id", "lookup", "Firm", settings={"target": "firm"}, is_custom=False),
            FieldInput("backup__c", "lookup", "Backup", settings={"target": "firm"}),
            FieldInput("about__c", "poly_lookup", "About", settings={"targets": ["firm", "deal"]}),
            FieldInput("helper__c", "user", "Helper"),
            FieldInput("amount", "currency", "Amount", is_indexed=True, is_custom=False),
            FieldInput("rate__c", "percent", "Rate"),
            FieldInput("score", "integer", "Score", is_indexed=True, is_custom=False),
            FieldInput("size__c", "decimal", "Size", settings={"scale": 3}),
            FieldInput("done__c", "checkbox", "Done"),
            FieldInput("close_on", "date", "Close on", is_indexed=True, is_custom=False),
            FieldInput("seen_at__c", "datetime", "Seen at"),
            FieldInput("stage", "stage", "Stage", choices=choices("open", "won", "lost"), is_custom=False),
            FieldInput("tags__c", "multi_picklist", "Tags", choices=choices("a", "b", "c")),
            FieldInput("mail__c", "email", "Mail"),
            FieldInput("phone__c", "phone", "Phone"),
            FieldInput("site__c", "url", "Site"),
            FieldInput("notes__c", "long_text", "Notes"),
        ],
    ),
    ObjectInput(
        "deal_line",
        "Line",
        is_custom=False,
        fields=[
            text("name", is_custom=False),
            FieldInput("deal_id", "master_detail", "Deal", settings={"target": "deal"}, is_custom=False),
            FieldInput("quantity", "integer", "Quantity", is_custom=False),
        ],
    ),
    ObjectInput(
        "line_part",
        "Part",
        is_custom=False,
        fields=[
            text("name", is_custom=False),
            FieldInput("line_id", "master_detail", "Line", settings={"target": "deal_line"}, is_custom=False),
        ],
    ),
    ObjectInput("secret__c", "Secret"),
)


@dataclass
class World:
    """The people of the organisation: three departments below each other and one beside."""

    schema_name: str
    departments: dict[str, Department] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def actor(self, name: str, **options: Any) -> Actor:
        return build_actor(User.objects.get(pk=self.users[name].pk), via="api", **options)


@contextmanager
def world(objects: Sequence[ObjectInput] = OBJECTS, prepare: Callable[[], object] | None = None) -> Iterator[World]:
    """Make the organisation, committed; it is dropped afterwards. The connection is left outside of it.

    `prepare` makes the data model in place of `objects`.
    """
    with make.organization(enter=False) as organization:
        with inside(organization.schema_name):
            made = World(organization.schema_name)
            if prepare is None:
                apply_changes(system_actor(), SchemaChange(objects=objects), summary="World")
            else:
                prepare()
            _people(made)
        yield made


@contextmanager
def inside(schema_name: str) -> Iterator[None]:
    """Enter the organisation for a block."""
    from crm_platform.tenancy.context import tenant_context

    with tenant_context(schema_name):
        yield


def _people(made: World) -> None:
    north = make.department("North")
    made.departments = {
        "root": make.root_department(),
        "north": north,
        "city": make.department("City", parent=north),
        "south": make.department("South"),
    }
    people = {
        "boss": ("everything", "root"),
        "head": ("department_head", "north"),
        "rep": ("individual", "north"),
        "city": ("individual", "city"),
        "south": ("individual", "south"),
    }
    for name, (role, department) in people.items():
        made.users[name] = make.user(name, role=role, department=made.departments[department], name=name.title())
    profile = Profile.objects.get(api_name="sales_rep")
    for obj in BusinessObject.objects.exclude(api_name="secret__c"):
        grant_object(system_actor(), profile, obj, ACTIONS)


def compiled(name: str) -> CompiledObject:
    return current_snapshot().object(name)


def insert(name: str, /, *, owner: User | None = None, **values: Any) -> uuid.UUID:
    """Insert one row by API names, past every rule."""
    return insert_many(name, [{**values, "owner": owner}])[0]


def insert_many(name: str, rows: list[dict[str, Any]]) -> list[uuid.UUID]:
    """Insert rows through the compiled model; `owner` brings the owner's department along."""
    obj = compiled(name)
    made = []
    for number, row in enumerate(rows):
        owner = row.pop("owner", None)
        moment = START + timedelta(seconds=number)
        system = {
            "id": uuid7(),
            "created_at": moment,
            "updated_at": moment,
            "currency": "CNY",
            "owner_id": owner.pk if owner else None,
            "owner_department_id": owner.department_id if owner else None,
        }
        columns = {}
        for api_name, value in row.items():
            if api_name in obj.fields:
                compiled_field = obj.fields[api_name]
                parts = value if isinstance(value, dict) else {"": value}
                columns.update({compiled_field.column(suffix).attr: part for suffix, part in parts.items()})
            else:
                columns[api_name] = value
        made.append(obj.model(**{**system, **columns}))
    obj.model._base_manager.bulk_create(made, batch_size=2000)
    return [record.pk for record in made]


def delete(name: str, record_id: uuid.UUID) -> None:
    compiled(name).model._base_manager.filter(pk=record_id).update(deleted_at=timezone.now())


def table(name: str) -> str:
    return compiled(name).table


def sql(statement: str, params: Any = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchall() if cursor.description else []
