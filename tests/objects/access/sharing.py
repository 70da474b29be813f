"""What the tests of sharing have in common: people, a deal, and what somebody reaches."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from crm_platform.identity.models import Role, User, UserGroup
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from objects.access.models import SharingRule
from objects.access.principals import EVERYONE
from objects.access.services import sharing_rules
from objects.access.services.sharing_rules import SharingRuleInput
from objects.query.query import RecordQuery
from tests.objects.world import World

OPEN = {"field": "stage", "op": "eq", "value": "open"}


def reads(world: World, name: str, record: uuid.UUID, object_name: str = "deal") -> bool:
    return bool(RecordQuery(world.actor(name), object_name).visible_ids([record]))


def edits(world: World, name: str, record: uuid.UUID) -> bool:
    return bool(RecordQuery(world.actor(name), "deal", action="edit").visible_ids([record]))


def of(user: User) -> str:
    return f"user:{user.pk}"


def principals_of(world: World) -> Sequence[tuple[str, str]]:
    """Every kind of principal that means the user `south`, and one of each kind that does not."""
    group = make_group(world.users["south"])
    role = Role.objects.get(api_name="individual")
    above = Role.objects.create(api_name="above", name="Above")
    Role.objects.filter(pk=role.pk).update(parent=above)
    south, root, city = (world.departments[name] for name in ("south", "root", "city"))
    return [
        (of(world.users["south"]), of(world.users["boss"])),
        (f"group:{group.uuid}", f"group:{make_group(world.users['boss']).uuid}"),
        (f"role:{role.uuid}", f"role:{above.uuid}"),
        (f"role_below:{role.uuid}", f"role_below:{make_role().uuid}"),
        (f"department:{south.pk}", f"department:{root.pk}"),
        (f"department_below:{root.pk}", f"department_below:{city.pk}"),
    ]


def make_group(*users: User) -> UserGroup:
    from django.contrib.auth.models import Group

    name = f"g{uuid.uuid4().hex}"
    made = UserGroup.objects.create(api_name=name, name=name, group=Group.objects.create(name=name))
    for user in users:
        user.groups.add(made.group)
    bump_access_version()
    return made


def make_role() -> Role:
    return Role.objects.create(api_name=f"r{uuid.uuid4().hex[:20]}", name="R")


def rule(actor: Actor, **given: Any) -> SharingRule:
    values = {"object": "deal", "label": "R", "kind": "criteria", "condition": OPEN, "shared_with": EVERYONE, **given}
    return sharing_rules.create_sharing_rule(actor, SharingRuleInput(**values))


def failing(call: Callable[[], object]) -> list[tuple[str | None, str]]:
    with pytest.raises(ValidationFailed) as caught:
        call()
    return [(error.field, error.code) for error in caught.value.errors]
