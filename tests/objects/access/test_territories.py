"""Territories: a tree beside departments, and what sharing rules open to its members and to those above them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from crm_platform.audit.models import AuditEntry
from crm_platform.identity.affiliations import affiliations_of
from crm_platform.identity.models import AccessVersion, User
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict
from objects.access.audience import who_can
from objects.access.explaining import explain
from objects.access.explanation import Layer
from objects.access.models import Level, RecordShare, Territory, TerritoryMember
from objects.access.services import restriction_rules, sharing_rules
from objects.access.services import territories as services
from objects.access.services.restriction_rules import RestrictionRuleInput
from objects.access.services.shares import ShareInput, add_share
from objects.access.territories import TerritoryRow, territory_tree
from tests.objects.access.sharing import OPEN, edits, failing, of, reads, rule
from tests.objects.world import World, insert

Tree = dict[str, Territory]


@pytest.fixture
def tree(world: World, admin: Actor) -> Tree:
    """China above east above the coast, and the north beside the east; `south` works the east."""
    made = {"china": services.create_territory(admin, "China")}
    for name, above in (("east", "china"), ("coast", "east"), ("north", "china")):
        made[name] = services.create_territory(admin, name.title(), made[above].pk)
    services.set_members(admin, made["east"].pk, [world.users["south"].pk])
    return made


def to(territory: Territory, kind: str = "territory") -> str:
    return f"{kind}:{territory.pk}"


def rows(admin: Actor) -> dict[str, TerritoryRow]:
    return {row.territory.name: row for row in territory_tree(admin)}


def shape(admin: Actor) -> list[tuple[str, int]]:
    return [(row.territory.name, row.level) for row in territory_tree(admin)]


def taken(how: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        how()


# --- the tree -------------------------------------------------------------------------------------------------------
def test_the_tree_grows_moves_closes_and_is_deleted_and_all_of_it_is_told(world: World, admin: Actor) -> None:
    china = services.create_territory(admin, " China ")
    east = services.create_territory(admin, "East", china.pk)
    coast = services.create_territory(admin, "Coast", east.pk)
    services.rename_territory(admin, china.pk, "Greater China")
    services.set_members(admin, coast.pk, [world.users["rep"].pk])
    services.move_territory(admin, east.pk, None)
    assert shape(admin) == [("Greater China", 0), ("East", 0), ("Coast", 1)]
    services.move_territory(admin, coast.pk, china.pk)
    services.move_territory(admin, coast.pk, china.pk)  # is there already: tells nothing
    assert shape(admin) == [("Greater China", 0), ("Coast", 1), ("East", 0)]
    services.close_territory(admin, china.pk)
    assert [row.territory.is_active for row in territory_tree(admin)] == [False, False, True]
    services.reopen_territory(admin, coast.pk)
    assert all(row.territory.is_active for row in territory_tree(admin))
    with pytest.raises(StateConflict):
        services.delete_territory(admin, china.pk)
    services.delete_territory(admin, coast.pk)
    assert not TerritoryMember.objects.exists()
    told = AuditEntry.objects.filter(action__startswith="territory.").order_by("id").values_list("action", "details")
    assert [action.removeprefix("territory.") for action, _details in told] == [
        *["created"] * 3, "changed", "members_changed", "moved", "moved", "closed", "reopened", "deleted",
    ]  # fmt: skip
    assert told[3][1] == {"changes": {"name": ["China", "Greater China"]}}
    assert told[4][1] == {"changes": {"members": [[], [world.users["rep"].name]]}}
    assert told[6][1] == {"changes": {"parent": ["East", "Greater China"]}}


def test_what_makes_no_sense_is_refused(tree: Tree, admin: Actor) -> None:
    china, east = tree["china"].pk, tree["east"].pk
    wrong: list[tuple[Callable[[], object], tuple[str, str]]] = [
        (lambda: services.create_territory(admin, "  "), ("name", "required")),
        (lambda: services.create_territory(admin, "x" * 101), ("name", "too_long")),
        (lambda: services.create_territory(admin, "East", china), ("name", "not_unique")),
        (lambda: services.create_territory(admin, "China"), ("name", "not_unique")),
        (lambda: services.create_territory(admin, "X", uuid.uuid4()), ("parent", "invalid_reference")),
        (lambda: services.rename_territory(admin, tree["north"].pk, "East"), ("name", "not_unique")),
        (lambda: services.move_territory(admin, china, tree["coast"].pk), ("parent", "invalid_reference")),
        (lambda: services.move_territory(admin, china, china), ("parent", "invalid_reference")),
        (lambda: services.set_members(admin, east, [uuid.uuid4()]), ("members", "invalid_reference")),
    ]
    for call, expected in wrong:
        assert failing(call) == [expected]
    services.close_territory(admin, tree["north"].pk)
    assert failing(lambda: services.move_territory(admin, east, tree["north"].pk)) == [("parent", "invalid_reference")]
    deep = tree["coast"].pk
    for number in range(services.MAX_DEPTH - 3):
        deep = services.create_territory(admin, f"D{number}", deep).pk
    assert failing(lambda: services.create_territory(admin, "Deeper", deep)) == [("parent", "out_of_range")]
    top = services.create_territory(admin, "Top")
    assert failing(lambda: services.move_territory(admin, china, top.pk)) == [("parent", "out_of_range")]
    with pytest.raises(NotFound):
        services.rename_territory(admin, uuid.uuid4(), "X")


def test_the_database_keeps_the_tree_in_order(tree: Tree, world: World) -> None:
    east, coast = tree["east"], Territory.objects.get(pk=tree["coast"].pk)
    taken(lambda: Territory.objects.filter(pk=tree["north"].pk).update(name="East"))
    taken(lambda: Territory.objects.add_root({"name": "China"}))
    taken(lambda: Territory.objects.filter(pk=coast.pk).update(path="000100090001"))  # below one that is not there
    taken(lambda: Territory.objects.filter(pk=coast.pk).update(depth=1))
    taken(lambda: TerritoryMember.objects.create(territory=east, user=world.users["south"]))
    for table, row in (("objects_territory", east), ("identity_user", world.users["south"])):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE id = %s", [row.pk])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_territories_are_for_those_who_manage_users(tree: Tree, world: World) -> None:
    boss, east = world.actor("boss"), tree["east"].pk
    calls: list[Callable[[], object]] = [
        lambda: territory_tree(boss),
        lambda: services.create_territory(boss, "X"),
        lambda: services.rename_territory(boss, east, "X"),
        lambda: services.move_territory(boss, east, None),
        lambda: services.close_territory(boss, east),
        lambda: services.reopen_territory(boss, east),
        lambda: services.delete_territory(boss, east),
        lambda: services.set_members(boss, east, []),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()


def test_members_and_rules_are_counted(tree: Tree, world: World, admin: Actor) -> None:
    for name in ("china", "coast"):
        services.add_members(admin, tree[name].pk, [world.users[who].pk for who in ("south", "boss")])
    services.remove_members(admin, tree["coast"].pk, [world.users["south"].pk, world.users["rep"].pk])
    User.objects.filter(pk=world.users["boss"].pk).update(is_active=False)
    owned = {"kind": "owner", "condition": None, "owned_by": to(tree["east"])}
    rule(admin, shared_with=to(tree["east"], "territory_below"), **owned)
    rule(admin, shared_with=to(tree["china"]), **owned)
    found = rows(admin)
    assert {name: (row.members, row.within, row.rules) for name, row in found.items()} == {
        "China": (1, 1, 1), "East": (1, 1, 2), "Coast": (0, 0, 0), "North": (0, 0, 0),
    }  # fmt: skip
    assert found["East"].parent_id == tree["china"].pk
    (territories,) = affiliations_of(admin, world.users["south"]).values()
    assert [(item.label, item.name) for item in territories] == [("Territories", "China"), ("Territories", "East")]


# --- what they open -------------------------------------------------------------------------------------------------
REACH: dict[tuple[str, str], list[str]] = {  # by kind and territory: whose member is meant
    ("territory", "china"): ["china"],
    ("territory", "east"): ["china", "east"],
    ("territory", "coast"): ["china", "east", "coast"],
    ("territory_below", "china"): ["china", "east", "coast", "north"],
    ("territory_below", "east"): ["china", "east", "coast"],
    ("territory_below", "north"): ["china", "north"],
}


def test_a_rule_is_for_the_members_and_those_above(tree: Tree, world: World, admin: Actor, deal: uuid.UUID) -> None:
    south = world.users["south"].pk
    services.set_members(admin, tree["east"].pk, [])
    made = rule(admin, shared_with=to(tree["china"]))
    for (kind, name), meant in REACH.items():
        sharing_rules.update_sharing_rule(admin, made.uuid, shared_with=to(tree[name], kind))
        for place, row in tree.items():
            services.set_members(admin, row.pk, [south])
            assert reads(world, "south", deal) is (place in meant), (kind, name, place)
            services.set_members(admin, row.pk, [])
    assert not reads(world, "south", deal)


def test_a_rule_may_share_what_members_own(tree: Tree, world: World, admin: Actor, deal: uuid.UUID) -> None:
    services.set_members(admin, tree["coast"].pk, [world.users["rep"].pk])
    other = insert("deal", name="X", owner=world.users["city"])
    given: dict[str, Any] = {"kind": "owner", "condition": None, "shared_with": of(world.users["south"])}
    made = rule(admin, owned_by=to(tree["coast"]), level=Level.EDIT, **given)
    assert (edits(world, "south", deal), reads(world, "south", other)) == (True, False)
    for owned_by, seen in ((to(tree["east"]), False), (to(tree["east"], "territory_below"), True)):
        sharing_rules.update_sharing_rule(admin, made.uuid, owned_by=owned_by)
        assert reads(world, "south", deal) is seen
    services.close_territory(admin, tree["coast"].pk)
    assert not reads(world, "south", deal)


def test_every_change_counts_from_the_next_request_on(tree: Tree, world: World, admin: Actor, deal: uuid.UUID) -> None:
    rule(admin, shared_with=to(tree["coast"]))
    assert reads(world, "south", deal)
    changes: list[tuple[Callable[[], object], bool]] = [
        (lambda: services.move_territory(admin, tree["coast"].pk, tree["north"].pk), False),
        (lambda: services.move_territory(admin, tree["north"].pk, tree["east"].pk), True),  # with the coast below it
        (lambda: services.move_territory(admin, tree["north"].pk, None), False),
        (lambda: services.move_territory(admin, tree["east"].pk, tree["north"].pk), False),
        (lambda: services.move_territory(admin, tree["coast"].pk, tree["east"].pk), True),
        (lambda: services.close_territory(admin, tree["coast"].pk), False),
        (lambda: services.reopen_territory(admin, tree["coast"].pk), True),
        (lambda: services.close_territory(admin, tree["east"].pk), False),
        (lambda: services.reopen_territory(admin, tree["coast"].pk), True),
        (lambda: services.remove_members(admin, tree["east"].pk, [world.users["south"].pk]), False),
    ]
    for number, (change, expected) in enumerate(changes):
        change()
        assert reads(world, "south", deal) is expected, number


def test_territories_are_named_by_sharing_rules_alone(tree: Tree, world: World, admin: Actor, deal: uuid.UUID) -> None:
    wall = RestrictionRuleInput(object="deal", label="W", applies_to=to(tree["east"]), condition=OPEN)
    assert failing(lambda: restriction_rules.create_restriction_rule(admin, wall)) == [("applies_to", "invalid_choice")]
    given = ShareInput(principal=to(tree["east"]))
    assert failing(lambda: add_share(world.actor("rep"), "deal", deal, given)) == [("principal", "invalid_choice")]
    assert not RecordShare.objects.exists()
    gone = f"territory:{uuid.uuid4()}"
    assert failing(lambda: rule(admin, shared_with=gone)) == [("shared_with", "invalid_reference")]
    made = rule(admin, label="Shared", shared_with=to(tree["coast"], "territory_below"))
    with pytest.raises(StateConflict, match="Shared"):
        services.delete_territory(admin, tree["coast"].pk)
    sharing_rules.delete_sharing_rule(admin, made.uuid)
    services.delete_territory(admin, tree["coast"].pk)
    services.close_territory(admin, tree["north"].pk)
    assert failing(lambda: rule(admin, shared_with=to(tree["north"]))) == [("shared_with", "inactive_reference")]


def test_without_a_rule_that_names_one_territories_are_not_read(
    tree: Tree, world: World, admin: Actor, deal: uuid.UUID
) -> None:
    rule(admin, shared_with=of(world.users["boss"]))

    def statements() -> list[str]:
        bump_access_version()
        with CaptureQueriesContext(connection) as asked:
            reads(world, "south", deal)
            who_can(admin, "deal", deal)
        return [item["sql"] for item in asked if "objects_territory" in item["sql"]]

    assert statements() == []
    rule(admin, shared_with=to(tree["coast"]))
    first = len(statements())
    for name in ("China", "East"):
        services.add_members(admin, rows(admin)[name].territory.pk, [user.pk for user in world.users.values()])
    assert len(statements()) == first == 5  # two for the caller; two for everybody, and their names


# --- what explains it -----------------------------------------------------------------------------------------------
def test_explanations_name_the_territory(tree: Tree, world: World, admin: Actor, deal: uuid.UUID) -> None:
    south = world.users["south"]
    made = rule(admin, label="Coast", shared_with=to(tree["coast"]), level=Level.EDIT)

    def why() -> str:
        found = explain(admin, south.pk, "deal", deal, "edit")
        assert found.is_allowed
        assert found.decided_by.layer == Layer.SHARING_RULE
        return found.decided_by.text

    assert why().endswith(f"It is for the territory “Coast”, which belongs to “East” of {south.name}.")
    (person,) = [item for item in who_can(admin, "deal", deal, "edit").people if item.user_id == south.pk]
    assert [step.text for step in person.reasons] == [why()]
    sharing_rules.update_sharing_rule(admin, made.uuid, shared_with=to(tree["east"]))
    assert why().endswith(f"It is for the territory “East”, of which {south.name} is a member.")
    sharing_rules.update_sharing_rule(admin, made.uuid, shared_with=to(tree["china"], "territory_below"))
    assert why().endswith(f"It is for the territory “China” and those below, as “East” of {south.name} is.")


def test_a_deactivated_user_has_nothing_of_his_territory(
    tree: Tree, world: World, admin: Actor, deal: uuid.UUID
) -> None:
    south = world.users["south"]
    rule(admin, shared_with=to(tree["coast"]))
    assert south.pk in {item.user_id for item in who_can(admin, "deal", deal).people}
    before = AccessVersion.objects.get().number
    User.objects.filter(pk=south.pk).update(is_active=False)
    bump_access_version()
    assert AccessVersion.objects.get().number > before
    assert south.pk not in {item.user_id for item in who_can(admin, "deal", deal).people}
    assert not explain(admin, south.pk, "deal", deal, "read").is_allowed
