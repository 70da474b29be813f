"""Compiled shapes: private, sealed, pinned, collected; and never used in another organisation."""

from __future__ import annotations

import gc
import weakref
from dataclasses import FrozenInstanceError

import pytest
from django.apps import apps
from django.db import connection, transaction

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from metadata import services
from metadata.compiler import current
from metadata.compiler.compiled import UnknownField, UnknownObject
from metadata.compiler.current import current_snapshot, forget, load_version, pinned_snapshot, snapshot_for
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.snapshot import SchemaSnapshot, SnapshotMismatch
from metadata.compiler.spec import SchemaSpec, from_json, to_json
from metadata.inputs import FieldInput, ObjectInput

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ObjectInput("work_order__c", "派工单"))
    services.create_object(
        admin_actor,
        ObjectInput(
            "part__c", "备件", fields=[FieldInput("order__c", "lookup", "派工单", settings={"target": "work_order__c"})]
        ),
    )


def test_specs_survive_their_json_form(order: None) -> None:
    spec = current_snapshot().spec
    assert from_json(to_json(spec), SYSTEM_FIELDS) == spec
    assert hash(spec) == hash(from_json(to_json(spec), SYSTEM_FIELDS))
    with pytest.raises(FrozenInstanceError):
        spec.objects[0].api_name = "other"  # type: ignore[misc]


def test_paths_walk_through_lookups_users_and_departments(order: None) -> None:
    part = current_snapshot().object("part__c")
    assert part.resolve("order__r.name").field.spec.api_name == "name"
    assert part.resolve("order__r.owner.department.name").expression.endswith("owner__department__name")
    for path in ("order__c.name", "order__r.nope", "nope", "owner.password", "order__r.", ".", "a.b.c.d.e.f.g"):
        with pytest.raises(UnknownField):
            part.resolve(path)


def test_unknown_objects_and_shared_targets_are_not_objects(order: None) -> None:
    for name in ("nope", "user", "department", ""):
        with pytest.raises(UnknownObject):
            current_snapshot().object(name)


def test_nothing_reaches_the_global_registry(order: None) -> None:
    snapshot = current_snapshot()
    models = [snapshot.object(spec.api_name).model for spec in snapshot.objects()]
    assert not any(model in apps.get_models(include_auto_created=True) for model in models)
    assert "records" not in apps.all_models
    assert not [relation for relation in User._meta.get_fields(include_hidden=True) if "records." in str(relation)]


def test_a_snapshot_refuses_another_schema(order: None) -> None:
    snapshot = current_snapshot()
    schema = connection.schema_name
    connection.set_schema("template_organization")
    try:
        with pytest.raises(SnapshotMismatch):
            snapshot.object("part__c")
    finally:
        connection.set_schema(schema)


def test_fifty_publishes_leave_no_class_behind(admin_actor: Actor, order: None) -> None:
    seen: list[weakref.ref[object]] = []
    for number in range(50):
        services.add_field(admin_actor, "part__c", FieldInput(f"f{number}__c", "text", "f"))
        snapshot = current_snapshot()
        seen.append(weakref.ref(snapshot.object("part__c").model))
        del snapshot
    gc.collect()
    assert sum(reference() is not None for reference in seen) == 1


def test_a_pinned_request_keeps_its_version_while_others_move_on(admin_actor: Actor, order: None) -> None:
    with pinned_snapshot():
        mine = current_snapshot()
        newer = snapshot_for(mine.schema_name, mine.version)
        assert newer is mine
        assert current_snapshot() is mine
    services.add_field(admin_actor, "part__c", FieldInput("late__c", "text", "late"))
    assert "late__c" in current_snapshot().object("part__c").fields
    assert "late__c" not in mine.object("part__c").fields


def test_compiling_sixty_objects_is_quick(admin_actor: Actor, order: None) -> None:
    import time

    from metadata.services.batch import SchemaChange, apply_changes

    fields = [FieldInput(f"f{i}__c", "text", f"f{i}") for i in range(26)]
    objects = [ObjectInput(f"many{i}__c", f"many {i}", fields=fields) for i in range(60)]
    apply_changes(admin_actor, SchemaChange(objects=objects), summary="many")
    snapshot = current_snapshot()
    started = time.perf_counter()
    for spec in snapshot.objects():
        snapshot.object(spec.api_name)
    assert time.perf_counter() - started < 3  # one second on a quiet machine


def test_a_publish_that_was_rolled_back_leaves_the_cache_useful(admin_actor: Actor, order: None) -> None:
    version = current_snapshot().version
    with transaction.atomic():
        services.add_field(admin_actor, "part__c", FieldInput("gone__c", "text", "gone"))
        assert current_snapshot().version > version
        transaction.set_rollback(True)
    first = current_snapshot()
    assert first.version == version
    assert current_snapshot() is first


def test_two_that_compile_at_once_come_to_use_the_same(order: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second to finish takes the first one's snapshot, and never puts an older version over a newer one."""
    newest = current_snapshot()
    schema, version = newest.schema_name, newest.version
    forget(schema)

    def while_another_is_quicker(number: int) -> SchemaSpec:
        monkeypatch.undo()
        winners.append(snapshot_for(schema, version))
        return load_version(number)

    winners: list[SchemaSnapshot] = []
    monkeypatch.setattr(current, "load_version", while_another_is_quicker)
    assert snapshot_for(schema, version) is winners[0]

    forget(schema)
    monkeypatch.setattr(current, "load_version", while_another_is_quicker)
    assert snapshot_for(schema, version - 1).version == version - 1
    assert snapshot_for(schema, version) is winners[1]


def test_who_read_the_number_before_a_publish_leaves_the_newer_version(
    admin_actor: Actor, order: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = current_snapshot().version

    def while_another_publishes() -> int:
        monkeypatch.undo()
        services.add_field(admin_actor, "part__c", FieldInput("late__c", "text", "late"))
        winners.append(current_snapshot())
        return version

    winners: list[SchemaSnapshot] = []
    monkeypatch.setattr(current, "current_version", while_another_publishes)
    assert current_snapshot().version == version
    assert current_snapshot() is winners[0]
