"""Makes records of what comes in, whatever the way: in the source's pool or with its owner, by its word on duplicates.

The platform itself is the actor, and goes by the source's name: what it writes is nobody's own act.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import Actor, request_id, system_actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.activities.services import FollowUpInput, log_follow_up
from objects.duplicates.checking import check_values
from objects.duplicates.errors import DuplicateDetected
from objects.records.drafts import Consent, Draft, Origin
from objects.records.service import RecordService, follow
from objects.records.unit import run_unit
from workflows.intake import uploads
from workflows.intake.models import Arrival, IntakeSource

log = logging.getLogger(__name__)

DUPLICATE, NOT_SAVED = "duplicate", "not_saved"
FOLLOW_UP_TEXT = 4_000
MAX_DETAIL = 1_000
State, Duplicates = Arrival.State, IntakeSource.Duplicates
Target = tuple[str, uuid.UUID]  # object and id of a record
A = TypeVar("A", bound=Arrival)


def keep_once(rows: QuerySet[A], row: A, work: Callable[[], object]) -> A:
    """Do the work and keep the row, both or neither; return the row of before if the same came in twice at once."""
    try:
        with transaction.atomic():
            work()
            row.save(force_insert=True)
    except IntegrityError:
        known = rows.filter(once=row.once).first()
        if known is None:
            raise
        return known
    return row


def make(row: Arrival, values: Mapping[str, Any], *, told: Collection[str] = ()) -> Sequence[FieldError]:
    """Make the record as the source says of duplicates, and note on the row what became of it.

    What can't be saved is held back, and what was wrong with it returned; but errors at the fields `told` are raised
    (ValidationFailed), for whoever sent them to mend.
    """
    source: IntakeSource = row.source
    twin = find_twin(source, values) if source.duplicates != Duplicates.ALLOW else None
    if twin is not None and source.duplicates == Duplicates.REFUSE:
        row.state, row.reason = State.REFUSED, DUPLICATE
        row.record_object, row.record_id = twin
        return ()
    try:
        with transaction.atomic():
            if twin is not None:
                attach(row, twin, _again(source, values), files=_given_files(values))
            else:
                create(row, values)
    except DuplicateDetected:  # a rule of the organisation forbids what the source allows: people decide
        row.state, row.reason = State.HELD, DUPLICATE
        return ()
    except ValidationFailed as failed:
        mendable = [error for error in failed.errors if error.field in told]
        if mendable:
            raise ValidationFailed(mendable) from failed
        row.state, row.reason, row.detail = State.HELD, NOT_SAVED, _wrong(source, failed)
        log.warning("%s: what came in could not be saved: %s", source.label, row.detail)
        return failed.errors
    return ()


def create(row: Arrival, values: Mapping[str, Any]) -> None:
    """Make the record, in the source's pool or with its owner, unless a rule sends it to one that is there already."""
    source: IntakeSource = row.source
    service = RecordService(writer(source), consent=Consent(duplicates=True, warnings=True), event="api")
    given = {**values, **({"owner_id": str(source.owner_id)} if source.owner_id else {})}
    uploads.set_free(uploads.ids_in(values))
    draft = Draft(0, given)
    if source.pool is not None and source.pool.is_active and not source.owner_id:
        follow(draft, Origin(pool_id=source.pool_id))
    saved = run_unit(lambda: service.write_one(source.business_object.api_name, "create", draft))
    row.state = State.ATTACHED if saved.diverted else State.ACCEPTED
    row.record_object, row.record_id = saved.object, saved.id


def release(row: A, values: Callable[[A], Mapping[str, Any]] = lambda row: row.values) -> A:
    """Make the record of what was held back or refused, whatever else there is like it."""
    with transaction.atomic():
        rows: Any = type(row)
        locked: A = rows.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if locked.is_open:
            locked.values = dict(values(locked))
            create(locked, locked.values)
            locked.save(update_fields=["state", "values", "record_object", "record_id"])
    return locked


def attach(row: Arrival, target: Target, text: str, *, files: Sequence[uuid.UUID] = (), method: str = "") -> None:
    """Write it down as a follow-up of a record."""
    given = FollowUpInput(content=text[:FOLLOW_UP_TEXT], files=[str(key) for key in files], method=method)
    log_follow_up(writer(row.source), *target, given)
    row.state, (row.record_object, row.record_id) = State.ATTACHED, target


def _given_files(values: Mapping[str, Any]) -> list[uuid.UUID]:
    kept = uploads.for_follow_up(values)
    uploads.set_free(kept)
    return kept


def find_twin(source: IntakeSource, values: Mapping[str, Any]) -> Target | None:
    """Return the best record that is like the one to be made."""
    found = check_values(writer(source), source.business_object.api_name, values)
    cards = [card for finding in found for card in finding.cards if card.record_id is not None and not card.is_deleted]
    best = max(cards, key=lambda card: card.score, default=None)
    return (best.object.api_name, best.record_id) if best is not None and best.record_id is not None else None


def writer(source: IntakeSource) -> Actor:
    """Return the platform as the source: what it writes is nobody's own act, and is told as the source's."""
    return replace(system_actor(source.label, via="api", language=language()), request_id=request_id.get())


def language() -> str:
    return OrganizationSettings.objects.values_list("language", flat=True).first() or "en"


def field_labels(source: IntakeSource) -> dict[str, str]:
    """Return what the fields of the source's object are called in the organisation's language."""
    spoken = language()
    fields = current_snapshot().object(source.business_object.api_name).fields
    return {name: field.spec.label.text(spoken) for name, field in fields.items()}


def _again(source: IntakeSource, values: Mapping[str, Any]) -> str:
    labels = field_labels(source)
    lines = [f"{labels.get(name, name)}: {plain(value)}" for name, value in values.items()]
    with override(language()):
        title = _("Sent again through “%(source)s”:") % {"source": source.label}
    return "\n".join([title, *lines])


def _wrong(source: IntakeSource, failed: ValidationFailed) -> str:
    labels = field_labels(source)
    with override(language()):
        told = [f"{labels.get(e.field, e.field)}: {e.text}" if e.field else e.text for e in failed.errors]
    return "\n".join(told)[:MAX_DETAIL]


def plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item.get("name", "")) if isinstance(item, Mapping) else str(item) for item in value)
    return str(value)
