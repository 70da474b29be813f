"""Reach by SQL against reach by plain Python, for random organisations, rules, people and records.

The suite takes 5,000 pairs of a person and a record; PAIRS=100000 (`make nightly`) takes as many. Every pair is
asked about five actions, in every way in which the platform asks the database.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.publishing import publish
from metadata.services.batch import SchemaChange, apply_changes
from objects.access.policy import AccessPolicy
from objects.query.query import RecordQuery
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.table import record_table
from tests.objects import world as worlds
from tests.objects.access.chance import ACTED, MASTERS, OBJECTS, Chance, open_to_owners
from tests.objects.access.reference import Person, Row
from tests.objects.world import World, compiled, sql

PAIRS = int(os.environ.get("PAIRS", "5000"))
PEOPLE, ROWS = 12, 240


def prepare() -> None:
    apply_changes(system_actor(), SchemaChange(objects=OBJECTS), summary="Chance")
    publish(system_actor(), "Open to owners", open_to_owners)


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(prepare=prepare) as made:
        yield made


@pytest.mark.parametrize("round_", range(max(1, PAIRS // (PEOPLE * ROWS) + 1)))
def test_the_predicates_agree_with_the_rules(the_world: World, django_db_blocker: Any, round_: int) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            chance = Chance(round_, PEOPLE, ROWS)
            for person in chance.rules.people:
                check_person(chance, person)
        transaction.set_rollback(True)


def check_person(chance: Chance, person: Person) -> None:
    actor = build_actor(User.objects.get(pk=person.id), via="api")
    for name in chance.objects:
        rows = [row for row in chance.rows if row.object == name]
        for action in ACTED:
            wanted = {row.id for row in rows if chance.rules.reaches(person, row, action)}
            check_action(chance, actor, name, action, rows, wanted)


def check_action(chance: Chance, actor: Actor, name: str, action: str, rows: list[Row], wanted: set[uuid.UUID]) -> None:
    """Ask for an action on all records of an object in one of several ways, chosen by chance, and in a list."""
    obj, alive = compiled(name), {row.id for row in rows if not row.deleted}
    try:
        query = RecordQuery(actor, name, action=action)
    except (NotFound, Forbidden):
        assert not wanted, "refused altogether"
        return
    told = f"{name} {action} by {actor.user_id}"
    assert set(listed(chance, query)) == wanted & alive, f"list: {told}"
    ways = {
        "count": lambda: query.count("exact").value == len(wanted & alive),
        "trash": lambda: set(query.trash().ids()) == wanted - alive,
        "ids": lambda: query.visible_ids([row.id for row in rows]) == wanted & alive,
        "predicate": lambda: by_predicate(actor, name, action) == wanted,
        "statement": lambda: by_statement(actor, name, action) == wanted,
        "lock": lambda: by_lock(actor, name, action, [row.id for row in rows]) == wanted & alive,
    }
    for way in chance.dice.sample(sorted(ways), 2):
        assert ways[way](), f"{way}: {told}"
    assert obj.name == name


def listed(chance: Chance, query: RecordQuery) -> list[uuid.UUID]:
    """Return the ids of a list in small pages, which must be in order and repeat nothing."""
    size = chance.dice.choice([7, 50, 1000])
    order = chance.dice.choice(["", "created_at", "name", "-name"])
    asked = query.order(*([order] if order else [])).fields("id", "name")
    found: list[tuple[str, str]] = []
    cursor = None
    while True:
        page = asked.page(size, cursor)
        found += [(row[0], row[1]) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    ids = [uuid.UUID(item) for item, _name in found]
    assert len(set(ids)) == len(ids), "a record came twice"
    if order.endswith("name"):
        names = [name for _item, name in found]
        assert names == in_order(names, descending=order.startswith("-"))
    return ids


def in_order(names: list[str], *, descending: bool) -> list[str]:
    """Return names as the database orders them."""
    way = "DESC" if descending else "ASC"
    return [row[0] for row in sql(f"SELECT n FROM unnest(%s::text[]) n ORDER BY n {way}", [names])]


def by_predicate(actor: Actor, name: str, action: str) -> set[uuid.UUID]:
    scope = AccessPolicy.of(actor).scope(compiled(name), action)
    return set(scope.obj.model._base_manager.filter(scope.predicate()).values_list("pk", flat=True))


def by_statement(actor: Actor, name: str, action: str) -> set[uuid.UUID]:
    scope = AccessPolicy.of(actor).scope(compiled(name), action)
    text, params = scope.sql("x")
    return {row[0] for row in sql(f'SELECT x.id FROM "{scope.obj.table}" x WHERE {text}', params)}


def by_lock(actor: Actor, name: str, action: str, ids: list[uuid.UUID]) -> set[uuid.UUID]:
    obj = compiled(name)
    table = record_table(current_snapshot(), obj)
    rows = lock_live(AccessPolicy.of(actor), obj, table, ids, action, FOR_UPDATE)
    return {record_id for record_id, row in rows.items() if row[-1]}


def test_masters_are_those_of_the_data_model(the_world: World, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), pinned_snapshot():
        found = {obj.api_name for obj in current_snapshot().objects() for f in obj.fields if f.type == "master_detail"}
        assert found == set(MASTERS)
