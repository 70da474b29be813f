"""Where activities are read from: the objects that are activities, and how their records say what they are about."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.field_types import field_types
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.touching import moment_name
from metadata.field_types.values import Reference
from objects.access.policy import AccessPolicy
from objects.display.desk import RecordDesk
from objects.query.conditions import Any as Either
from objects.query.conditions import Condition, Tree
from objects.query.pages import DisplayRow

OWNER, CREATED = "owner_id", "created_at"
DETAILS = ("next_contact_at", "next_plan", "due_on")  # said below an activity where it has such a field


@dataclass(frozen=True)
class Source:
    """The records of one activity object, as far as the caller may read them."""

    desk: RecordDesk
    links: tuple[CompiledField, ...]  # by which they point at what they are about

    @property
    def rank(self) -> int:
        """Decides between entries of the same moment; changes have 0."""
        return self.desk.obj.spec.id

    @cached_property
    def moment(self) -> str:
        """The field that says when it happens: the first time that is always there, else that of its creation."""
        name = moment_name(self.desk.obj.spec)
        return name if name is not None and self.desk.reads(name) else CREATED

    @cached_property
    def body(self) -> str | None:
        """The field that says what it was about: the first long text."""
        return self._first(lambda item: field_types.get(item.type).key == "long_text")

    @cached_property
    def tag(self) -> str | None:
        """The field that tells activities of the object apart: the first picklist."""
        return self._first(lambda item: item.type == "picklist")

    @cached_property
    def files(self) -> str | None:
        return self._first(lambda item: isinstance(field_types.get(item.type), AttachmentType))

    @cached_property
    def mentioned(self) -> str | None:
        return self._first(lambda item: item.type == "multi_user")

    @cached_property
    def details(self) -> tuple[str, ...]:
        return self.desk.readable(DETAILS)

    @property
    def fields(self) -> tuple[str, ...]:
        """What is read of every record."""
        links = [field.name for field in self.links]
        shown = (self.body, self.tag, self.files, self.mentioned, *self.details, *links)
        owner = self.desk.readable([OWNER])
        return tuple(dict.fromkeys(filter(None, (self.moment, CREATED, *self.desk.name_fields, *owner, *shown))))

    def about(self, record_id: uuid.UUID) -> Tree:
        """Return the condition on those that point at a record."""
        return Either(
            Condition(field.name, "any" if field.type.is_reference_list else "eq", str(record_id))
            for field in self.links
        )

    def at(self, row: DisplayRow) -> datetime:
        found: datetime = row.values[self.moment] or row.values[CREATED]
        return found

    def subject(self, row: DisplayRow) -> Reference | None:
        """Return the first thing that a record points at."""
        values = (row.values.get(field.name) for field in self.links)
        return next((value for value in values if isinstance(value, Reference)), None)

    def text(self, row: DisplayRow, name: str | None) -> str:
        """Return a value as people read it."""
        if name is None:
            return ""
        field = self.desk.field(name)
        return field.type.to_text(field.spec, row.values[name], self.desk.display(row.values)) if field else ""

    def _first(self, fits: Callable[[FieldSpec], bool]) -> str | None:
        names = [item.api_name for item in self.desk.obj.spec.business_fields if fits(item)]
        return next(iter(self.desk.readable(names)), None)


def sources(actor: Actor, object_name: str | None, now: datetime) -> Iterator[Source]:
    """Yield the activity objects that the caller may read: those that can point at records of an object, or all."""
    for spec in AccessPolicy.of(actor).readable_objects():
        if not spec.is_activity:
            continue
        names = [item.api_name for item in spec.business_fields if _leads_to(item, object_name)]
        if not names:
            continue
        desk = RecordDesk(actor, spec.api_name, now=now)
        links = tuple(field for name in desk.readable(names) if (field := desk.field(name)) is not None)
        if links or object_name is None:
            yield Source(desk, links)


def targets_of(spec: ObjectSpec, field_name: str) -> tuple[str, ...]:
    """Return the objects that a lookup of an object may point at; none where it has no such field."""
    field = spec.field_map.get(field_name)
    return field_types.get(field.type).targets(field) if field is not None else ()


def _leads_to(field: FieldSpec, object_name: str | None) -> bool:
    targets = field_types.get(field.type).targets(field)
    if object_name is None:
        return bool(targets) and field.type in ("lookup", "poly_lookup", "master_detail")
    return object_name in targets
