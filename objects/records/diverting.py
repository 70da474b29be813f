"""Records that are not made, because a duplicate rule sends what they say to the record that is there already.

Who takes that in is registered by the layers that know how work on a record is written down. A rule diverts only what
is created, and only to objects that somebody takes things in for; elsewhere it does what "report" does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry
from metadata.compiler.snapshot import SchemaSnapshot
from objects.duplicates.finding import Match
from objects.records.drafts import Batch, Diversion, Draft

ACTION = "route"
CONVERT = "convert"  # has a choice of its own between new and existing records


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes in what was to become a record. `take_in` gets drafts of one batch, all diverted to live records."""

    key: str
    takes: Callable[[SchemaSnapshot, str], bool]  # whether it takes things in for records of an object
    take_in: Callable[[Batch, Sequence[Draft]], None]


receivers: Registry[Receiver] = Registry("receiver of diverted records")


def diversion(batch: Batch, matches: Sequence[Match]) -> Diversion | None:
    """Return where a rule sends what is about to be created: to the record that is most alike; None for nowhere."""
    if not batch.is_create or batch.event == CONVERT:
        return None
    best = max(matches, key=lambda match: (match.score, match.is_visible, match.record_id.int))
    if _receiver(batch.snapshot, best.target.api_name) is None:
        return None
    assert best.ask.rule is not None
    return Diversion(best.ask.rule.api_name, best.target.api_name, best.record_id, best.is_visible)


def divert(batch: Batch) -> None:
    """Hand over what was diverted, once the batch's own records stand."""
    diverted = [draft for draft in batch.drafts if draft.diverted is not None]
    if not diverted:
        return
    written = {draft.id for draft in batch.sound}
    own = {draft.id for draft in batch.drafts} - written
    for draft in diverted:
        if draft.diverted is not None and draft.diverted.record_id in own:
            draft.error(None, "duplicate_detected", _("It is like another row, which could not be saved."))
    by_target: dict[str, list[Draft]] = {}
    for draft in diverted:
        if draft.diverted is not None and not draft.has_failed:
            by_target.setdefault(draft.diverted.object, []).append(draft)
    for target, drafts in by_target.items():
        receiver = _receiver(batch.snapshot, target)
        assert receiver is not None
        receiver.take_in(batch, drafts)


def _receiver(snapshot: SchemaSnapshot, object_name: str) -> Receiver | None:
    return next((item for item in receivers if item.takes(snapshot, object_name)), None)
