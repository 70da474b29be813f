"""Fixtures of the tests of access: who manages users, and a record to share."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.kit.context import Actor
from tests.objects.world import World, insert


@pytest.fixture
def admin(world: World) -> Actor:
    """Somebody who manages users, and reaches no more records than a rep."""
    return replace(world.actor("city"), functions=frozenset({MANAGE_USERS}), memo={})


@pytest.fixture
def deal(world: World) -> uuid.UUID:
    """A deal of the rep's, of the stage `open`."""
    return insert("deal", name="D", stage="open", score=5, owner=world.users["rep"])
