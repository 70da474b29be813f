"""A new object is open to the profiles when its maker says so."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.context import Actor
from metadata import services
from metadata.inputs import ObjectInput
from objects.access.policy import AccessPolicy
from tests.kit import make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("is_open", [True, False])
def test_a_new_object_is_open_when_asked(admin_actor: Actor, actor_for: Any, is_open: bool) -> None:
    services.create_object(admin_actor, ObjectInput("thing__c", "x", open_to_profiles=is_open))
    policy = AccessPolicy.of(actor_for(make.user()))
    assert [policy.can("thing__c", action) for action in ("read", "create", "edit", "delete")] == [is_open] * 4
    assert not policy.can("thing__c", "export")
