"""One object as one caller works with it during one request: what he may read of it, and how it is shown to him."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels, ObjectSpec
from metadata.field_types.values import DisplayContext
from objects.access.field_grants import FieldLevel
from objects.access.masking import MaskedView
from objects.access.policy import AccessPolicy
from objects.query.binding import resolve_visible

NOTHING: Mapping[str, Any] = {}
RIGHTS = ("create", "edit", "delete", "import", "export", "mass_update", "transfer")  # that pages ask for


def plural_label(spec: ObjectSpec) -> Labels:
    return spec.plural_label if any(spec.plural_label.values()) else spec.label


class RecordDesk:
    """One object as one caller works with it during one request.

    Opening it asks the access policy: an object that the caller may not know raises UnknownObject, an action
    that he may not do raises Forbidden.
    """

    def __init__(
        self,
        actor: Actor,
        object_name: str,
        action: str = "read",
        *,
        now: datetime | None = None,
        policy: AccessPolicy | None = None,
    ) -> None:
        self.actor = actor
        self.policy = policy or AccessPolicy.of(actor)
        self.policy.require(object_name, action)
        self.obj: CompiledObject = current_snapshot().object(object_name)
        self.now = now or timezone.now()
        self._fields: dict[str, CompiledField | None] = {}

    @property
    def name(self) -> str:
        return self.obj.spec.api_name

    @property
    def language(self) -> str:
        return self.actor.language

    @property
    def label(self) -> str:
        return self.obj.spec.label.text(self.language)

    @property
    def plural(self) -> str:
        return plural_label(self.obj.spec).text(self.language)

    @property
    def icon(self) -> str:
        return self.obj.spec.icon

    @property
    def color(self) -> str:
        return self.obj.spec.color

    @cached_property
    def rights(self) -> Mapping[str, bool]:
        """What the caller may do with records of the object at all, for templates that offer actions."""
        return {action: self.policy.can(self.name, action) for action in RIGHTS}

    def display(self, values: Mapping[str, Any] = NOTHING) -> DisplayContext:
        """Return how values of a record with these other values are shown to the caller."""
        return DisplayContext(self.language, self.actor.zone, self.now, values)

    def readable(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Return the paths that exist and that the caller may read, not merely masked."""
        return tuple(path for path in paths if self.reads(path))

    def reads(self, path: str) -> bool:
        """Tell whether the caller may read a path, and so ask for it."""
        field = self.field(path)
        return field is not None and not isinstance(field.type, MaskedView)

    def level(self, name: str) -> FieldLevel:
        """Return what the caller may do with a field of the object."""
        return self.policy.field_level(self.obj, name)

    @property
    def name_fields(self) -> tuple[str, ...]:
        """The name field where the caller may know what records are called, for reading titles."""
        name = self.obj.spec.name_field
        return (name,) if self.field(name) is not None else ()

    def field(self, path: str) -> CompiledField | None:
        """Return the field at the end of a path as the caller sees it; None when it does not exist for him."""
        if path not in self._fields:
            try:
                self._fields[path] = resolve_visible(self.obj, self.policy, path).field
            except UnknownField:
                self._fields[path] = None
        return self._fields[path]

    def path_label(self, path: str) -> str:
        """Return what people call a path: the label of its field, after those of the lookups stepped through."""
        resolved = self.obj.resolve(path)
        steps = (*resolved.hops, resolved.field)
        return " / ".join(step.spec.label.text(self.language) for step in steps)

    # --- addresses --------------------------------------------------------------------------------------------
    @cached_property
    def list_url(self) -> str:
        return reverse("record-list", args=[self.name])

    def record_url(self, record_id: uuid.UUID | str) -> str:
        return f"{self.list_url}{record_id}"

    def new_url(self, **prefill: str) -> str:
        return reverse("record-new", args=[self.name]) + (f"?{urlencode(prefill)}" if prefill else "")
