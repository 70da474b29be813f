"""Sixteen writers enter the same customers again and again: under a blocking rule each is there exactly once."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import connection

from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import StateConflict
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.services.batch import SchemaChange, apply_changes
from objects.duplicates.errors import DuplicateDetected
from objects.records.service import RecordService
from tests.chaos.harness import FULL
from tests.objects.duplicates.book import OBJECTS, phone_rule
from tests.objects.world import inside

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

THREADS, TRIES = 16, 20
CUSTOMERS = 300 if FULL else 60


def test_each_customer_is_made_once(fresh_organization: Any) -> None:
    apply_changes(system_actor(), SchemaChange(objects=OBJECTS), summary="Book")
    phone_rule("block")
    tries = [number for number in range(CUSTOMERS) for _ in range(TRIES)]
    random.Random(1).shuffle(tries)
    wrong: list[BaseException] = []

    def work(own: list[int]) -> None:
        try:
            with inside(fresh_organization.schema_name), pinned_snapshot():
                for number in own:
                    _enter(f"+86{13_800_000_000 + number}")
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(tries[place::THREADS],)) for place in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=600)
    assert wrong == []
    with pinned_snapshot():
        rows = current_snapshot().object("prospect").model._base_manager.all()
        assert len({row.value("mobile") for row in rows}) == len(rows) == CUSTOMERS


def _enter(mobile: str) -> None:
    """Enter a customer, or learn that it is there; who finds the others busy tries again."""
    while True:
        try:
            RecordService(system_actor()).create("prospect", {"name": "N", "mobile": mobile})
        except DuplicateDetected:
            pass
        except StateConflict:
            continue
        return
