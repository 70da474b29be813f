"""Rights behind single buttons: sharing and restoring can be taken from a profile, whatever else it may do."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission

from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import Forbidden
from metadata.models import BusinessObject, BusinessObjectGroupPermission
from objects.access.grants import granted_actions, revoke_object
from objects.access.services import shares, teams
from objects.access.services.shares import ShareInput
from objects.records.service import RecordService
from tests.objects.world import World

pytestmark = pytest.mark.django_db


def take_away(*rights: str) -> None:
    profile = Profile.objects.get(api_name="sales_rep")
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="deal"), rights)


def test_without_the_right_not_even_the_owner_shares(world: World) -> None:
    rep, other = world.actor("rep"), world.users["boss"]
    deal = RecordService(rep).create("deal", {"name": "Mine"}).id
    shares.add_share(rep, "deal", deal, ShareInput(principal=f"user:{other.pk}"))
    take_away("share")
    rep = world.actor("rep")
    for act in (
        lambda: shares.add_share(rep, "deal", deal, ShareInput(principal=f"user:{other.pk}", level=2)),
        lambda: teams.add_member(rep, "deal", deal, other.pk, level=1, role=""),
    ):
        with pytest.raises(Forbidden):
            act()
    RecordService(rep).update("deal", deal, {"name": "Still mine"})


def test_without_the_right_nothing_comes_back_from_the_trash(world: World) -> None:
    rep = world.actor("rep")
    kept, lost = (RecordService(rep).create("deal", {"name": name}).id for name in ("Kept", "Lost"))
    RecordService(rep).restore(RecordService(rep).delete("deal", kept))
    take_away("restore")
    rep = world.actor("rep")
    deletion = RecordService(rep).delete("deal", lost)
    with pytest.raises(Forbidden):
        RecordService(rep).restore(deletion)
    assert RecordService(system_actor()).restore(deletion) == 1


def test_who_could_share_and_restore_before_there_were_rights_for_it_still_can(world: World) -> None:
    migration: Any = importlib.import_module("metadata.migrations.0008_record_types")
    profile, row = Profile.objects.get(api_name="sales_rep"), BusinessObject.objects.get(api_name="deal")
    take_away("delete")
    BusinessObjectGroupPermission.objects.filter(permission__codename__in=["share", "restore"]).delete()
    Permission.objects.filter(content_type__model="businessobject", codename__in=["share", "restore"]).delete()
    migration.grant(apps, None)
    migration.grant(apps, None)
    found = granted_actions(system_actor(), profile.group, row)
    assert ("share" in found, "restore" in found) == (True, False)
