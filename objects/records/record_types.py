"""Record types: which type a record may have, and the values that its type allows in picklists."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import RECORD_TYPE, RecordTypeSpec
from objects.access.type_grants import offered_types
from objects.records.dependent_choices import keep_allowed
from objects.records.drafts import Batch, Draft


def chosen_types(batch: Batch) -> None:
    """Give new records the usual type of their maker, and refuse types that the caller may not choose."""
    if not any(item.is_active for item in batch.object.spec.record_types):
        return
    offered = offered_types(batch.policy, batch.object.spec)
    for draft in batch.open:
        if any(error.field == RECORD_TYPE for error in draft.errors):
            continue
        if batch.is_create and draft.values.get(RECORD_TYPE) is None:
            draft.values[RECORD_TYPE] = offered.default
            if offered.default is None:
                draft.error(RECORD_TYPE, "required", _("You may use none of the record types of this object."))
        elif RECORD_TYPE in draft.values and draft.values[RECORD_TYPE] is None:
            draft.error(RECORD_TYPE, "required", _("This field is required."))
        elif RECORD_TYPE in draft.values and draft.values[RECORD_TYPE] not in offered.names:
            value = draft.values[RECORD_TYPE]
            draft.error(RECORD_TYPE, "invalid_choice", _("You may not use this record type."), value=value)


def typed_choices(batch: Batch) -> None:
    """Check the picklists that a record's type narrows: of which a draft sets the value, or the type."""
    types = batch.object.spec.record_type_map
    if not any(item.choices for item in types.values()):
        return
    for draft in batch.open:
        found = types.get(_type_of(batch, draft) or "")
        if found is not None:
            _check(batch, draft, found)


def _check(batch: Batch, draft: Draft, found: RecordTypeSpec) -> None:
    for name, allowed in found.choices.items():
        field = batch.object.fields.get(name)
        if field is not None and (name in draft.values or RECORD_TYPE in draft.values):
            message = _("This choice does not go with the record type.")
            keep_allowed(draft, field, frozenset(allowed), (name, RECORD_TYPE), message)


def _type_of(batch: Batch, draft: Draft) -> str | None:
    if RECORD_TYPE in draft.values or draft.record is None:
        return draft.values.get(RECORD_TYPE)
    found: str | None = batch.object.fields[RECORD_TYPE].value_of(draft.record)
    return found
