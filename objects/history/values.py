"""Reading the values that histories keep: from the API's form back to what people read."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.identity.models import Department, User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from metadata.compiler.compiled import CompiledField
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.contexts import display_context
from metadata.field_types.values import CleanContext, InvalidValue, Reference
from objects.query.query import MAX_LIMIT, RecordQuery

Target = tuple[str, uuid.UUID]


class StoredValues:
    """Turns stored values into texts for one reader; `prepare` reads the names of everything referred to."""

    def __init__(self, actor: Actor, record: Mapping[str, Any]) -> None:
        self.actor = actor
        self.display = display_context(actor, record=record)
        self._clean = CleanContext(actor, self.display.now, str(record.get("currency") or ""))
        self._names: dict[Target, str] = {}

    def prepare(self, stored: Iterable[tuple[CompiledField, Any]]) -> None:
        """Read the names of all records, users and departments that the values refer to: one query per kind."""
        by_target: dict[str, set[uuid.UUID]] = defaultdict(set)
        for field, raw in stored:
            value = self._value(field, raw)
            for link in value if field.type.is_reference_list and isinstance(value, tuple) else (value,):
                if isinstance(link, Reference):
                    by_target[link.object].add(link.id)
        for target, ids in by_target.items():
            self._names.update({(target, found): name for found, name in self._read(target, ids).items()})

    def text(self, field: CompiledField, raw: Any) -> str:
        """Return what the reader sees of a stored value; "" when it is empty."""
        value = self._value(field, raw)
        if value is None:
            return ""
        if isinstance(value, Reference):
            name = self._names.get((value.object, value.id))
            if name is None:
                return _("(not visible)")
            value = replace(value, name=name)
        elif field.type.is_reference_list and isinstance(value, tuple):
            value = tuple(replace(link, name=self._names.get((link.object, link.id), "")) for link in value)
        elif isinstance(value, _Unreadable):
            return value.text
        if isinstance(field.type, AttachmentType):
            return field.type.names(value)  # without the ids that exports need
        return field.type.to_text(field.spec, value, self.display)

    def _value(self, field: CompiledField, raw: Any) -> Any:
        """Return the value; one that is no longer valid comes as it was written."""
        if raw is None:
            return None
        try:
            return field.type.clean(field.spec, raw, self._clean)
        except InvalidValue:
            # The types with choices know the labels of retired ones, whose values they no longer take.
            return raw if field.type.uses_choices else _Unreadable(str(raw))

    def _read(self, target: str, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
        if target == "user":
            return dict(User.objects.filter(id__in=ids).values_list("id", "name"))
        if target == "department":
            return dict(Department.objects.filter(id__in=ids).values_list("id", "name"))
        try:
            query = RecordQuery(self.actor, target)
        except NotFound:  # the object is gone, or not for this reader
            return {}
        names = query.name_fields()
        rows = query.fields("id", *names).where_ids(sorted(ids)[:MAX_LIMIT]).page(MAX_LIMIT).rows
        return {uuid.UUID(str(row[0])): str(row[-1] or row[0]) for row in rows}


class _Unreadable:
    """A stored value that its field would no longer take."""

    def __init__(self, text: str) -> None:
        self.text = text
