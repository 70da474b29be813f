"""Fifty publishes under live requests: nobody sees an error, no value strays, and nothing old stays in memory."""

from __future__ import annotations

import ctypes
import gc
import logging
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.db import connection

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from layouts.pages.record_form import RecordForm
from metadata import services
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot, forget
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.query.filters import RecordFilterSet
from objects.query.query import RecordQuery
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.layouts.pages import form_data

OBJECT = "ticket__c"
WARM_UP, MEASURED = 20, 30
MEGABYTES = 15  # the thirty fields themselves, in the versions in flight, and fragments; a leak would be many times it
STALL_SECONDS = 0.3


class Riders:
    """Threads that send requests until they are stopped; what goes wrong is kept."""

    def __init__(self, schema_name: str) -> None:
        self.schema_name = schema_name
        self.wrong: list[str] = []
        self.turns = 0
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, ride: Callable[[int], None]) -> None:
        thread = threading.Thread(target=self._run, args=[ride])
        self._threads.append(thread)
        thread.start()

    def _run(self, ride: Callable[[int], None]) -> None:
        number = 0
        try:
            with tenant_context(self.schema_name):
                while not self._stop.is_set():
                    number += 1
                    ride(number)
                    self.turns += 1
        except Exception as error:
            self.wrong.append(repr(error))
        finally:
            connection.close()

    def check(self, answer: Any, *expected: int) -> Any:
        if answer.status_code not in expected:
            self.wrong.append(f"{answer.request['PATH_INFO']} {answer.status_code} {answer.content.decode()[:300]}")
        return answer

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)


class Rides:
    """What one caller does again and again."""

    def __init__(self, riders: Riders, host: str, key: str, user: User) -> None:
        self.riders = riders
        self.api = OrganizationAPIClient(host, raise_request_exception=False)
        self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        self.browser = OrganizationClient(host, raise_request_exception=False)
        self.browser.force_login(user)

    def integrator(self, number: int) -> None:
        """Create a record with a value in every field there is, and read the newest ones."""
        described = self.riders.check(self.api.get(f"/api/v1/meta/objects/{OBJECT}/describe"), 200).json()
        names = [item["api_name"] for item in described["fields"] if item["api_name"].startswith("f")]
        values = {name: f"{name}:{number}" for name in names}
        self.riders.check(self.api.post(f"/api/v1/records/{OBJECT}", {"name": f"api {number}", **values}), 201)
        wanted = ",".join(names)
        listed = self.riders.check(
            self.api.get(f"/api/v1/records/{OBJECT}?limit=20&fields={wanted}&filter[{names[-1]}][contains]=f"), 200
        )
        for row in listed.json().get("data", []):
            self.riders.wrong += strays(row)

    def clerk(self, number: int) -> None:
        """Open the list, a record and its form, and send the form of a new record."""
        page = self.riders.check(self.browser.get(f"/o/{OBJECT}/"), 200).content.decode()
        found = page.split(f'href="/o/{OBJECT}/', 1)[-1].split('"', 1)[0]
        if len(found) == 36:
            self.riders.check(self.browser.get(f"/o/{OBJECT}/{found}"), 200)
            self.riders.check(self.browser.get(f"/o/{OBJECT}/{found}/edit"), 200)
        form = form_data(self.riders.check(self.browser.get(f"/o/{OBJECT}/new"), 200).content.decode(), "record-form")
        filled = {name: f"{name}:{number}" for name in form if name.startswith("f") and name.endswith("__c")}
        self.riders.check(self.browser.post(f"/o/{OBJECT}/new", {**form, **filled, "name": f"page {number}"}), 302)


def strays(row: dict[str, Any]) -> list[str]:
    """Return the values that stand in another field than the one they were written to."""
    fields = {name: value for name, value in row.items() if name.endswith("__c") and value is not None}
    return [f"{name} holds {value}" for name, value in fields.items() if not value.startswith(f"{name}:")]


@pytest.fixture
def ticket(fresh_organization: Any, settings: Any) -> Any:
    settings.API_BURST = (0, 10)
    fields = [FieldInput(f"f{number}__c", "text", f"f{number}") for number in range(100, 130)]
    services.create_object(system_actor(), ObjectInput(OBJECT, "工单", fields=fields))
    logging.disable(logging.INFO)  # pytest keeps every line, and memory is measured here
    yield fresh_organization
    logging.disable(logging.NOTSET)
    forget(fresh_organization.schema_name)


