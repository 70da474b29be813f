"""Many writers of the same customers at the same moment: under a blocking rule each customer is made once."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from crm_platform.kit.errors import StateConflict
from metadata.compiler.current import pinned_snapshot
from objects.duplicates.errors import DuplicateDetected
from objects.records.service import RecordService
from tests.objects import world as worlds
from tests.objects.duplicates.book import OBJECTS, PHONES, match_on, matcher, rule
from tests.objects.world import World, compiled

THREADS, TRIES, CUSTOMERS = 16, 20, 36


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        with worlds.inside(made.schema_name):
            match_on("prospect", "phones", matcher("phone", PHONES))
            match_on("prospect", "company", matcher("company", ["company"], threshold=70))
            match_on("client", "to_prospect", matcher("phone", ["phone"], PHONES), target="prospect")
            match_on("prospect", "to_client", matcher("phone", PHONES, ["phone"]), target="client")
            rule("prospect", "prospects", "block", "phones", "company", "to_client")
            rule("client", "clients", "block", "to_prospect")
        yield made


@pytest.fixture(autouse=True)
def _committing(the_world: World, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), pinned_snapshot():
        yield


def together(world: World, work: Any) -> list[BaseException]:
    """Run the work in threads that start at the same moment; returns what went wrong."""
    start, wrong = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        try:
            with worlds.inside(world.schema_name), pinned_snapshot():
                own = RecordService(world.actor("boss"))
                start.wait(timeout=30)
                work(own, random.Random(number))
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return wrong


def create(own: RecordService, object_name: str, values: dict[str, Any]) -> None:
    """Create a record, or learn that it is there; who finds the others busy tries again."""
    while True:
        try:
            own.create(object_name, values)
        except DuplicateDetected:
            pass
        except StateConflict:
            continue
        return


def count(object_name: str) -> int:
    return compiled(object_name).model._base_manager.count()


def test_sixteen_writers_make_each_customer_once(the_world: World) -> None:
    before = count("prospect")

    def work(own: RecordService, dice: random.Random) -> None:
        for _ in range(TRIES):
            number = 13_800_000_000 + dice.randrange(CUSTOMERS)
            field = dice.choice(PHONES)
            create(own, "prospect", {"name": "N", field: dice.choice([str(number), f"+86 {number}"])})

    assert together(the_world, work) == []
    chosen = {13_800_000_000 + dice for dice in _chosen()}
    assert count("prospect") == before + len(chosen)


def _chosen() -> set[int]:
    found = set()
    for number in range(THREADS):
        dice = random.Random(number)
        for _ in range(TRIES):
            found.add(dice.randrange(CUSTOMERS))
            dice.choice(PHONES)
            dice.choice(["", ""])
    return found


def test_two_objects_at_once(the_world: World) -> None:
    """A customer is entered as a prospect here and as a client there: only one of the two may stay."""

    def work(own: RecordService, dice: random.Random) -> None:
        for _ in range(TRIES // 2):
            number = str(13_900_000_000 + dice.randrange(12))
            if dice.random() < 0.5:
                create(own, "prospect", {"name": "N", "mobile": number})
            else:
                create(own, "client", {"name": "N", "phone": number})

    assert together(the_world, work) == []
    phones, mobiles = set(), set()
    for row in compiled("client").model._base_manager.all():
        phones.add(row.value("phone"))
    for row in compiled("prospect").model._base_manager.all():
        mobiles.add(row.value("mobile"))
    assert not phones & mobiles


def test_names_that_are_only_alike(the_world: World) -> None:
    before = count("prospect")
    names = ["Siemens Healthineers AG", "Siemens Healthineer GmbH", "Siemens Healthiners", "SIEMENS HEALTHINEERS"]

    def work(own: RecordService, dice: random.Random) -> None:
        create(own, "prospect", {"name": "N", "company": dice.choice(names)})

    assert together(the_world, work) == []
    assert count("prospect") == before + 1
