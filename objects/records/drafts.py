"""What the pipeline works on: drafts of records, gathered into a batch of one object and one action."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Message, PlatformError, ValidationFailed
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.currencies import currencies_in_use, rate_table
from metadata.field_types.values import CleanContext
from objects.access.policy import AccessPolicy
from objects.records.table import RecordTable, record_table

if TYPE_CHECKING:
    from metadata.expressions import Environment
    from objects.records.environments import Related
    from objects.records.ownership import Move as OwnershipMove
    from objects.records.rollup_plans import Rollup
    from objects.records.rollups import Changed, Move

CURRENCY, OWNER = "currency", "owner_id"


@dataclass(frozen=True, slots=True)
class Diversion:
    """The record that took in what was to become one of its own, by which duplicate rule, and may the caller see it."""

    rule: str
    object: str
    record_id: uuid.UUID
    is_visible: bool


@dataclass(frozen=True, slots=True)
class SavedRecord:
    """A record as it was written. After a dry run: as it would have been.

    With `diverted` nothing was made: `object` and `id` name the record that has taken in what was to be one.
    """

    id: uuid.UUID
    version: int
    object: str
    record: Record
    diverted: Diversion | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a bulk call: an id and version, or errors, or the record that has taken it in."""

    index: int
    id: uuid.UUID | None
    version: int | None
    errors: tuple[FieldError, ...] = ()
    diverted: Diversion | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What a caller says of a new record in place of the platform; who may say so is decided by services that ask.

    With a pool the record waits there, and needs not be within the caller's reach.
    """

    created_by_id: uuid.UUID | None = None
    created_at: datetime | None = None
    pool_id: uuid.UUID | None = None

    def stamps(self) -> dict[str, Any]:
        """Return the columns that it fills."""
        named = {"created_by_id": self.created_by_id, "created_at": self.created_at}
        return {name: value for name, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Consent:
    """What the caller has been warned of and wants all the same, and why."""

    duplicates: bool = False
    warnings: bool = False  # of validation rules
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """Why records change hands: what the log of movements says. `rule_id` and `evidence` come from a job."""

    kind: str = ""  # "": what the action says: "create" or "transfer"
    reason: str = ""
    note: str = ""
    rule_id: int | None = None
    run_id: uuid.UUID | None = None
    evidence: Mapping[uuid.UUID, Any] = field(default_factory=dict)  # by record


@dataclass(slots=True, eq=False)
class Draft:
    """One record on its way through the pipeline.

    `values` holds what is to be written, by API name; `columns` the same by physical column. `changes` holds
    (old, new) of the values that differ from the record. A `refusal` ends the way at once; `errors` are
    gathered, so that the caller learns of all of them.
    """

    index: int
    given: Mapping[str, Any]
    id: uuid.UUID | None = None
    expected_version: int | None = None
    record: Record | None = None
    version: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)
    refusal: PlatformError | None = None
    environment: Environment | None = None  # of the draft's expressions
    keys: Any = None  # by which duplicates of the record are found
    matches: list[Any] = field(default_factory=list)  # records that it duplicates, and is saved beside
    diverted: Diversion | None = None  # the record that takes it in: it is not saved itself
    confirmed: list[str] = field(default_factory=list)  # rules whose warning the caller has confirmed
    order: OwnershipMove | None = None  # where a record is to be put
    carried: Mapping[str, Any] = field(default_factory=dict)  # what another record brings, as values, not the caller
    stamps: Mapping[str, Any] = field(default_factory=dict)  # columns that the platform would fill in otherwise
    is_given_away: bool = False  # to another owner, by one who may: perhaps out of his own reach

    @property
    def is_sound(self) -> bool:
        """Tell whether it goes on to be written."""
        return self.diverted is None and not self.has_failed

    @property
    def has_failed(self) -> bool:
        return self.refusal is not None or bool(self.errors)

    def error(self, name: str | None, code: str, message: Message, **params: Any) -> None:
        self.errors.append(FieldError(name, code, message, params))

    def failure(self) -> PlatformError:
        """Return the error that a caller of a single write gets."""
        return self.refusal or ValidationFailed(self.errors)

    def all_errors(self) -> tuple[FieldError, ...]:
        """Return what went wrong in the form of a bulk result."""
        if isinstance(self.refusal, ValidationFailed):
            return self.refusal.errors
        if self.refusal is not None:
            # A refusal's message is no template, but it becomes one beside its details.
            message = str(self.refusal.message).replace("%", "%%") if self.refusal.details else self.refusal.message
            return (FieldError(None, self.refusal.code, message, self.refusal.details),)
        return tuple(self.errors)


class Batch:
    """Drafts of one object that are created, or updated, together by one caller.

    `event` is "create", "edit", "api", "import" or "convert". `is_partial`: sound drafts are written although
    others are not. `is_many`: errors are handed out row by row instead of being raised.
    """

    def __init__(
        self,
        actor: Actor,
        snapshot: SchemaSnapshot,
        obj: CompiledObject,
        action: str,
        drafts: Iterable[Draft],
        now: datetime,
        *,
        is_many: bool = False,
        is_partial: bool = False,
        consent: Consent | None = None,
        event: str = "",
        policy: AccessPolicy | None = None,
        movement: Movement | None = None,
    ) -> None:
        self.actor, self.snapshot, self.object, self.action, self.now = actor, snapshot, obj, action, now
        self.drafts = tuple(drafts)
        self.is_many, self.is_partial = is_many, is_partial
        self.consent = consent or Consent()
        self.event = event or ("api" if actor.via == "api" else action)  # by which rules tell what to do
        self.policy = policy or AccessPolicy.of(actor)
        self.movement = movement or Movement()  # of the records that change hands
        self.table: RecordTable = record_table(snapshot, obj)
        self.departments: dict[uuid.UUID, uuid.UUID | None] = {}  # of the owners seen so far
        self.editable: Mapping[str, CompiledField] = {}
        self.moves: dict[Rollup, Move] = {}  # what the batch changes for roll-ups
        self.derived: Changed = {}  # the records whose roll-ups it has changed
        self.related: Related | None = None  # what expressions read of other records
        self._contexts: dict[str, CleanContext] = {}

    @property
    def is_create(self) -> bool:
        return self.action == "create"

    @property
    def base_currency(self) -> str:
        return rate_table(self.actor).base_currency

    def rate(self, code: str, on: date) -> Decimal:
        """Return base units per unit of a currency on a day; raises InvalidValue where none is known."""
        return rate_table(self.actor).rate(code, on)

    def _currencies(self) -> frozenset[str] | None:
        """Return the currencies in use, unless no draft names one."""
        is_given = any(CURRENCY in draft.given for draft in self.drafts)
        return currencies_in_use(self.actor) if is_given else None

    @property
    def open(self) -> list[Draft]:
        """Drafts to look at further, so that all of their errors are found."""
        return [draft for draft in self.drafts if draft.refusal is None]

    @property
    def sound(self) -> list[Draft]:
        """Drafts without any error."""
        return [draft for draft in self.drafts if draft.is_sound]

    def saved(self, draft: Draft) -> SavedRecord:
        """Return the record of a draft that was written, or what has become of it instead."""
        assert draft.id is not None
        record = draft.record or self.table.new(draft.columns)
        if draft.diverted is not None:
            return SavedRecord(draft.diverted.record_id, 0, draft.diverted.object, record, draft.diverted)
        return SavedRecord(draft.id, draft.version, self.object.name, record)

    def context(self, draft: Draft) -> CleanContext:
        """Return what cleaning depends on, with the currency of the draft's record."""
        currency = draft.values.get(CURRENCY) or (draft.record.currency if draft.record else "")
        found = self._contexts.get(currency)
        if found is None:
            found = CleanContext(self.actor, self.now, currency, self.rate, self._currencies())
            self._contexts[currency] = found
        return found
