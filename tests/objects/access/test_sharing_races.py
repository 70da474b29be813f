"""Sharing at the same moment: nobody gets on a team twice, and no share outlives the owner with whom it goes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from crm_platform.kit.errors import PlatformError, ValidationFailed
from metadata.compiler.current import pinned_snapshot
from objects.access.models import RecordShare
from objects.access.principals import EVERYONE
from objects.access.services import shares, teams
from objects.access.services.shares import ShareInput
from objects.records.service import RecordService
from tests.kit.work import in_threads
from tests.objects import world as worlds
from tests.objects.world import World, insert


@pytest.fixture(autouse=True)
def _committing(the_world: World, django_db_blocker: Any) -> Iterator[None]:
    """These tests really commit, in an organisation that belongs to this module alone."""
    with django_db_blocker.unblock(), worlds.inside(the_world.schema_name), pinned_snapshot():
        yield


def test_two_who_add_the_same_member_add_him_once(the_world: World) -> None:
    deal = insert("deal", name="D", owner=the_world.users["rep"])
    south, outcomes = the_world.users["south"].pk, []

    def add(number: int) -> None:
        with pinned_snapshot():
            try:
                teams.add_member(the_world.actor("rep"), "deal", deal, south)
                outcomes.append("added")
            except ValidationFailed as failed:
                outcomes.append(failed.errors[0].code)

    in_threads(4, add)
    assert sorted(outcomes) == ["added", "not_unique", "not_unique", "not_unique"]
    assert RecordShare.objects.filter(record_id=deal).count() == 1


def test_no_share_outlives_the_owner_with_whom_it_goes(the_world: World) -> None:
    for round_number in range(5):
        deal = insert("deal", name=f"D{round_number}", owner=the_world.users["rep"])
        assert _share_and_transfer(the_world, deal) in (0, 1)
        owner = RecordService(the_world.actor("boss")).update("deal", deal, {"score": 1}).record.owner_id
        kept = RecordShare.objects.filter(record_id=deal, ends_with_owner=True)
        assert owner == the_world.users["south"].pk
        assert not kept.exists()


def _share_and_transfer(world: World, deal: uuid.UUID) -> int:
    """Share as the old owner while the record is given away; returns how often sharing was refused."""
    refused = []

    def act(number: int) -> None:
        with pinned_snapshot():
            if number:
                RecordService(world.actor("boss")).transfer("deal", deal, world.users["south"].pk)
                return
            try:
                given = ShareInput(principal=EVERYONE, ends_with_owner=True)
                shares.add_share(world.actor("rep"), "deal", deal, given)
            except PlatformError as error:
                refused.append(error.status)

    in_threads(2, act)
    assert set(refused) <= {403, 404}
    return len(refused)
