"""The trash: moving records there with what belongs to them, bringing them back, removing them for good."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.events.services import EventInput, emit
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, VersionConflict
from crm_platform.kit.ids import uuid7
from crm_platform.kit.sqlnames import quote, table_name
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.record_base import Record
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import ObjectSpec
from objects.access.policy import AccessPolicy
from objects.history.models import RecordChange
from objects.history.recording import ChangeInput, record_changes
from objects.records import family as families
from objects.records.drafts import Batch, Consent, Draft
from objects.records.locking import FOR_DELETE, FOR_REFERENCE, lock_live, scope_sql
from objects.records.models import Deletion
from objects.records.recalculation import move_whole_records
from objects.records.rules import check_deletion
from objects.records.table import record_table
from objects.records.violations import violated_field

Versions = list[tuple[uuid.UUID, int]]


def delete(
    actor: Actor,
    object_name: str,
    record_id: uuid.UUID,
    expected_version: int | None,
    consent: Consent | None = None,
) -> uuid.UUID:
    """Move a record to the trash with everything that cascades from it; returns the deletion's id."""
    snapshot, now = current_snapshot(), timezone.now()
    policy = AccessPolicy.of(actor)
    policy.require(object_name, "delete")
    obj = snapshot.object(object_name)
    record = _lock_for_delete(policy, snapshot, obj, record_id, expected_version)
    check_deletion(
        Batch(actor, snapshot, obj, "delete", [Draft(0, {}, record_id, record=record)], now, consent=consent)
    )
    return to_trash(actor, snapshot, obj.spec, [record_id], now)


def to_trash(
    actor: Actor, snapshot: SchemaSnapshot, spec: ObjectSpec, ids: Sequence[uuid.UUID], now: datetime
) -> uuid.UUID:
    """Move locked records to the trash by one deletion, with everything that cascades from them; returns its id.

    The caller has seen to it that the actor may. Raises StateConflict when other records forbid it.
    """
    family = families.collect(snapshot, spec, ids)
    _refuse_if_held(actor, snapshot, family)
    deletion = Deletion(
        id=uuid7(),
        object_id=spec.id,
        record_id=ids[0],
        counts={str(object_id): len(ids) for object_id, ids in family.items()},
        at=now,
        actor_id=actor.user_id,
    )
    deletion.save(force_insert=True)
    for object_id, members in family.items():
        changes = "deleted_at = %s, deleted_by_id = %s::uuid, deletion_id = %s"
        values = [now, actor.user_id, deletion.id]
        rows = _mark(actor, object_id, changes, values, "id = ANY(%s)", [members], now)
        _leave_traces(actor, snapshot.spec.object_by_id[object_id], "deleted", now, rows)
    records = {object_id: list(members) for object_id, members in family.items()}
    move_whole_records(actor, snapshot, records, -1, now)
    return deletion.id


def restore(actor: Actor, deletion_id: uuid.UUID) -> int:
    """Bring back exactly what one deletion took; returns how many records."""
    snapshot, now = current_snapshot(), timezone.now()
    deletion = lock_deletion(deletion_id)
    root = snapshot.object_by_id(deletion.object_id)
    policy = AccessPolicy.of(actor)
    policy.require(root.name, "restore")
    _require_in_reach(policy, root, deletion)
    restored: list[tuple[ObjectSpec, Versions]] = []
    for spec in _objects_of(snapshot, deletion):
        restored.append((spec, _unmark(actor, snapshot.object_by_id(spec.id), deletion_id, now)))
    for spec, rows in restored:
        _require_parents(actor, snapshot, spec, [record_id for record_id, _version in rows])
        _leave_traces(actor, spec, "restored", now, rows)
    records = {spec.id: [record_id for record_id, _version in rows] for spec, rows in restored}
    move_whole_records(actor, snapshot, records, 1, now)
    deletion.delete()
    return sum(len(rows) for _spec, rows in restored)


def deletion_of(actor: Actor, object_name: str, record_id: uuid.UUID) -> uuid.UUID:
    """Return the deletion that took a record which the actor may see; raises NotFound."""
    policy = AccessPolicy.of(actor)
    policy.require(object_name, "read")
    obj = current_snapshot().object(object_name)
    seen = scope_sql(policy, obj, "read")
    sql = f'SELECT deletion_id FROM "{obj.table}" t WHERE t.id = %s AND deletion_id IS NOT NULL AND ({seen.text})'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [record_id, *seen.params])
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return uuid.UUID(str(row[0]))


