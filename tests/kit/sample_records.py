"""Values for a record of any object: made from the samples of its field types, with parents made on the way."""

from __future__ import annotations

import itertools
from typing import Any

from django.utils import timezone

from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import InvalidValue
from objects.records.drafts import SavedRecord
from objects.records.service import RecordService
from tests.kit.field_samples import field_samples

_numbers = itertools.count(1)


class RecordMaker:
    """Makes records through the service of one person; two calls never give the same unique value."""

    def __init__(self, service: RecordService) -> None:
        self.service = service
        self._samples = field_samples()
        self._context = clean_context(service.actor, timezone.now())

    def create(self, object_name: str, **given: Any) -> SavedRecord:
        """Create a record with every field filled; `given` wins."""
        return self.service.create(object_name, {**self.values(object_name), **given})

    def values(self, object_name: str, variant: int = 0, *, depth: int = 0) -> dict[str, Any]:
        """Return values for every writable business field; another `variant` differs where the type allows."""
        found = {}
        for field in current_snapshot().object(object_name):
            if not (field.spec.is_system or field.is_read_only or field.spec.readonly_if):
                value = self._value(field, variant, depth)
                if value is not None:
                    found[field.name] = value
        return found

    def _value(self, field: CompiledField, variant: int, depth: int) -> Any:
        if field.type.is_reference:
            return self._reference(field, depth)
        if isinstance(field.type, AttachmentType) or field.type.has_targets:
            return None  # the samples' files and links lead nowhere here
        if field.type.uses_choices:
            return self._choice(field, variant)
        fitting = [raw for raw in self._samples[field.spec.type].rows if self._fits(field, raw)]
        if not fitting:
            return None
        if field.spec.is_unique:
            return f"{next(_numbers):06}"
        return fitting[variant % len(fitting)]

    def _fits(self, field: CompiledField, raw: Any) -> bool:
        try:
            return field.type.clean(field.spec, raw, self._context) is not None
        except InvalidValue:
            return False

    def _choice(self, field: CompiledField, variant: int) -> Any:
        assert field.spec.choice_set is not None
        values = [choice.value for choice in field.spec.choice_set.choices if choice.is_active]
        chosen = values[variant % len(values)]
        return [chosen] if field.type.expression_type == "choices" else chosen

    def _reference(self, field: CompiledField, depth: int) -> Any:
        """Return the actor himself, or a new record; a parent's own optional parents are left out."""
        target = field.main.references
        if target == "user":
            return self.service.actor.user_id
        if target == "department":
            return self.service.actor.department_id
        if target is None or (depth and not (field.type.always_required or field.spec.is_required)):
            return None
        return self.service.create(target, self.values(target, depth=depth + 1)).id
