"""The tests that every object must pass: who may do what, versions, history, trash, races.

A module of tests subclasses `ObjectBattery`, and provides the fixtures `object_name` (usually parametrised),
`the_world` and `world` of `tests.objects`. Objects are made of samples of their field types, so nothing has to
be told about them.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from crm_platform.identity.models import Profile
from crm_platform.kit import json
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, PlatformError, VersionConflict
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS, revoke_object
from objects.access.policy import AccessPolicy
from objects.history.models import RecordChange
from objects.query.query import RecordQuery
from objects.records.family import CASCADE, links
from objects.records.service import RecordService, SavedRecord
from tests.kit.ladder import climb
from tests.kit.sample_records import RecordMaker
from tests.objects import world as worlds
from tests.objects.world import World, compiled


def maker(actor: Actor) -> RecordMaker:
    return RecordMaker(RecordService(actor))


def seen(actor: Actor, object_name: str, saved: SavedRecord) -> bool:
    """Tell whether the actor finds the record in lists, counts and by its id: all three must agree."""
    query = RecordQuery(actor, object_name).where_ids([saved.id])
    found = {query.exists(), query.count("exact").value == 1, bool(query.page(5).rows), _is_found(query, saved.id)}
    assert len(found) == 1, "list, count and get disagree"
    return found.pop()


def _is_found(query: RecordQuery, record_id: uuid.UUID) -> bool:
    try:
        query.get(record_id)
    except NotFound:
        return False
    return True


def acts(actor: Actor, object_name: str, saved: SavedRecord) -> dict[str, Callable[[], Any]]:
    """Return every way in which the actor could touch the record."""
    service = RecordService(actor)
    return {
        "read": lambda: RecordQuery(actor, object_name).get(saved.id),
        "create": lambda: service.create(object_name, {}, dry_run=True),
        "edit": lambda: service.update(object_name, saved.id, {"external_id": "x"}, dry_run=True),
        "delete": lambda: service.delete(object_name, saved.id, dry_run=True),
    }


def answer(act: Callable[[], Any]) -> str:
    """Return "ok", or the code of the refusal; wrong values only show once the actor was let in."""
    try:
        act()
    except PlatformError as error:
        return "ok" if error.code == "validation_failed" else error.code
    return "ok"


class ObjectBattery:
    """Subclass it as `class TestThose(ObjectBattery)`."""

    # --- the ladder of rights -----------------------------------------------------------------------------
    def test_the_whole_ladder_in_api_and_console(self, world: World, object_name: str, settings: Any) -> None:
        settings.API_BURST = (10_000, 10)
        climb(world, object_name)

    def test_nobody_and_who_has_no_grant_know_nothing_of_it(self, world: World, object_name: str) -> None:
        saved = maker(world.actor("rep")).create(object_name)
        revoke(object_name, ACTIONS)
        for actor in (world.actor("rep"), Actor(None, "anonymous", "api"), Actor(uuid.uuid4(), "nobody", "api")):
            answers = {name: answer(act) for name, act in acts(actor, object_name, saved).items()}
            assert set(answers.values()) == {"not_found"}

    @pytest.mark.parametrize("allowed", ["read", "create", "edit", "delete"])
    def test_each_grant_opens_its_own_door(self, world: World, object_name: str, allowed: str) -> None:
        saved = maker(world.actor("rep")).create(object_name)
        revoke(object_name, {"create", "edit", "delete"} - {allowed})
        answers = {name: answer(act) for name, act in acts(world.actor("rep"), object_name, saved).items()}
        expected = {name: "ok" if name in ("read", allowed) else "forbidden" for name in answers}
        assert answers == expected

    def test_own_records_only(self, world: World, object_name: str) -> None:
        mine, theirs = (maker(world.actor(name)).create(object_name) for name in ("rep", "south"))
        rep = world.actor("rep")
        assert seen(rep, object_name, mine)
        assert not seen(rep, object_name, theirs)
        answers = {name: answer(act) for name, act in acts(rep, object_name, theirs).items()}
        assert answers == {"read": "not_found", "create": "ok", "edit": "not_found", "delete": "not_found"}

    def test_records_of_the_department_and_below(self, world: World, object_name: str) -> None:
        near, below, beside = (maker(world.actor(name)).create(object_name) for name in ("rep", "city", "south"))
        department = replace(world.actor("rep"), user_id=world.users["head"].pk, data_scope="department", memo={})
        reaches = {
            "department": (department, [True, False, False]),
            "department and below": (world.actor("head"), [True, True, False]),
            "all": (world.actor("boss"), [True, True, True]),
        }
        for actor, expected in reaches.values():
            assert [seen(actor, object_name, saved) for saved in (near, below, beside)] == expected
            edits = [answer(acts(actor, object_name, saved)["edit"]) for saved in (near, below, beside)]
            assert edits == ["ok" if may else "not_found" for may in expected]

    def test_who_may_look_at_everything_may_not_change_it(self, world: World, object_name: str) -> None:
        theirs = maker(world.actor("south")).create(object_name)
        auditor = replace(world.actor("rep"), functions=frozenset({"identity.view_all_data"}), memo={})
        assert seen(auditor, object_name, theirs)
        answers = {name: answer(act) for name, act in acts(auditor, object_name, theirs).items()}
        assert answers == {"read": "ok", "create": "ok", "edit": "forbidden", "delete": "forbidden"}

    # --- values and versions ------------------------------------------------------------------------------
    def test_what_is_written_is_read(self, world: World, object_name: str) -> None:
        rep = world.actor("rep")
        saved = maker(rep).create(object_name)
        assert read(rep, object_name, saved) == shown(object_name, saved)
        values = without_references(object_name, maker(rep).values(object_name, 1))
        changed = RecordService(rep).update(object_name, saved.id, values)
        assert read(rep, object_name, saved) == shown(object_name, changed)
        again = shown(object_name, changed)
        same = RecordService(rep).update(object_name, saved.id, {name: again[name] for name in values})
        assert same.version == changed.version

    def test_an_old_version_is_refused(self, world: World, object_name: str) -> None:
        rep = world.actor("rep")
        saved, service = maker(rep).create(object_name), RecordService(rep)
        service.update(object_name, saved.id, {"external_id": "a"}, expected_version=1)
        for act in (
            lambda: service.update(object_name, saved.id, {"external_id": "b"}, expected_version=1),
            lambda: service.delete(object_name, saved.id, expected_version=1),
        ):
            with pytest.raises(VersionConflict) as failed:
                act()
            assert failed.value.details == {"current_version": 2}

    def test_every_version_has_exactly_one_change(self, world: World, object_name: str) -> None:
        rep = world.actor("rep")
        saved, service = maker(rep).create(object_name), RecordService(rep)
        for number in range(3):
            service.update(object_name, saved.id, {"external_id": str(number)})
        service.restore(service.delete(object_name, saved.id))
        rows = RecordChange.objects.filter(record_id=saved.id).order_by("version")
        actions = ["created", "updated", "updated", "updated", "deleted", "restored"]
        assert [(row.version, row.action) for row in rows] == list(enumerate(actions, start=1))
        assert RecordQuery(rep, object_name).get(saved.id)["version"] == len(actions)
        twin = rows[0]
        twin.pk = None
        with pytest.raises(IntegrityError), transaction.atomic():
            twin.save(force_insert=True)

    # --- trash --------------------------------------------------------------------------------------------
    def test_children_go_and_come_back_with_it(self, world: World, object_name: str) -> None:
        rep = world.actor("rep")
        saved, service = maker(rep).create(object_name), RecordService(rep)
        children = self._children(rep, object_name, saved)
        deletion = service.delete(object_name, saved.id)
        for name, child in ((object_name, saved), *children):
            assert not seen(rep, name, child)
            assert RecordQuery(rep, name).trash().where_ids([child.id]).exists()
        assert service.restore(deletion) == 1 + len(children)
        for name, child in ((object_name, saved), *children):
            assert seen(rep, name, child)

    def _children(self, actor: Actor, object_name: str, saved: SavedRecord) -> list[tuple[str, SavedRecord]]:
        made = []
        for link in links(current_snapshot()).get(compiled(object_name).spec.id, ()):
            if link.on_delete == CASCADE and link.child.api_name != object_name:
                fields = {f'"{item.main.column}"': item.name for item in compiled(link.child.api_name)}
                child = maker(actor).create(link.child.api_name, **{fields[link.column]: saved.id})
                made.append((link.child.api_name, child))
        return made

    # --- races --------------------------------------------------------------------------------------------
    def test_of_two_writers_of_one_version_one_wins(
        self, the_world: World, object_name: str, django_db_blocker: Any
    ) -> None:
        with django_db_blocker.unblock(), worlds.inside(the_world.schema_name):
            with pinned_snapshot():
                saved = maker(the_world.actor("rep")).create(object_name)
            answers = race(the_world, object_name, saved)
            versions = list(
                RecordChange.objects.filter(record_id=saved.id).order_by("version").values_list("version", flat=True)
            )
        assert sorted(answers) == ["ok", *["version_conflict"] * (len(answers) - 1)]
        assert versions == [1, 2]


def race(world: World, object_name: str, saved: SavedRecord, writers: int = 4) -> list[str]:
    """Let several threads change the same version at the same moment; returns their answers."""
    start, answers = threading.Barrier(writers), []

    def write(number: int) -> None:
        try:
            with worlds.inside(world.schema_name), pinned_snapshot():
                service = RecordService(world.actor("rep"))
                start.wait(timeout=10)
                answers.append(
                    answer(
                        lambda: service.update(object_name, saved.id, {"external_id": f"w{number}"}, expected_version=1)
                    )
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[number]) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


def revoke(object_name: str, actions: Any) -> None:
    """Take rights on the object away from everybody's profile."""
    profile = Profile.objects.get(api_name="sales_rep")
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name=object_name), tuple(actions))


def read(actor: Actor, object_name: str, saved: SavedRecord) -> Any:
    """Return the record as an API client gets it; an empty list and no value are one."""
    found = json.loads(json.dumps(RecordQuery(actor, object_name).get(saved.id)))
    return {name: None if value == [] else value for name, value in found.items()}


def shown(object_name: str, saved: SavedRecord) -> Any:
    """Return the same, worked out from what the service returned."""
    found = {}
    for field in AccessPolicy.of(system_actor()).readable_fields(compiled(object_name)):
        value = field.value_of(saved.record)
        found[field.name] = None if value is None else field.type.to_api(field.spec, value)
        if field.spec.type == "currency":
            found[f"{field.name}_base"] = getattr(saved.record, field.column("_base").attr)
    return json.loads(json.dumps(found))


def without_references(object_name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if not compiled(object_name).field(name).type.is_reference}
