"""Changes to all records that a filter chooses: new values for some fields, or a new owner."""

from __future__ import annotations

import csv
import io
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from crm_platform.files import services as files
from crm_platform.files.models import StoredFile
from crm_platform.identity.models import User
from crm_platform.identity.people import visible_ids
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import InvalidValue
from objects.access.policy import AccessPolicy
from objects.access.reach import TRANSFER
from objects.exchange.fields import CREATED_AT, ID
from objects.exchange.models import Import
from objects.exchange.plan import MASS_TRANSFER, MASS_UPDATE, UPDATE, Plan
from objects.exchange.running import Entry, Runner
from objects.exchange.tables import HELD_BY, TableRow
from objects.query import lists
from objects.query.conditions import Condition, Tree, from_json, to_json
from objects.query.filters import parse_brackets
from objects.query.query import RecordQuery
from objects.records.drafts import OWNER, Consent

RIGHTS = {MASS_UPDATE: "mass_update", MASS_TRANSFER: TRANSFER}
HEADER = [ID]  # of the table of chosen records


@dataclass(frozen=True, slots=True)
class Order:
    """What is done to which records; of a transfer the one value is the owner. `filter` is a condition in JSON."""

    op: str
    filter: Any
    values: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"op": self.op, "filter": self.filter, "values": dict(self.values)}


def stored_order(stored: Mapping[str, Any]) -> Order:
    """Return an order as it was kept."""
    return Order(stored["op"], stored["filter"], stored["values"])


# --- which records ------------------------------------------------------------------------------------------
def read_filter(actor: Actor, obj: CompiledObject, given: Any) -> dict[str, Any] | None:
    """Return a filter in JSON: given as one, or as lists take it (`filter[stage][in]=a,b&…`).

    Raises ValidationFailed, also for what the caller may not filter by.
    """
    tree = _brackets(actor, obj, given) if isinstance(given, str) else from_json(given)
    query = RecordQuery(actor, obj.name).where(tree)
    lists.bound_filter(query, obj)
    return to_json(tree)


def _brackets(actor: Actor, obj: CompiledObject, text: str) -> Tree | None:
    parameters = QueryDict(text)
    if any(not name.startswith("filter[") for name in parameters):
        raise ValidationFailed.single("filter", "invalid_type", _("Write filter[field][operator]=value."))
    return parse_brackets(obj, parameters, AccessPolicy.of(actor))


def chosen(actor: Actor, obj: CompiledObject, order: Order) -> RecordQuery:
    """Return the records that the order is about, as far as the caller may do to them what it says."""
    return RecordQuery(actor, obj.name, action=RIGHTS[order.op]).where(from_json(order.filter))


def gather(actor: Actor, obj: CompiledObject, row: Import) -> tuple[StoredFile, int]:
    """Keep the IDs of the chosen records in the fixed form of tables; returns the file and how many there are.

    Records that were made after the start are none of them, and none that comes to fit the filter while the job runs.
    """
    query = chosen(actor, obj, stored_order(row.plan))
    if row.started_at is not None and query.policy.can_read_field(obj, CREATED_AT):
        query = query.where(Condition(CREATED_AT, "lte", row.started_at.isoformat()))
    with tempfile.TemporaryFile() as made:
        text = io.TextIOWrapper(made, "utf-8", newline="", write_through=True)
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        count = 0
        for count, record_id in enumerate(_ids(query), 1):
            writer.writerow([count, record_id])
        text.detach()
        return files.keep_made(actor, made, "table.csv", "text/csv", HELD_BY), count


def _ids(query: RecordQuery) -> Iterator[str]:
    for page in query.fields(ID).order(ID).pages():
        yield from (row[0] for row in page.rows)


# --- what is done -------------------------------------------------------------------------------------------
def check_order(actor: Actor, obj: CompiledObject, order: Order) -> None:
    """Raise Forbidden without the rights that the order needs, ValidationFailed where it can't be carried out."""
    policy = AccessPolicy.of(actor)
    policy.require(obj.name, RIGHTS[order.op])
    policy.require(obj.name, "edit")
    read_filter(actor, obj, order.filter)
    errors = list(_owner_errors(actor, order) if order.op == MASS_TRANSFER else _value_errors(actor, obj, order))
    if errors:
        raise ValidationFailed(errors)


def _owner_errors(actor: Actor, order: Order) -> Iterator[FieldError]:
    owner = parse_uuid(order.values.get(OWNER))
    if owner is None:
        yield FieldError(OWNER, "required", _("Choose who gets the records."))
        return
    is_active = User.objects.filter(pk=owner, is_active=True).exists()
    if not (is_active and owner in visible_ids(actor, [owner])):
        yield FieldError(OWNER, "inactive_reference", _("Choose people with an active account."))


def _value_errors(actor: Actor, obj: CompiledObject, order: Order) -> Iterator[FieldError]:
    if not order.values:
        yield FieldError("values", "required", _("Give a value for at least one field."))
    editable = {field.name: field for field in AccessPolicy.of(actor).editable_fields(obj)}
    context = clean_context(actor)
    for name, value in order.values.items():
        place = f"values.{name}"[:120]
        error = _refusal(actor, obj, editable.get(name), name)
        if error is not None:
            yield FieldError(place, *error)
            continue
        try:
            editable[name].type.clean(editable[name].spec, value, context)
        except InvalidValue as wrong:
            yield FieldError(place, wrong.code, wrong.message, wrong.params)


def _refusal(actor: Actor, obj: CompiledObject, field: CompiledField | None, name: str) -> tuple[str, str] | None:
    """Return code and message where many records can't be given one value of a field."""
    if field is None:
        if AccessPolicy.of(actor).can_see_field(obj, name):
            return "read_only_field", _("This field can't be written.")
        return "unknown_field", _("Unknown field: %(path)s") % {"path": name[:80]}
    if name == OWNER:
        return "read_only_field", _("Owners change by a transfer.")
    is_apart = field.type.is_sealed or isinstance(field.type, AttachmentType)  # kept nowhere but in records
    if is_apart or field.type.is_unique(field.spec):
        return "read_only_field", _("Many records can't have the same value here.")
    return None


class Changer(Runner):
    """Gives the chosen records their values, in the way in which rows of a file change records."""

    event = ""

    def __init__(self, actor: Actor, obj: CompiledObject, order: Order, now: datetime) -> None:
        super().__init__(actor, obj, Plan(mode=UPDATE, key=ID), now)
        self.values = order.values
        if order.op == MASS_TRANSFER:  # as where records are handed over: what is in them is not what is decided
            self.consent = Consent(duplicates=True, warnings=True, reason=_("Transfer"))

    def carry_out(self, rows: Sequence[TableRow]) -> list[Entry]:
        """Change the rows' records, and return what became of each, in order."""
        entries = [Entry(row.number, dict(self.values), id=uuid.UUID(row.cells[0])) for row in rows]
        self._update(entries)
        return entries
