"""The way of a write: an explicit list of stages, each working on the whole batch.

A record alone is a batch of one, so that every channel goes the same way. Stages before `stop` only find
errors, all of them; those after it write.
"""

from __future__ import annotations

from collections.abc import Callable

from objects.records.attachments import attach_files, check_files
from objects.records.check_ins import measure_check_ins
from objects.records.computed import compute
from objects.records.conditions import conditions
from objects.records.defaults import carry, field_defaults, system_defaults
from objects.records.dependent_choices import dependent_choices
from objects.records.discretion import keep_quiet
from objects.records.diverting import divert
from objects.records.drafts import Batch
from objects.records.duplicates import duplicates, remember
from objects.records.formulas import default_formulas, empty_rollups, formulas
from objects.records.guards import guard
from objects.records.hierarchy import place_in_trees, refuse_circles
from objects.records.locking import lock
from objects.records.lookup_filters import lookup_filters
from objects.records.numbering import number
from objects.records.owners import chosen_owners, end_shares, transfers
from objects.records.ownership import admit, hand_over, note, place
from objects.records.recalculation import derive
from objects.records.record_types import chosen_types, typed_choices
from objects.records.references import references
from objects.records.rollups import measure, rollups
from objects.records.rules import note_confirmed, rules
from objects.records.successors import mirror
from objects.records.touching import touch
from objects.records.traces import history, outbox
from objects.records.validation import clean, required, shape
from objects.records.writing import write

Stage = Callable[[Batch], None]


class BatchFailed(Exception):
    """Drafts of a batch that only goes through as a whole have failed: nothing of it may stay."""


def authorise(batch: Batch) -> None:
    """Raise NotFound or Forbidden unless the actor may do this to records of the object at all."""
    batch.policy.require(batch.object.name, batch.action)


def stop(batch: Batch) -> None:
    """End here when a draft has failed: a single write with its error, a batch as it was asked for."""
    failed = [draft for draft in batch.drafts if draft.has_failed]
    for draft in failed:
        keep_quiet(batch, draft)
    if failed and not batch.is_many:
        raise failed[0].failure()
    if failed and not batch.is_partial:
        raise BatchFailed


CREATE: tuple[Stage, ...] = (
    authorise,
    shape,
    system_defaults,
    clean,
    chosen_types,
    chosen_owners,
    field_defaults,
    default_formulas,
    carry,
    dependent_choices,
    typed_choices,
    required,
    references,
    place,
    lookup_filters,
    refuse_circles,
    check_files,
    measure_check_ins,
    empty_rollups,
    formulas,
    conditions,
    compute,
    rules,
    stop,
    duplicates,
    stop,
    admit,
    stop,
    number,
    mirror,
    write,  # and: still within the actor's reach?
    stop,
    place_in_trees,
    remember,
    attach_files,
    note_confirmed,
    rollups,
    derive,
    touch,
    history,
    outbox,
    note,
    divert,  # what has become no record
    stop,
)
UPDATE: tuple[Stage, ...] = (
    authorise,
    lock,
    shape,
    clean,
    guard,
    chosen_types,
    transfers,
    dependent_choices,
    typed_choices,
    required,
    references,
    place,
    lookup_filters,
    refuse_circles,
    check_files,
    measure_check_ins,
    formulas,
    conditions,
    compute,
    rules,
    stop,
    duplicates,
    stop,
    admit,
    stop,
    mirror,
    measure,
    write,
    stop,
    end_shares,
    place_in_trees,
    remember,
    attach_files,
    note_confirmed,
    rollups,
    derive,
    touch,
    history,
    outbox,
    note,
)
# Records that change hands by a decision which was taken elsewhere: what else is in them is nobody's concern now.
MOVE: tuple[Stage, ...] = (
    lock,
    hand_over,
    references,
    place,
    formulas,
    compute,
    stop,
    admit,
    stop,
    mirror,
    measure,
    write,
    stop,
    end_shares,
    rollups,
    derive,
    history,
    outbox,
    note,
)
STAGES = {"create": CREATE, "move": MOVE}


def run(batch: Batch) -> None:
    """Carry the batch through its stages, inside a transaction that the caller has opened.

    Raises what refuses a single write, BatchFailed for a batch; a partial batch never raises on account of
    its rows.
    """
    for stage in STAGES.get(batch.action, UPDATE):
        stage(batch)