def memory() -> float:
    """Return this process's resident memory in megabytes, after everything free was given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def subclasses(root: type) -> set[type]:
    found = set(root.__subclasses__())
    return found | {item for direct in found for item in subclasses(direct)}


def publish_and_watch(number: int, seen: dict[str, list[weakref.ref[Any]]]) -> None:
    """Publish one field, and watch the classes of the version that is now the current one."""
    services.add_field(system_actor(), OBJECT, FieldInput(f"f{number}__c", "text", f"f{number}"))
    snapshot = current_snapshot()
    compiled = snapshot.object(OBJECT)
    seen["snapshots"].append(weakref.ref(snapshot))
    seen["models"].append(weakref.ref(compiled.model))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads its memory from /proc")
def test_fifty_publishes_under_live_requests(ticket: Any) -> None:
    user = User.objects.get(username="admin")
    actor: Actor = build_actor(user, via="console")
    _row, key = create_key(actor, "live", list(SCOPES))
    riders, host = Riders(ticket.schema_name), f"{ticket.slug}.localhost"
    seen: dict[str, list[weakref.ref[Any]]] = {"snapshots": [], "models": []}
    for _ in range(2):
        rides = Rides(riders, host, key, user)
        riders.start(rides.integrator)
        riders.start(rides.clerk)
    try:
        for number in range(1, WARM_UP + 1):
            publish_and_watch(number, seen)
        # Weakly: a strong reference would keep the classes of a request in flight, and what they describe.
        before, form_classes = memory(), weakref.WeakSet(subclasses(forms.BaseForm))
        for number in range(WARM_UP + 1, WARM_UP + MEASURED + 1):
            publish_and_watch(number, seen)
    finally:
        riders.stop()
    grown = memory() - before  # once nobody is under way: what a request in flight holds is no leak

    assert riders.wrong == []
    assert riders.turns > 20
    found = RecordQuery(actor, OBJECT).page(10_000)
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    assert len(rows) >= riders.turns
    assert [stray for row in rows for stray in strays(row)] == []
    assert grown < MEGABYTES, f"{grown:.1f} MB more after {MEASURED} publishes"
    del rows, found, rides
    assert_only_the_newest_is_left(ticket.schema_name, seen)
    assert [item for item in subclasses(forms.BaseForm) if item not in form_classes] == []


def assert_only_the_newest_is_left(schema_name: str, seen: dict[str, list[weakref.ref[Any]]]) -> None:
    gc.collect()
    newest = current_snapshot()
    for kind, references in seen.items():
        alive = [item() for item in references if item() is not None]
        assert len(alive) == 1, f"{len(alive)} {kind} of {len(references)} are alive"
    things = gc.get_objects()  # compared by type: some lazy objects of Django fail when they are asked
    snapshots = [item for item in things if type(item) is SchemaSnapshot and item.schema_name == schema_name]
    assert snapshots == [newest]
    compiled = [item for item in things if type(item) is CompiledObject and item.name == OBJECT]
    assert [item for item in compiled if item is not newest.object(OBJECT)] == []
    assert [item for item in things if type(item) is RecordForm] == []
    models = {newest.object(spec.api_name) for spec in newest.objects()}
    filter_sets = {item.compiled for item in subclasses(RecordFilterSet) if "compiled" in vars(item)}
    assert {item for item in filter_sets if item.name == OBJECT} <= models


def test_a_column_added_under_writers_stalls_no_statement(ticket: Any) -> None:
    """The server tells how long each statement took, waits for locks included, whatever this machine does beside."""
    table = current_snapshot().object(OBJECT).table
    stalls: list[float] = []

    def write(_number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"WITH made AS (INSERT INTO {table} (id, currency) VALUES (gen_random_uuid(), 'CNY') RETURNING 1)"
                f" SELECT extract(epoch FROM clock_timestamp() - statement_timestamp()) FROM made,"
                f" (SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 50) AS x) AS y"
            )
            stalls.append(float(cursor.fetchone()[0]))

    riders = Riders(ticket.schema_name)
    for _ in range(3):
        riders.start(write)
    try:
        for number in range(1, 11):
            services.add_field(system_actor(), OBJECT, FieldInput(f"f{number}__c", "text", "f", is_indexed=number == 5))
    finally:
        riders.stop()
    assert riders.wrong == []
    assert len(stalls) > 100
    assert max(stalls) < STALL_SECONDS
