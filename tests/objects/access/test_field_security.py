"""What hidden, masked, read-only and tainted fields are to their reader: in reads, writes, history and search."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

import pytest

from crm_platform.identity.models import Profile
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import PlatformError, ValidationFailed
from metadata import services
from metadata.field_types.operators import operators
from metadata.field_types.sealed import MASK
from metadata.inputs import FieldInput
from metadata.rule_inputs import ValidationRuleInput
from objects.access.field_grants import FieldLevel
from objects.access.masking import hidden_behind_mask
from objects.access.policy import AccessPolicy
from objects.access.services.field_levels import set_field_levels
from objects.duplicates.finding import Match
from objects.history.selectors import history
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from objects.records.trial import assess
from objects.search.entries import index_records
from objects.search.service import matching_ids, search, suggest
from openapi.document.schemas import record_schemas
from openapi.v1.describing import describe
from tests.objects.world import World, compiled

VALUES = {"name": "Deal", "mail__c": "wang.ming@example.com", "score": 12, "amount": "5000", "close_on": "2026-05-04"}


def limit(object_name: str = "deal", **levels: str) -> None:
    set_field_levels(system_actor(), Profile.objects.get(api_name="sales_rep"), object_name, levels)


def add(api_name: str, expression: str, returns: str = "decimal", object_name: str = "deal", **settings: Any) -> None:
    given = {"expression": expression, "returns": returns, **settings}
    services.add_field(system_actor(), object_name, FieldInput(api_name, "formula", api_name, settings=given))


def made(world: World, **values: Any) -> uuid.UUID:
    """Return a new deal of the rep, made by somebody without limits."""
    values = {**VALUES, "owner_id": world.users["rep"].pk, **values}
    return RecordService(system_actor()).create("deal", values).id


def rep(world: World) -> Actor:
    return world.actor("rep")


def sees(world: World, name: str, object_name: str = "deal") -> FieldLevel:
    return AccessPolicy.of(rep(world)).field_level(compiled(object_name), name)


def codes(failure: pytest.ExceptionInfo[ValidationFailed]) -> list[tuple[str | None, str]]:
    return [(error.field, error.code) for error in failure.value.errors]


# --- masked -----------------------------------------------------------------------------------------------------
def test_a_masked_field_is_shown_covered_and_an_empty_one_as_empty(world: World) -> None:
    deal, empty = made(world), made(world, mail__c=None, amount=None)
    limit(mail__c="masked", score="masked", amount="masked", close_on="masked")
    found = RecordQuery(rep(world), "deal").get(deal, labels=True)
    assert (found["mail__c"], found["score"], found["amount"]) == ("w***@example.com", MASK, MASK)
    assert found["close_on"] == MASK
    assert "amount_base" not in found
    assert RecordQuery(rep(world), "deal").get(empty)["mail__c"] is None
    shown = RecordQuery(rep(world), "deal").show(deal)
    assert (str(shown["mail__c"]), str(shown["close_on"])) == ("w***@example.com", MASK)
    line = RecordQuery(rep(world), "deal").fields("score").where_ids([deal]).display(1)
    field = line.fields["score"]
    ctx: Any = None
    assert field.type.cell(field.spec, line.rows[0]["score"], ctx) == MASK


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_what_is_not_read_is_as_unknown_as_nothing_when_asked_for(world: World, level: str) -> None:
    limit(score=level, mail__c=level, firm_id=level)
    query = RecordQuery(rep(world), "deal")
    for name in ("score", "mail__c", "firm_id", "firm.name"):
        for operator in operators:
            with pytest.raises(ValidationFailed) as caught:
                query.where(Condition(name, operator.key, "1")).page()
            assert codes(caught) == [(name, "unknown_field")]
        for sign in ("", "-"):
            with pytest.raises(ValidationFailed) as caught:
                query.order(f"{sign}{name}").page()
            assert codes(caught) == [(name, "unknown_field")]
    with pytest.raises(PlatformError):
        query.related_fields("firm")


def test_a_hidden_field_is_in_no_answer(world: World) -> None:
    deal = made(world)
    limit(score="hidden", amount="hidden")
    assert not {"score", "amount", "amount_base"} & RecordQuery(rep(world), "deal").get(deal).keys()
    with pytest.raises(ValidationFailed) as caught:
        RecordQuery(rep(world), "deal").fields("score").page()
    assert codes(caught) == [("score", "unknown_field")]


def test_short_and_unusual_values_are_covered_whole() -> None:
    text, mail, number = (compiled_type(key) for key in ("text", "email", "integer"))
    assert hidden_behind_mask(text, "A") == hidden_behind_mask(text, "A B C") == hidden_behind_mask(text, "ab") == MASK
    assert hidden_behind_mask(text, "x" * 300) == MASK
    assert hidden_behind_mask(compiled_type("long_text"), "A long story") == MASK
    assert hidden_behind_mask(compiled_type("url"), "https://a.example") == MASK
    assert (hidden_behind_mask(text, "John Smith"), hidden_behind_mask(text, "王小明")) == ("J. S.", "王**")
    assert hidden_behind_mask(mail, "ab@c.example") == "a***@c.example"
    assert hidden_behind_mask(number, 0) == hidden_behind_mask(number, date(2026, 1, 1)) == MASK
    assert hidden_behind_mask(number, None) is None


def compiled_type(key: str) -> Any:
    from metadata.field_types import field_types

    return field_types.get(key)


# --- names of related records -------------------------------------------------------------------------------------
def related(world: World) -> dict[str, Any]:
    """Return the API form of a deal of a firm with its labels, as the rep reads it."""
    firm = RecordService(system_actor()).create("firm", {"name": "Huawei", "owner_id": world.users["rep"].pk})
    deal = made(world, firm_id=str(firm.id), about__c={"object": "firm", "id": str(firm.id)})
    return RecordQuery(rep(world), "deal").get(deal, labels=True)["_labels"]  # type: ignore[no-any-return]


def test_the_name_of_a_related_record_is_a_field_like_others(world: World) -> None:
    assert related(world)["firm_id"] == "Huawei"
    limit("firm", name="masked")
    labels = related(world)
    assert (labels["firm_id"], labels["about__c"]) == (MASK, MASK)
    limit("firm", name="hidden")
    assert not {"firm_id", "about__c"} & related(world).keys()


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_records_are_not_ordered_by_names_that_are_kept_from_the_reader(world: World, level: str) -> None:
    RecordQuery(rep(world), "deal").order("firm_id").page()
    limit("firm", name=level)
    with pytest.raises(ValidationFailed):
        RecordQuery(rep(world), "deal").order("firm_id").page()


# --- writing ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("level", "code"), [("read", "read_only_field"), ("masked", "read_only_field"), ("hidden", "unknown_field")]
)
def test_only_the_level_edit_writes(world: World, level: str, code: str) -> None:
    deal = made(world)
    limit(score=level)
    service = RecordService(rep(world))
    for write in (
        lambda: service.update("deal", deal, {"score": 3}),
        lambda: service.create("deal", {"name": "x", "score": 3}),
    ):
        with pytest.raises(ValidationFailed) as caught:
            write()
        assert codes(caught) == [("score", code)]
    (row,) = service.bulk_update("deal", [{"id": str(deal), "score": 3}])
    assert [(error.field, error.code) for error in row.errors] == [("score", code)]
    assert RecordQuery(system_actor(), "deal").get(deal)["score"] == 12


def test_a_hidden_required_field_takes_its_default_or_fails_without_its_name(world: World) -> None:
    services.add_field(system_actor(), "deal", FieldInput("must__c", "text", "Must", is_required=True, default="usual"))
    limit(must__c="hidden")
    deal = RecordService(rep(world)).create("deal", {"name": "x"}).id
    assert RecordQuery(system_actor(), "deal").get(deal)["must__c"] == "usual"
    for name in ("must__c", "nothing__c"):
        with pytest.raises(ValidationFailed) as caught:
            RecordService(rep(world)).create("deal", {"name": "x", name: "y"})
        assert codes(caught) == [(name, "unknown_field")]
    services.update_field(system_actor(), "deal", "must__c", default=None)
    for values in ({"name": "x"}, {"name": "x", "must__c": "y"}, {"name": "x", "nothing__c": "y"}):
        with pytest.raises(ValidationFailed) as caught:
            RecordService(rep(world)).create("deal", values)
        sent = [name for name in values if name != "name"]
        assert codes(caught) == [*((name, "unknown_field") for name in sent), (None, "required")]
        assert "must" not in " ".join(error.text for error in caught.value.errors if error.field is None).lower()
    assert assess(rep(world), "deal", {"name": "x"}).failure.errors[0].field is None  # type: ignore[union-attr]


def test_rules_and_conditions_do_not_name_hidden_fields(world: World) -> None:
    rule = ValidationRuleInput("rule__c", "R", 'name = "bad"', "Not {score}!", location="score")
    services.create_validation_rule(system_actor(), "deal", rule)
    services.update_field(system_actor(), "deal", "amount", required_if='name = "rich"', visible_if='name != "z"')
    limit(score="hidden", amount="hidden")
    for name, code in (("bad", "validation_rule_failed"), ("rich", "required")):
        found = assess(rep(world), "deal", {"name": name})
        assert isinstance(found.failure, ValidationFailed)
        assert [(error.field, error.code) for error in found.failure.errors] == [(None, code)]
        assert "12" not in found.failure.errors[0].text
        assert not {"score", "amount"} & {*found.fields, *found.values}


# --- history, search, duplicates ------------------------------------------------------------------------------------
def test_history_tells_as_much_as_the_record(world: World) -> None:
    deal = made(world)
    RecordService(system_actor()).update("deal", deal, {"score": 13, "mail__c": "li@example.com", "name": "Other"})
    limit(score="hidden", mail__c="masked")
    (change, *_rest) = history(rep(world), "deal", deal).entries
    told = {item.name: (item.old, item.new, item.old_text, item.new_text) for item in change.changes}
    assert told == {
        "name": ("Deal", "Other", "Deal", "Other"),
        "mail__c": ("w***@example.com", "l***@example.com", "w***@example.com", "l***@example.com"),
    }


def test_the_history_of_a_deleted_hidden_field_is_gone_for_whom_it_was_hidden(world: World) -> None:
    deal = made(world)
    RecordService(system_actor()).update("deal", deal, {"score": 13})
    limit(score="hidden")
    services.delete_field(system_actor(), "deal", "score")
    customizer = world.actor("rep")
    customizer = type(customizer)(**{**_parts(customizer), "functions": frozenset({"metadata.customize"})})
    assert history(customizer, "deal", deal).entries[0].changes == ()
    assert history(system_actor(), "deal", deal).entries[0].changes[0].new == 13


def _parts(actor: Actor) -> dict[str, Any]:
    from dataclasses import fields

    return {item.name: getattr(actor, item.name) for item in fields(actor) if item.init and item.name != "memo"}


@pytest.mark.parametrize("level", ["masked", "hidden"])
def test_nobody_is_found_by_what_is_kept_from_the_searcher(world: World, level: str) -> None:
    services.update_field(system_actor(), "deal", "mail__c", is_searchable=True)
    deal = made(world)
    index_records(compiled("deal").spec.id, [deal])
    assert found(world, "ming") == [deal]
    limit(mail__c=level)
    assert found(world, "ming") == []
    assert found(world, "Deal") == [deal]
    assert matching_ids(rep(world), "deal", "ming") == []
    assert [hit.subtitle for hit in suggest(rep(world), "deal", "Deal")] == [""]


def found(world: World, text: str) -> list[uuid.UUID]:
    return [hit.id for group in search(rep(world), text) for hit in group.hits]


@pytest.mark.parametrize(("level", "title"), [("masked", "D. o. f."), ("hidden", None)])
def test_hits_are_not_called_by_a_name_that_is_kept_from_the_searcher(
    world: World, level: str, title: str | None
) -> None:
    services.update_field(system_actor(), "deal", "mail__c", is_searchable=True)
    deal = made(world, name="Deal of former")
    index_records(compiled("deal").spec.id, [deal])
    limit(name=level)
    assert found(world, "former") == []
    (hit,) = (hit for group in search(rep(world), "wang.ming") for hit in group.hits)
    assert hit.title == (title or str(deal))
    assert [hit.title for hit in suggest(rep(world), "deal")] == [title or str(deal)]


def test_hits_come_in_no_order_of_hidden_names(world: World) -> None:
    services.update_field(system_actor(), "deal", "mail__c", is_searchable=True)
    first = made(world, name="zhang", mail__c="zhang@a.example")
    second = made(world, name="other", mail__c="zhang@b.example")
    index_records(compiled("deal").spec.id, [first, second])
    assert found(world, "zhang") == [first, second]
    limit(name="hidden")
    assert found(world, "zhang") == [second, first]  # the one changed last


@pytest.mark.parametrize(("level", "told"), [("masked", {"mail__c": "w***@example.com"}), ("hidden", {})])
@pytest.mark.parametrize("is_visible", [True, False])
def test_cards_of_duplicates_tell_as_much_as_the_record(
    world: World, level: str, told: dict[str, str], is_visible: bool
) -> None:
    from metadata.compiler.current import current_snapshot
    from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput
    from objects.duplicates.finding import asks_of
    from objects.duplicates.plan import object_plan
    from objects.duplicates.results import cards

    matcher = {"method": "exact", "fields": ["name"]}
    services.create_matching_rule(system_actor(), "deal", MatchingRuleInput("m__c", "M", "deal", [matcher]))
    rule = DuplicateRuleInput("d__c", "D", ["m__c"], {"create": "warn"}, shown_fields=["mail__c"])
    services.create_duplicate_rule(system_actor(), "deal", rule)
    deal = made(world)
    limit(mail__c=level, name="hidden")
    snapshot = current_snapshot()
    (ask,) = asks_of(object_plan(snapshot, "deal").rules)
    (card,) = cards(rep(world), snapshot, [Match(ask, compiled("deal").spec, deal, 100, is_visible)])
    assert {fact.name: fact.text for fact in card.facts if fact.name == "mail__c"} == told
    assert card.title == ""


# --- taint ------------------------------------------------------------------------------------------------------
def test_what_is_made_of_hidden_fields_is_hidden_step_by_step(world: World) -> None:
    add("twice__c", "score * 2")
    add("more__c", "twice__c + 1")
    add("now__c", "score + 1", storage="virtual")
    add("other__c", "LEN(name)", "integer")
    address = {"template": "https://a.example/{score}"}
    services.add_field(system_actor(), "deal", FieldInput("link__c", "dynamic_url", "Link", settings=address))
    names = ("twice__c", "more__c", "now__c", "link__c")
    assert {sees(world, name) for name in names} == {FieldLevel.EDIT}
    for level in ("masked", "hidden"):
        limit(score=level)
        assert {sees(world, name) for name in names} == {FieldLevel.HIDDEN}
        assert sees(world, "other__c") == FieldLevel.EDIT
    limit(score="read")
    assert {sees(world, name) for name in names} == {FieldLevel.EDIT}


def test_a_formula_that_is_declared_safe_is_read_and_so_is_what_reads_it(world: World) -> None:
    add("band__c", "IF(score > 10, 1, 0)", is_safe=True)
    add("twice__c", "band__c * 2")
    limit(score="hidden")
    assert sees(world, "band__c") == sees(world, "twice__c") == FieldLevel.EDIT
    limit(band__c="hidden")
    assert sees(world, "band__c") == sees(world, "twice__c") == FieldLevel.HIDDEN


def test_what_comes_from_other_records_needs_the_right_to_read_it_there(world: World) -> None:
    services.add_field(
        system_actor(), "deal", FieldInput("branch__c", "lookup_value", "B", settings={"path": "firm.industry"})
    )
    services.add_field(
        system_actor(), "deal", FieldInput("once__c", "copied_value", "O", settings={"path": "firm.industry"})
    )
    for level in ("industry", "name"):
        limit("firm", **{level: "hidden"})
        expected = FieldLevel.HIDDEN if level == "industry" else FieldLevel.EDIT
        assert sees(world, "branch__c") == sees(world, "once__c") == expected
        limit("firm", **{level: "edit"})
    limit(firm_id="masked")
    assert sees(world, "branch__c") == FieldLevel.HIDDEN


@pytest.mark.parametrize("kept", ["quantity", "deal_id", "name"])
def test_a_roll_up_needs_the_summarised_field_its_lookup_and_its_filter(world: World, kept: str) -> None:
    settings = {
        "object": "deal_line",
        "lookup": "deal_id",
        "operation": "sum",
        "field": "quantity",
        "filter": 'name != "x"',
    }
    services.add_field(system_actor(), "deal", FieldInput("pieces__c", "rollup", "P", settings=settings))
    assert sees(world, "pieces__c") == FieldLevel.EDIT
    limit("deal_line", **{kept: "hidden"})
    assert sees(world, "pieces__c") == FieldLevel.HIDDEN


def test_a_roll_up_over_an_unknown_object_is_hidden(world: World) -> None:
    services.add_field(
        system_actor(),
        "secret__c",
        FieldInput("deal__c", "lookup", "Deal", settings={"target": "deal"}),
    )
    settings = {"object": "secret__c", "lookup": "deal__c", "operation": "count"}
    services.add_field(system_actor(), "deal", FieldInput("secrets__c", "rollup", "S", settings=settings))
    assert sees(world, "secrets__c") == FieldLevel.HIDDEN
    assert AccessPolicy.of(world.actor("boss")).field_level(compiled("deal"), "secrets__c") == sees_of_boss(world)


def sees_of_boss(world: World) -> FieldLevel:
    knows = AccessPolicy.of(world.actor("boss")).can("secret__c", "read")
    return FieldLevel.EDIT if knows else FieldLevel.HIDDEN


# --- documents --------------------------------------------------------------------------------------------------
def test_descriptions_know_what_the_caller_knows(world: World) -> None:
    add("safe__c", "score + 1", is_safe=True)
    services.update_field(system_actor(), "deal", "size__c", required_if="score > 3")
    limit(score="hidden", mail__c="masked", stage="masked")
    policy, obj = AccessPolicy.of(rep(world)), compiled("deal")
    told = {item["api_name"]: item for item in describe(policy, obj)["fields"]}
    assert "score" not in told
    assert "score" not in str(told)
    mail, stage = told["mail__c"], told["stage"]
    assert (mail["operators"], mail["is_sortable"], mail["is_editable"], mail["is_masked"]) == ([], False, False, True)
    assert "choices" not in stage
    assert "expression" not in told["safe__c"]["settings"]
    assert told["name"]["is_masked"] is False
    read, create, patch = record_schemas(policy, obj).values()
    assert "score" not in {*read["properties"], *create["properties"], *patch["properties"]}
    assert read["properties"]["mail__c"]["x-masked"] is True
    assert "mail__c" not in create["properties"]
    limit(name="hidden")
    assert describe(AccessPolicy.of(rep(world)), obj)["name_field"] is None