def _lock_for_delete(
    policy: AccessPolicy, snapshot: SchemaSnapshot, obj: CompiledObject, record_id: uuid.UUID, expected: int | None
) -> Record:
    table = record_table(snapshot, obj)
    row = lock_live(policy, obj, table, [record_id], "delete", FOR_DELETE).get(record_id)
    if row is None:
        raise NotFound
    if not row[-1]:
        raise Forbidden
    record = table.load(row)
    if expected is not None and expected != record.version:
        raise VersionConflict(current_version=record.version)
    table.load_second({record_id: record})
    return record


def _refuse_if_held(actor: Actor, snapshot: SchemaSnapshot, family: families.Family) -> None:
    link = families.forbidding(snapshot, family)
    if link is None:
        return
    if not AccessPolicy.of(actor).can(link.child.api_name, "read"):
        raise StateConflict(_("Other records refer to it."))
    label = (link.child.plural_label or link.child.label).text(actor.language)
    raise StateConflict(_("%(objects)s refer to it.") % {"objects": label}, object=link.child.api_name)


def lock_deletion(deletion_id: uuid.UUID) -> Deletion:
    """Return the deletion, locked; raises NotFound."""
    deletion = Deletion.objects.select_for_update().filter(id=deletion_id).first()
    if deletion is None:
        raise NotFound
    return deletion


def _require_in_reach(policy: AccessPolicy, obj: CompiledObject, deletion: Deletion) -> None:
    reach = scope_sql(policy, obj, "delete")
    sql = f'SELECT 1 FROM "{obj.table}" t WHERE t.id = %s AND t.deletion_id = %s AND ({reach.text})'  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, [deletion.record_id, deletion.id, *reach.params])
        if cursor.fetchone() is None:
            raise NotFound


def _objects_of(snapshot: SchemaSnapshot, deletion: Deletion) -> list[ObjectSpec]:
    """Return the objects from which the deletion took records, as far as they still exist."""
    found = (snapshot.spec.object_by_id.get(int(object_id)) for object_id in deletion.counts)
    return [spec for spec in found if spec is not None]


def _mark(
    actor: Actor, object_id: int, changes: str, values: Sequence[Any], where: str, which: Sequence[Any], now: datetime
) -> Versions:
    """Change the deletion columns of rows and move their version; returns the new versions."""
    sql = (
        f"UPDATE {quote(table_name(object_id))} SET {changes}, version = version + 1,"  # noqa: S608
        f" updated_at = %s, updated_by_id = %s::uuid WHERE {where} RETURNING id, version"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [*values, now, actor.user_id, *which])
        return list(cursor.fetchall())


def _unmark(actor: Actor, obj: CompiledObject, deletion_id: uuid.UUID, now: datetime) -> Versions:
    changes = "deleted_at = NULL, deleted_by_id = NULL, deletion_id = NULL"
    where = "deleted_at IS NOT NULL AND deletion_id = %s"
    try:
        with transaction.atomic():
            return _mark(actor, obj.spec.id, changes, [], where, [deletion_id], now)
    except IntegrityError as error:
        field = violated_field(error, obj)
        label = field.spec.label.text(actor.language) if field else ""
        message = _("Another record has the same %(field)s by now.") % {"field": label}
        raise StateConflict(message, object=obj.name, field=field.name if field else None) from error


def _require_parents(actor: Actor, snapshot: SchemaSnapshot, spec: ObjectSpec, ids: list[uuid.UUID]) -> None:
    """Refuse to bring back what belongs to, or must not outlive, a record that is still in the trash."""
    for link in families.links_of(snapshot, spec):
        if link.on_delete not in (families.CASCADE, families.RESTRICT):
            continue
        sql = (
            f"SELECT p.deleted_at IS NOT NULL FROM {quote(table_name(link.parent.id))} p WHERE p.id IN"  # noqa: S608
            f" (SELECT {link.column} FROM {link.table} WHERE id = ANY(%s)) ORDER BY p.id {FOR_REFERENCE} OF p"
        )
        with connection.cursor() as cursor:
            cursor.execute(sql, [ids])
            is_orphan = any(in_trash for (in_trash,) in cursor.fetchall())
        if is_orphan:
            label = link.parent.label.text(actor.language)
            raise StateConflict(_("Restore its %(object)s first.") % {"object": label}, object=link.parent.api_name)


def _leave_traces(actor: Actor, spec: ObjectSpec, action: str, now: datetime, rows: Versions) -> None:
    changes = [ChangeInput(record_id, version) for record_id, version in rows]
    record_changes(actor, spec.id, RecordChange.Action(action), now, changes)
    kind = f"record.{action}"
    emit([EventInput(kind, spec.id, spec.api_name, *row, actor=actor) for row in rows])
