"""Which records: the SQL predicate against a slow reference, for random people, departments and records."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

import pytest

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Department, Profile, User
from crm_platform.identity.services import bump_access_version, create_department
from crm_platform.kit.context import Actor, system_actor
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.access import standing
from objects.access.grants import revoke_object
from objects.access.models import Level, SharingRule
from objects.access.policy import AccessPolicy
from objects.access.scopes import make_scope
from objects.access.visibility import MAX_MASTERS, ME, Master, Owners, Scope, Shared
from objects.query.query import RecordQuery
from objects.records.locking import FOR_UPDATE, lock_live
from objects.records.table import record_table
from tests.kit import make
from tests.objects.world import World, compiled, delete, insert, insert_many, sql, table

ROLES = ("individual", "department_head", "everything")


@dataclass
class Row:
    id: uuid.UUID
    owner: User | None
    department: Department | None
    deleted: bool = False


def sees(user: User, scope: str, row: Row) -> bool:
    """The rules in plain words: what a person may see of records that are not deleted."""
    if row.deleted:
        return False
    if scope == "all" or (row.owner is not None and row.owner.pk == user.pk):
        return True
    if scope == "own" or row.owner is None or row.department is None or user.department is None:
        return False
    if scope == "department":
        return row.department.pk == user.department.pk
    ancestors = {row.department.pk, *(above.pk for above in Department.objects.get_ancestors(row.department))}
    return user.department.pk in ancestors


def random_people(rng: random.Random) -> tuple[list[Department], list[User]]:
    departments = [make.root_department()]
    for _number in range(8):
        departments.append(make.department(parent=Department.objects.get(pk=rng.choice(departments).pk)))
    departments = list(Department.objects.filter(pk__in=[item.pk for item in departments]))
    users = [make.user(role=rng.choice(ROLES), department=rng.choice(departments)) for _number in range(12)]
    return departments, users


def random_rows(rng: random.Random, departments: list[Department], users: list[User], count: int) -> list[Row]:
    """Deals whose department is mostly the owner's, sometimes an old one; some are nobody's, some deleted."""
    rows = []
    for number in range(count):
        owner = rng.choice([*users, None])
        home = owner.department if owner else None
        department = rng.choice([home, home, home, rng.choice(departments), None])
        rows.append(
            {"name": f"R{number}", "owner_id": owner and owner.pk, "owner_department_id": department and department.pk}
        )
        rows[-1]["_"] = (owner, department)
    kept = [row.pop("_") for row in rows]
    ids = insert_many("deal", rows)
    made = [Row(pk, owner, department, rng.random() < 0.1) for pk, (owner, department) in zip(ids, kept, strict=True)]
    for row in made:
        if row.deleted:
            delete("deal", row.id)
    return made


def actors(users: list[User], rng: random.Random) -> list[tuple[User, str, Actor]]:
    """Every user with the reach of his role, or with the one that no seeded role has."""
    found = []
    for user in users:
        actor = build_actor(User.objects.get(pk=user.pk), via="api")
        if rng.random() < 0.3:
            actor = Actor(**{**{n: getattr(actor, n) for n in actor.__slots__}, "data_scope": "department", "memo": {}})
        found.append((user, actor.data_scope, actor))
    return found


def by_queryset(scope: Scope) -> set[uuid.UUID]:
    rows = scope.obj.model._base_manager.filter(deleted_at=None).filter(scope.predicate())
    return set(rows.values_list("pk", flat=True))


def by_raw_sql(scope: Scope) -> set[uuid.UUID]:
    text, params = scope.sql("x")
    found = sql(f'SELECT x.id FROM "{scope.obj.table}" x WHERE x.deleted_at IS NULL AND {text}', params)
    return {row[0] for row in found}


@pytest.mark.parametrize("seed", range(3))
def test_the_predicate_agrees_with_the_rules(world: World, seed: int) -> None:
    rng = random.Random(seed)
    departments, users = random_people(rng)
    rows = random_rows(rng, departments, users, 60)
    for user, scope, actor in actors(users, rng):
        expected = {row.id for row in rows if sees(user, scope, row)}
        query = RecordQuery(actor, "deal")
        assert set(query.ids()) == expected, (user, scope)
        assert query.count("exact").value == len(expected)
        assert query.visible_ids([row.id for row in rows]) == expected
        reach = AccessPolicy.of(actor).scope(compiled("deal"), "edit")
        assert by_queryset(reach) == expected
        assert by_raw_sql(reach) == expected


@pytest.mark.parametrize("seed", range(2))
def test_children_are_seen_with_their_master_whoever_owns_them(world: World, seed: int) -> None:
    rng = random.Random(100 + seed)
    departments, users = random_people(rng)
    rows = [row for row in random_rows(rng, departments, users, 30) if not row.deleted]
    lines = [(insert("deal_line", name="L", deal_id=row.id, owner=rng.choice(users)), row) for row in rows]
    parts = [(insert("line_part", name="P", line_id=line, owner=rng.choice(users)), row) for line, row in lines]
    for user, scope, actor in actors(users, rng):
        for name, children in (("deal_line", lines), ("line_part", parts)):
            expected = {child for child, row in children if sees(user, scope, row)}
            assert set(RecordQuery(actor, name).ids()) == expected
            reach = AccessPolicy.of(actor).scope(compiled(name), "edit")
            assert by_queryset(reach) == expected
            assert by_raw_sql(reach) == expected


def test_children_of_an_unknown_master_object_are_out_of_reach(world: World) -> None:
    deal = insert("deal", name="D", owner=world.users["rep"])
    line = insert("deal_line", name="L", deal_id=deal, owner=world.users["rep"])
    assert RecordQuery(world.actor("rep"), "deal_line").ids() == [line]
    profile = Profile.objects.get(api_name="sales_rep")
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="deal"), ["read"])
    rep = world.actor("rep")
    assert AccessPolicy.of(rep).scope(compiled("deal_line")).is_none
    assert RecordQuery(rep, "deal_line").ids() == []


def test_a_master_chain_is_followed_three_levels_up_and_then_closed(world: World) -> None:
    policy = AccessPolicy.of(world.actor("rep"))
    obj = compiled("line_part")
    (part,) = policy.scope(obj).ways
    assert isinstance(part, Master) and part.field.name == "line_id"
    (line,) = part.above.ways
    assert isinstance(line, Master) and line.field.name == "deal_id"
    assert line.above.ways == (Owners(ME, is_one=True), Shared(compiled("deal").spec.id, Level.READ))
    assert make_scope(policy, obj, "read", MAX_MASTERS).is_none


def test_equal_shapes_have_equal_sql(world: World) -> None:
    one = AccessPolicy.of(world.actor("rep")).scope(compiled("deal"))
    other = AccessPolicy.of(world.actor("south")).scope(compiled("deal"))
    assert one.shape == other.shape
    assert one.template("t") == other.template("t")
    assert one.sql("t").text == other.sql("t").text
    assert one.sql("t").params != other.sql("t").params


def test_a_small_branch_is_listed_and_a_large_one_is_found_by_its_path(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = insert("deal", name="City", owner=world.users["city"])
    insert("deal", name="South", owner=world.users["south"])
    shapes = []
    for most in (200, 1):
        monkeypatch.setattr(standing, "MAX_LISTED", most)
        head = world.actor("head")
        scope = AccessPolicy.of(head).scope(compiled("deal"))
        text, params = scope.sql("t")
        assert ("LIKE" in text, f"{{{world.departments['north'].path}%}}" in params) == ((most == 1,) * 2)
        assert RecordQuery(head, "deal").ids() == [inside]
        assert by_queryset(scope) == by_raw_sql(scope) == {inside}
        shapes.append(scope.shape)
    assert shapes[0] != shapes[1]


def test_a_condition_that_is_changed_counts_at_once(world: World) -> None:
    """The rule keeps its id, its statements do not stay: neither those of lists nor those of locks."""
    deals = dict(zip(("high", "won"), insert_many("deal", [{"score": 9}, {"stage": "won"}]), strict=True))
    rule = SharingRule.objects.create(
        business_object=BusinessObject.objects.get(api_name="deal"),
        label="x",
        kind="criteria",
        shared_with="everyone",
        level=Level.FULL,
    )
    conditions = {
        "high": {"field": "score", "op": "gte", "value": 5},
        "won": {"field": "stage", "op": "in", "value": ["won"]},
    }
    for name, condition in conditions.items():
        SharingRule.objects.filter(pk=rule.pk).update(condition=condition)
        bump_access_version()
        rep = world.actor("rep")
        obj, ids = compiled("deal"), list(deals.values())
        assert RecordQuery(rep, "deal").ids() == [deals[name]]
        table_of = record_table(current_snapshot(), obj)
        assert set(lock_live(AccessPolicy.of(rep), obj, table_of, ids, "edit", FOR_UPDATE)) == {deals[name]}


@pytest.mark.parametrize("order", [(), ("created_at",), ("-name",)])
def test_a_record_that_is_reached_in_several_ways_is_listed_once(world: World, order: tuple[str, ...]) -> None:
    below = [create_department(system_actor(), f"D{n}", world.departments["north"].pk) for n in range(3)]
    owners = [world.users["head"], world.users["rep"], *(make.user(department=item) for item in below)]
    ids = insert_many("deal", [{"name": f"D{n}", "score": n, "owner": owners[n % 5]} for n in range(40)])
    insert_many("deal", [{"name": "South", "score": 0, "owner": world.users["south"]} for _n in range(5)])
    deal = BusinessObject.objects.get(api_name="deal")
    shared = {"business_object": deal, "label": "x", "shared_with": "everyone"}
    SharingRule.objects.create(kind="owner", owned_by=f"user:{world.users['rep'].pk}", **shared)
    for most in range(6):
        SharingRule.objects.create(
            kind="criteria", condition={"field": "score", "op": "gte", "value": 10 + most}, **shared
        )
    bump_access_version()
    query, found, cursor = RecordQuery(world.actor("head"), "deal").order(*order).fields("id"), [], None
    while True:
        page = query.page(7, cursor)
        found += [uuid.UUID(row[0]) for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == sorted(ids)
    offset = query.page(7, offset=14)
    assert [uuid.UUID(row[0]) for row in offset.rows] == found[14:21]


def test_a_new_department_below_counts_at_once(world: World) -> None:
    head = world.actor("head")
    assert RecordQuery(head, "deal").ids() == []
    below = create_department(system_actor(), "New", world.departments["city"].pk)
    record = insert("deal", name="D", owner=make.user(department=below))
    assert RecordQuery(world.actor("head"), "deal").ids() == [record]


def test_deleted_records_are_only_in_the_trash(world: World) -> None:
    rep = world.actor("rep")
    kept = insert("deal", name="Kept", owner=world.users["rep"])
    gone = insert("deal", name="Gone", owner=world.users["rep"])
    foreign = insert("deal", name="Foreign", owner=world.users["south"])
    for record in (gone, foreign):
        delete("deal", record)
    assert RecordQuery(rep, "deal").ids() == [kept]
    assert RecordQuery(rep, "deal").trash().ids() == [gone]
    assert RecordQuery(rep, "deal").trash().record(gone).pk == gone


def test_scopes_belong_to_one_organisation(world: World) -> None:
    assert table("deal").startswith("o_")
    assert current_snapshot().schema_name == world.schema_name
