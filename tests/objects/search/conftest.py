"""An organisation whose objects are worth searching; see `tests.objects.world` for the people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput, ObjectInput
from tests.objects import world as worlds
from tests.objects.world import World, text

OBJECTS = (
    ObjectInput(
        "account",
        "Account",
        is_custom=False,
        fields=[
            text("name", is_required=True, is_custom=False),
            FieldInput("phone", "phone", "Phone", is_searchable=True, is_custom=False),
            FieldInput("mail", "email", "Mail", is_searchable=True, is_custom=False),
            FieldInput("notes", "long_text", "Notes", is_searchable=True, is_custom=False),
            FieldInput("secret", "text", "Not searchable", is_custom=False),
        ],
    ),
    ObjectInput(
        "contact",
        "Contact",
        is_custom=False,
        fields=[
            text("name", is_custom=False),
            FieldInput("account_id", "lookup", "Account", settings={"target": "account"}, is_custom=False),
            FieldInput("phone", "phone", "Phone", is_searchable=True, is_custom=False),
        ],
    ),
    ObjectInput(
        "account_line",
        "Line",
        is_custom=False,
        fields=[
            text("name", is_custom=False),
            FieldInput("account_id", "master_detail", "Account", settings={"target": "account"}, is_custom=False),
        ],
    ),
    ObjectInput("log__c", "Log", is_searchable=False, fields=[text("name", is_custom=False)]),
    ObjectInput("secret__c", "Secret", fields=[text("name", is_custom=False)]),
)


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        yield made


@pytest.fixture
def world(the_world: World) -> Iterator[World]:
    """The organisation, entered; what the test writes is rolled back."""
    with worlds.inside(the_world.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_world
        transaction.set_rollback(True)


@pytest.fixture
def committed(the_world: World) -> Iterator[World]:
    """The organisation, entered; what the test writes stays, so it uses names of its own."""
    with worlds.inside(the_world.schema_name), pinned_snapshot():
        yield the_world
