"""Sharing rules, restriction rules and defaults: each opens what it should, and closes again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata.dependencies import usages
from objects.access.models import Level, RestrictionRule, SharingRule
from objects.access.principals import EVERYONE
from objects.access.services import delegations, restriction_rules, sharing_rules
from objects.access.services.object_defaults import set_object_default
from objects.access.services.restriction_rules import RestrictionRuleInput
from tests.objects.access.sharing import OPEN, edits, failing, of, principals_of, reads, rule
from tests.objects.world import World, compiled, insert


# --- sharing rules ------------------------------------------------------------------------------------------------
def test_a_rule_opens_to_each_kind_of_principal_and_to_nobody_else(world: World, admin: Actor, deal: uuid.UUID) -> None:
    for number, (him, other) in enumerate(principals_of(world)):
        assert not reads(world, "south", deal)
        made = rule(admin, label=f"R{number}", shared_with=other)
        # a role above is told apart from its people: `role_below:individual` and everything else mean south
        assert not reads(world, "south", deal), other
        sharing_rules.update_sharing_rule(admin, made.uuid, shared_with=him)
        assert reads(world, "south", deal), him
        assert not edits(world, "south", deal)
        sharing_rules.delete_sharing_rule(admin, made.uuid)
    assert not reads(world, "south", deal)


def test_a_rule_by_owner_opens_the_records_of_these_owners_only(world: World, admin: Actor, deal: uuid.UUID) -> None:
    other = insert("deal", name="X", owner=world.users["city"])
    owners = [of(world.users["rep"]), f"department:{world.departments['north'].pk}"]
    for owned_by in owners:
        made = rule(admin, kind="owner", condition=None, owned_by=owned_by, shared_with=of(world.users["south"]))
        assert (reads(world, "south", deal), reads(world, "south", other)) == (True, False)
        sharing_rules.delete_sharing_rule(admin, made.uuid)
    rule(
        admin,
        kind="owner",
        owned_by=f"department_below:{world.departments['north'].pk}",
        shared_with=of(world.users["south"]),
        level=Level.EDIT,
    )
    assert edits(world, "south", deal)
    assert edits(world, "south", other)


def test_a_rule_holds_between_its_days_and_while_it_is_active(world: World, admin: Actor, deal: uuid.UUID) -> None:
    today = timezone.now().astimezone(world.actor("south").zone).date()
    day = timedelta(days=1)
    made = rule(admin, starts_on=today, ends_on=today)
    assert reads(world, "south", deal)
    for starts, ends in ((today + day, None), (None, today - day)):
        sharing_rules.update_sharing_rule(admin, made.uuid, starts_on=starts, ends_on=ends)
        assert not reads(world, "south", deal)
    sharing_rules.update_sharing_rule(admin, made.uuid, starts_on=None, ends_on=None, is_active=False)
    assert not reads(world, "south", deal)
    sharing_rules.update_sharing_rule(admin, made.uuid, is_active=True)
    assert reads(world, "south", deal)


def test_broken_conditions_open_nothing_and_close_everything(world: World, admin: Actor, deal: uuid.UUID) -> None:
    broken = {"field": "gone__c", "op": "eq", "value": 1}
    made = rule(admin)
    SharingRule.objects.filter(pk=made.pk).update(condition=broken)
    bump_access_version()
    assert not reads(world, "south", deal)
    given = RestrictionRuleInput(object="deal", label="Wall", applies_to=EVERYONE, condition=OPEN)
    wall = restriction_rules.create_restriction_rule(admin, given)
    assert reads(world, "rep", deal)
    RestrictionRule.objects.filter(pk=wall.pk).update(condition=broken)
    bump_access_version()
    assert not reads(world, "rep", deal)
    restriction_rules.delete_restriction_rule(admin, wall.uuid)
    assert reads(world, "rep", deal)


def test_a_restriction_narrows_whom_it_is_for_whatever_else_opens(world: World, admin: Actor, deal: uuid.UUID) -> None:
    closed = insert("deal", name="W", stage="won", owner=world.users["rep"])
    rule(admin, condition={"field": "name", "op": "nempty"})
    given = RestrictionRuleInput(object="deal", label="W", applies_to=of(world.users["south"]), condition=OPEN)
    made = restriction_rules.create_restriction_rule(admin, given)
    assert (reads(world, "south", deal), reads(world, "south", closed), reads(world, "rep", closed)) == (
        True,
        False,
        True,
    )
    restriction_rules.update_restriction_rule(admin, made.uuid, is_active=False)
    assert reads(world, "south", closed)


WRONG: dict[str, tuple[dict[str, Any], list[tuple[str | None, str]]]] = {
    "object": ({"object": "nothing"}, [("object", "invalid_reference")]),
    "child": ({"object": "deal_line"}, [("object", "invalid_choice")]),
    "label": ({"label": "  "}, [("label", "required")]),
    "long label": ({"label": "x" * 101}, [("label", "too_long")]),
    "kind": ({"kind": "magic"}, [("kind", "invalid_choice")]),
    "level": ({"level": 9}, [("level", "invalid_choice")]),
    "principal": ({"shared_with": "user"}, [("shared_with", "invalid_reference")]),
    "gone": ({"shared_with": f"group:{uuid.UUID(int=5)}"}, [("shared_with", "invalid_reference")]),
    "nobody": ({"shared_with": ""}, [("shared_with", "invalid_reference")]),
    "no owner": ({"kind": "owner"}, [("owned_by", "invalid_reference")]),
    "all owners": ({"kind": "owner", "owned_by": "everyone"}, [("owned_by", "invalid_choice")]),
    "no condition": ({"condition": None}, [("condition", "required")]),
    "days": ({"starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 1)}, [("ends_on", "out_of_range")]),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_rule_that_makes_no_sense_is_refused(name: str, world: World, admin: Actor) -> None:
    given, expected = WRONG[name]
    assert failing(lambda: rule(admin, **given)) == expected
    assert not SharingRule.objects.exists()


@pytest.mark.parametrize(
    "condition",
    [{"field": "firm.name", "op": "eq", "value": "A"}, {"field": "gone", "op": "eq"}, {"what": 1}, "x", [1]],
)
def test_conditions_speak_of_own_fields_that_there_are(condition: Any, world: World, admin: Actor) -> None:
    with pytest.raises(ValidationFailed):
        rule(admin, condition=condition)
    given = RestrictionRuleInput(object="deal", label="W", applies_to=EVERYONE, condition=condition)
    with pytest.raises(ValidationFailed):
        restriction_rules.create_restriction_rule(admin, given)


def test_rules_are_for_those_who_manage_users(world: World, admin: Actor) -> None:
    made = rule(admin)
    rep = world.actor("boss")
    calls: list[Callable[[], object]] = [
        lambda: rule(rep),
        lambda: sharing_rules.sharing_rules(rep),
        lambda: sharing_rules.update_sharing_rule(rep, made.uuid, label="X"),
        lambda: sharing_rules.delete_sharing_rule(rep, made.uuid),
        lambda: restriction_rules.restriction_rules(rep),
        lambda: set_object_default(rep, "deal", "read"),
        lambda: delegations.delegations(rep, everybodys=True),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()
    with pytest.raises(NotFound):
        sharing_rules.update_sharing_rule(admin, uuid.uuid4(), label="X")


def test_every_change_of_a_rule_is_told_in_the_audit_trail(world: World, admin: Actor) -> None:
    made = rule(admin)
    sharing_rules.update_sharing_rule(admin, made.uuid, level=Level.EDIT)
    sharing_rules.update_sharing_rule(admin, made.uuid, level=Level.EDIT)  # changes nothing: no entry
    sharing_rules.delete_sharing_rule(admin, made.uuid)
    told = list(AuditEntry.objects.filter(action__startswith="sharing_rule").order_by("id"))
    assert [item.action for item in told] == ["sharing_rule.created", "sharing_rule.changed", "sharing_rule.deleted"]
    assert told[1].details["changes"] == {"level": [1, 2]}
    assert {item.object_name for item in told} == {"deal"}
    assert {item.actor_id for item in told} == {admin.user_id}


def test_fields_of_conditions_are_told_as_used(world: World, admin: Actor) -> None:
    obj = compiled("deal")
    rule(admin, label="Open deals", is_active=False)
    given = RestrictionRuleInput(object="deal", label="Wall", applies_to=EVERYONE, condition=OPEN)
    restriction_rules.create_restriction_rule(admin, given)
    named = [usage.name for usage in usages(obj.spec, obj.field("stage").spec)]
    assert {"Open deals", "Wall"} <= set(named)
    assert not {"Open deals", "Wall"} & {usage.name for usage in usages(obj.spec, obj.field("score").spec)}


# --- org-wide defaults --------------------------------------------------------------------------------------------
def test_a_default_opens_an_object_to_everybody(world: World, admin: Actor, deal: uuid.UUID) -> None:
    line = insert("deal_line", name="L", deal_id=deal, owner=world.users["rep"])
    for sharing, read, edit in (("read", True, False), ("edit", True, True), ("private", False, False)):
        set_object_default(admin, "deal", sharing)
        assert (reads(world, "south", deal), edits(world, "south", deal)) == (read, edit)
        assert reads(world, "south", line, "deal_line") is read
    told = AuditEntry.objects.filter(action="object_default.changed").order_by("id")
    assert [item.details["changes"]["sharing"] for item in told] == [
        ["private", "read"],
        ["read", "edit"],
        ["edit", "private"],
    ]


def test_a_default_must_exist_and_children_have_none(world: World, admin: Actor) -> None:
    assert failing(lambda: set_object_default(admin, "deal", "magic")) == [("sharing", "invalid_choice")]
    assert failing(lambda: set_object_default(admin, "deal_line", "read")) == [("sharing", "invalid_choice")]
    assert failing(lambda: set_object_default(admin, "nothing", "read")) == [("object", "invalid_reference")]
