"""Choices that depend on another field: pairs that do not go together are refused, or follow what controls them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Message
from metadata.choice_dependencies import dependent_fields
from metadata.compiler.compiled import CompiledField
from metadata.field_types.dependent import allowed_values, controlling_name
from objects.records.drafts import Batch, Draft


def dependent_choices(batch: Batch) -> None:
    """Check every dependent field of which a draft sets the value or the controlling one, from the top down.

    What the caller gave must fit. What he did not give is emptied when it no longer does, and with it, further
    down, what depends on it.
    """
    fields: tuple[Any, ...] | None = batch.snapshot.memo.get(("records.dependent", batch.object.spec.id))
    if fields is None:
        fields = batch.snapshot.memo[("records.dependent", batch.object.spec.id)] = dependent_fields(batch.object.spec)
    for spec in fields:
        field, controlling = batch.object.fields[spec.api_name], batch.object.fields[controlling_name(spec)]
        for draft in batch.open:
            if field.name in draft.values or controlling.name in draft.values:
                _check(draft, field, controlling)


def _check(draft: Draft, field: CompiledField, controlling: CompiledField) -> None:
    allowed = allowed_values(field.spec, _value(draft, controlling))
    message = _("This choice does not go with the other field.")
    keep_allowed(draft, field, allowed, (field.name, controlling.name), message)


def keep_allowed(
    draft: Draft, field: CompiledField, allowed: frozenset[str], names: tuple[str, ...], message: Message
) -> None:
    """Refuse what was given and is not allowed; take out what was not given. Nothing when `names` are in error."""
    value = _value(draft, field)
    chosen = value if isinstance(value, list) else [value] if value else []
    wrong = [item for item in chosen if item not in allowed]
    if not wrong or any(error.field in names for error in draft.errors):
        return
    if field.name in draft.given:
        draft.error(field.name, "invalid_choice", message, value=wrong[0])
        return
    rest = [item for item in chosen if item in allowed]
    after = (rest or None) if isinstance(value, list) else None
    draft.values[field.name] = after
    if draft.record is not None:
        draft.changes[field.name] = (value, after)


def _value(draft: Draft, field: CompiledField) -> Any:
    """Return the value that the record is going to have."""
    if field.name in draft.values or draft.record is None:
        return draft.values.get(field.name)
    return field.value_of(draft.record)
