"""One record that is shared, or whose team is changed: seen, locked, and what the caller may do about it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from objects.access.models import RecordShare
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT, READ, SHARE, TRANSFER
from objects.access.services.object_defaults import is_controlled_by_master
from objects.records.locking import FOR_UPDATE, scope_sql
from objects.records.table import record_table

MAX_SHARES = 200  # of one record, its team included


@dataclass(frozen=True)
class Held:
    """A record, and what the caller may do about who reaches it.

    `may_share`: its owner may, and whoever may edit it and reaches it for a transfer: those above the owner, those
    with whom it is shared in full. `may_staff`: they may change its team, and so may whoever may edit the record.
    All of them need the right to share records of the object.
    """

    obj: CompiledObject
    record: Record
    is_owner: bool
    may_share: bool
    may_staff: bool

    @property
    def id(self) -> uuid.UUID:
        return self.record.pk  # type: ignore[no-any-return]

    @property
    def title(self) -> str:
        value = self.obj.name_field.value_of(self.record)
        return "" if value is None else str(value)

    def require_share(self) -> None:
        if not self.may_share:
            raise Forbidden(_("Only the owner, and those above, may share this record."))

    def require_staff(self) -> None:
        if not self.may_staff:
            raise Forbidden(_("Only the owner, and those who may edit this record, may change its team."))

    def refuse_if_full(self) -> None:
        if RecordShare.objects.filter(object_id=self.obj.spec.id, record_id=self.id).count() >= MAX_SHARES:
            message = _("A record is shared with at most %(max)d others.")
            raise ValidationFailed.single(None, "out_of_range", message, max=MAX_SHARES)

    def note(self, actor: Actor, action: str, details: dict[str, object]) -> None:
        """Write an entry about the record to the audit trail."""
        record_entry(actor, action, Subject(self.obj.name, self.id, self.title), details)


def hold(actor: Actor, object_name: str, record_id: uuid.UUID, *, is_locked: bool = True) -> Held:
    """Return a record that the caller sees, in one statement; locked against a change of owner or of its shares.

    Raises UnknownObject, NotFound, and StateConflict for records that belong to a master: these follow it.
    """
    policy = AccessPolicy.of(actor)
    policy.require(object_name, READ)
    if is_controlled_by_master(object_name):
        raise StateConflict(_("Who reaches a record of this object is decided by its master record."))
    obj = current_snapshot().object(object_name)
    table = record_table(current_snapshot(), obj)
    edit, transfer, seen = (scope_sql(policy, obj, action) for action in (EDIT, TRANSFER, READ))
    sql = (
        f"SELECT {table.select}, ({edit.text}), ({transfer.text}) FROM {table.name} t"  # noqa: S608 (physical names)
        f" WHERE t.id = %s AND t.deleted_at IS NULL AND ({seen.text})"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"{sql} {FOR_UPDATE} OF t" if is_locked else sql,
            [*edit.params, *transfer.params, record_id, *seen.params],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    record, can_edit = table.load(row), policy.can(object_name, EDIT)
    is_owner = actor.user_id is not None and record.owner_id == actor.user_id
    has_right = policy.can(object_name, SHARE)
    may_share = has_right and (is_owner or bool(can_edit and row[-1]))
    return Held(obj, record, is_owner, may_share, may_share or bool(has_right and can_edit and row[-2]))
