"""Hostile input: unknown and hidden names, SQL in every place that takes text, other people's records."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.identity.models import Profile
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from metadata.compiler.compiled import UnknownField
from metadata.models import BusinessObject
from objects.access.grants import revoke_object
from objects.query.conditions import Condition, from_json
from objects.query.filters import parse_brackets, parse_flat
from objects.query.query import RecordQuery
from tests.objects.world import World, compiled, insert, sql

HOSTILE = [
    "'; DROP TABLE identity_user; --",
    "1; SELECT pg_sleep(10)",
    "' OR '1'='1",
    '" OR 1=1 --',
    "name') OR 1=1 --",
    "c_4",
    't."c_4"',
    "%s",
    "%(x)s",
    "%",
    "\\",
    "$1",
    "{0}",
    "__class__",
    "owner__password",
    "owner.password",
    "firm__name",
    "firm_id__name",
    "..",
    ".",
    "",
    "name.",
    ".name",
    "firm." * 50 + "name",
    "名称",
    "a" * 10_000,
    "/*",
    "\u202e",
]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: repr(name[:20]))
def test_no_text_becomes_sql(world: World, name: str) -> None:
    insert("deal", name="D", owner=world.users["rep"])
    query = RecordQuery(world.actor("rep"), "deal")
    for attempt in (
        lambda: query.fields(name).page(),
        lambda: query.fields(name).display(),
        lambda: query.order(name).page(),
        lambda: query.order("-" + name).page(),
        lambda: query.where(Condition(name, "eq", "x")).page(),
        lambda: query.where(Condition("name", name, "x")).page(),
        lambda: RecordQuery(world.actor("rep"), name),
        lambda: parse_brackets(compiled("deal"), {f"filter[{name}][eq]": "x"}),
        lambda: parse_brackets(compiled("deal"), {f"filter[name][{name or '-'}]": "x"}),
    ):
        with pytest.raises(PlatformError):
            attempt()
    with pytest.raises(NotFound):
        query.get(name)
    # As an operand every text is just text: it is compared, or refused for what it is not.
    for path in ("name", "amount", "close_on", "firm_id", "stage", "tags__c", "mail__c", "id", "currency"):
        field = compiled("deal").field(path)
        for operator in field.type.filters(field.spec):
            try:
                assert query.where(Condition(path, operator, name)).page().rows in ([], query.page().rows)
            except ValidationFailed:
                continue
    assert sql("SELECT count(*) > 0 FROM identity_user") == [(True,)]


HIDDEN = [
    "deletion_id",
    "firm.deletion_id",
    "secret",
    "owner.password",
    "owner.username",
    "owner.is_active",
    "line.name",
]


@pytest.mark.parametrize("path", HIDDEN)
def test_hidden_is_answered_as_unknown(world: World, path: str) -> None:
    query = RecordQuery(world.actor("rep"), "deal")
    for attempt in (
        lambda name: query.fields(name).page(),
        lambda name: query.order(name).page(),
        lambda name: query.where(Condition(name, "eq", "x")).page(),
    ):
        answers = []
        for name in (path, "xyz"):
            with pytest.raises(ValidationFailed) as caught:
                attempt(name)
            (error,) = caught.value.errors
            answers.append((error.code, str(error.message).replace(name, "?"), set(error.params)))
        assert answers[0] == answers[1]
        assert answers[0][0] == "unknown_field"


def test_a_field_that_becomes_unreadable_is_gone_everywhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("objects.access.field_security.INTERNAL", frozenset({"deletion_id", "amount"}))
    for name in ("deal", "firm"):
        compiled(name).plans.clear()
    insert("deal", name="D", owner=world.users["rep"])
    query = RecordQuery(world.actor("rep"), "deal")
    assert not any(name.startswith("amount") for name in query.page().columns)
    for attempt in (
        lambda: query.fields("amount").page(),
        lambda: query.order("amount").page(),
        lambda: query.where(Condition("amount", "gt", 0)).count(),
    ):
        with pytest.raises(ValidationFailed):
            attempt()
    for name in ("deal", "firm"):
        compiled(name).plans.clear()


def test_an_object_that_is_not_granted_cannot_be_walked_through(world: World) -> None:
    """The caller knows `deal` but not `firm`: its paths are unknown, and even its names stay hidden."""
    firm = insert("firm", name="Hidden firm", owner=world.users["rep"])
    deal = insert("deal", name="D", owner=world.users["rep"], firm_id=firm)
    profile = Profile.objects.get(api_name="sales_rep")
    revoke_object(system_actor(), profile, BusinessObject.objects.get(api_name="firm"), ["read"])
    query = RecordQuery(world.actor("rep"), "deal")
    for path in ("firm.name", "firm.industry", "firm.id"):
        with pytest.raises(UnknownField):
            query.fields(path).page()
        with pytest.raises(ValidationFailed):
            query.order(path).page()
        with pytest.raises(ValidationFailed):
            query.where(Condition(path, "empty")).page()
    with pytest.raises(ValidationFailed):
        query.order("firm_id").page()
    assert query.page(labels=True).labels == [{"owner_id": "Rep", "owner_department_id": "North"}]
    reference = query.show(deal)["firm_id"]
    assert (reference.id, reference.name) == (firm, "")
    assert "Hidden firm" not in repr(query.page(labels=True)) + repr(query.display())


def test_foreign_and_absent_records_are_answered_alike(world: World) -> None:
    foreign = insert("deal", name="South", owner=world.users["south"])
    query = RecordQuery(world.actor("rep"), "deal")
    answers = []
    for key in (foreign, uuid.uuid4(), str(foreign), "nonsense", ""):
        for read in (query.get, query.show, query.record):
            with pytest.raises(NotFound) as caught:
                read(key)
            answers.append((type(caught.value), str(caught.value), caught.value.details))
    assert len({repr(answer) for answer in answers}) == 1


@pytest.mark.parametrize(
    "data",
    [
        "x", 1, True, {"field": "name"}, {"op": "eq"}, {"field": 1, "op": "eq"}, {"field": "name", "op": None},
        {"and": 1}, {"and": [1]}, {"or": {"field": "name"}}, {"not": 1}, {"and": [], "or": []},
        {"field": "name", "op": "eq", "value": 1, "extra": 2}, [["x"]],
    ],
)  # fmt: skip
def test_malformed_trees_are_refused(data: Any) -> None:
    with pytest.raises(ValidationFailed):
        from_json(data)


def test_deep_json_is_refused_before_it_is_walked() -> None:
    data: Any = {"field": "name", "op": "eq", "value": 1}
    for _number in range(500):
        data = {"not": data}
    with pytest.raises(PlatformError):
        from_json(data)


def test_a_hostile_query_string_is_refused(world: World) -> None:
    obj = compiled("deal")
    for parameter in ("filter[", "filter[]", "filter[name", "filter[name][eq][x]", "filter[name]]", "filter[[name]]"):
        with pytest.raises(PlatformError):
            parse_brackets(obj, {parameter: "x"})
    for parameter in ("name__regexp", "nope__eq", "owner.password__eq", "a__b__c__d"):
        with pytest.raises(ValidationFailed):
            parse_flat(obj, {parameter: "x"})
    assert parse_flat(obj, {"page": "2", "sort": "name", "q": "x", "csrfmiddlewaretoken": "y"}) is None
    with pytest.raises(PlatformError):
        RecordQuery(world.actor("rep"), "deal").where(parse_flat(obj, {"score__in": "1," * 5000})).page()
    with pytest.raises(PlatformError):
        parse_brackets(obj, {"filter[name][eq]": ["x"] * 101})
