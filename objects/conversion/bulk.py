"""Converting many leads: each on its own, so that what stands against one does not stop the others."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.conversion.inputs import EXISTING, NEW, Becomes, Converted, ConvertInput
from objects.conversion.leads import value_of
from objects.conversion.mapping import ACCOUNT, LEAD, mapping
from objects.conversion.matching import accounts_named
from objects.conversion.service import EVENT, convert
from objects.duplicates.errors import DuplicateDetected
from objects.query.query import RecordQuery
from objects.records.unit import run_unit

MAX_LEADS = 100


@dataclass(frozen=True)
class Row:
    """What became of one lead of many: a result or the failure, in the order of the call."""

    index: int
    lead_id: uuid.UUID | None
    done: Converted | None = None
    failure: PlatformError | None = None


class _Undo(Exception):
    """One row of a call that only goes through as a whole has failed."""


def bulk_convert(
    actor: Actor,
    lead_ids: Sequence[uuid.UUID | str],
    given: ConvertInput | None = None,
    *,
    all_or_none: bool = False,
    dry_run: bool = False,
) -> list[Row]:
    """Convert up to MAX_LEADS leads, each in a savepoint of its own; returns a row for each, in order.

    Of accounts with the lead's company name, normalised, the one that there is is used if the caller sees it and there
    is no other; else the row fails as a duplicate. With `all_or_none` one failed row leaves nothing converted.
    """
    AccessPolicy.of(actor).require(LEAD, EVENT)
    if len(lead_ids) > MAX_LEADS:
        message = _("At most %(max)d leads at once.")
        raise ValidationFailed.single("ids", "payload_too_large", message, max=MAX_LEADS)
    wish, rows = given or ConvertInput(), list[Row]()

    def work() -> None:
        rows[:] = [_row(actor, index, lead_id, wish) for index, lead_id in enumerate(lead_ids)]
        if all_or_none and any(row.failure is not None for row in rows):
            raise _Undo

    try:
        run_unit(work, dry_run=dry_run)
    except _Undo:
        return [replace(row, done=None) for row in rows]
    return rows


def _row(actor: Actor, index: int, lead_id: object, wish: ConvertInput) -> Row:
    found = parse_uuid(lead_id)
    try:
        if found is None:
            raise NotFound
        with transaction.atomic():
            return Row(index, found, convert(actor, found, _fitted(actor, found, wish)))
    except PlatformError as failure:
        return Row(index, found, failure=failure)


def _fitted(actor: Actor, lead_id: uuid.UUID, wish: ConvertInput) -> ConvertInput:
    """Return the input with the account that the lead's company is; raises DuplicateDetected where that is not sure."""
    if wish.account.mode != NEW or wish.account.is_another:
        return wish
    found = known_account(actor, lead_id, timezone.now())
    return wish if found is None else replace(wish, account=Becomes(EXISTING, found, wish.account.values))


def known_account(actor: Actor, lead_id: uuid.UUID, now: datetime) -> uuid.UUID | None:
    """Return the one account that bears the name which the lead would bring to a new one; None when there is none.

    Raises NotFound, and DuplicateDetected for several or for one that the caller may not see.
    """
    snapshot = current_snapshot()
    lead = RecordQuery(actor, LEAD).record(lead_id)
    if value_of(snapshot.object(LEAD), lead, "converted_at") is not None:  # type: ignore[arg-type]
        return None
    name_field = snapshot.object(ACCOUNT).name_field.name
    pair = next((item for item in mapping(snapshot)[ACCOUNT] if item.target.name == name_field), None)
    name = pair.source.value_of(lead) if pair else None  # type: ignore[arg-type]
    matches = accounts_named(actor, snapshot, str(name), now) if name else []
    if not matches:
        return None
    if len(matches) == 1 and matches[0].is_visible:
        return matches[0].record_id
    rule = matches[0].ask.rule
    assert rule is not None
    failure = DuplicateDetected(actor, snapshot, [(rule, "warn", matches)])
    failure.details["target"] = ACCOUNT
    raise failure
