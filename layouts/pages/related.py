"""Lists of what points at a record: related lists below its fields, activities beside them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.utils.formats import number_format
from django.utils.safestring import SafeString

from crm_platform.kit.errors import Forbidden, NotFound
from layouts.documents import RelatedList
from layouts.pages.common import ObjectDesk
from metadata.compiler.compiled import CompiledField
from metadata.field_types.widgets import OBJECT_SUFFIX
from objects.display import cells
from objects.display.cells import Column
from objects.query.conditions import Condition
from objects.query.pages import DisplayPage
from objects.query.query import RecordQuery

SHOWN_ROWS = 6


class RelatedRecords:
    """The records of one object whose lookup points at the record of the page."""

    def __init__(self, parent: ObjectDesk, record_id: uuid.UUID, desk: ObjectDesk, spec: RelatedList) -> None:
        self.parent, self.record_id, self.desk, self.spec = parent, record_id, desk, spec

    @property
    def key(self) -> str:
        return self.spec.key

    @cached_property
    def lookup(self) -> CompiledField:
        return self.desk.obj.field(self.spec.field)

    @property
    def operator(self) -> str:
        """How the lookup says that it points at the record: it alone, or among others."""
        return "any" if self.lookup.type.is_reference_list else "eq"

    @property
    def label(self) -> str:
        """The heading that the lookup asks for, else the object's plural."""
        texts = self.lookup.spec.settings.get("related_label") or {}
        return str(texts.get(self.desk.language) or texts.get("") or texts.get("en") or self.desk.plural)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return cells.columns(self.desk, [path for path in self.spec.columns if path != self.spec.field])

    @property
    def query(self) -> RecordQuery:
        condition = Condition(self.spec.field, self.operator, str(self.record_id))
        return RecordQuery(self.desk.actor, self.desk.name).where(condition)

    @cached_property
    def page(self) -> DisplayPage:
        return self.query.fields(*(column.path for column in self.columns)).display(SHOWN_ROWS)

    @property
    def rows(self) -> SafeString:
        return cells.body_rows(self.desk, self.page, self.columns)

    @cached_property
    def count(self) -> str:
        """The number of records; it is counted only when not all of them are shown."""
        if not self.page.has_more:
            return str(len(self.page))
        found = self.query.count("capped")
        return number_format(found.value, force_grouping=True) + ("" if found.is_exact else "+")

    @property
    def new_url(self) -> str | None:
        """The form of a new record that points here already; it comes back to this page."""
        if not self.desk.rights["create"]:
            return None
        names = {self.spec.field: str(self.record_id)}
        if self.lookup.type.is_reference and self.lookup.main.references is None:
            names[f"{self.spec.field}{OBJECT_SUFFIX}"] = self.parent.name
        return self.desk.new_url(**names, next=self.parent.record_url(self.record_id))

    @property
    def all_url(self) -> str:
        return f"{self.desk.list_url}?{self.spec.field}__{self.operator}={self.record_id}"


def related_records(
    parent: ObjectDesk, record_id: uuid.UUID, specs: Iterable[RelatedList], kind: type[RelatedRecords] = RelatedRecords
) -> list[Any]:
    """Return the lists whose object and lookup the caller may read."""
    found = []
    for spec in specs:
        try:
            desk = ObjectDesk(parent.actor, spec.object, now=parent.now)
        except (NotFound, Forbidden):
            continue
        if desk.reads(spec.field):
            found.append(kind(parent, record_id, desk, spec))
    return found
