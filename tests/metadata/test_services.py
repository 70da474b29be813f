"""Building a data model through the services: what is made, what is refused, what can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, StateConflict, ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot, current_version, load_version
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import SchemaVersion

pytestmark = pytest.mark.django_db

ORDER = ObjectInput("work_order__c", {"zh-hans": "派工单", "en": "Work order"})


def codes(failed: pytest.ExceptionInfo[ValidationFailed]) -> set[tuple[str | None, str]]:
    return {(error.field, error.code) for error in failed.value.errors}


def columns(table: str) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            [connection.schema_name, table],
        )
        return {row[0] for row in cursor.fetchall()}


def test_a_new_object_has_a_table_a_name_field_and_a_version(admin_actor: Actor) -> None:
    before = current_version()
    row = services.create_object(admin_actor, ORDER)
    compiled = current_snapshot().object("work_order__c")
    assert compiled.table == f"o_{row.id}"
    assert compiled.name_field.spec.type == "text"
    assert {"id", "version", "owner_id", "deletion_id", f"c_{compiled.name_field.spec.id}"} <= columns(compiled.table)
    assert current_version() > before
    assert compiled.spec.label.text("zh-hans") == "派工单"


def test_a_new_field_is_a_column_and_a_member_of_the_snapshot(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    row = services.add_field(admin_actor, "work_order__c", FieldInput("title__c", "text", "标题"))
    compiled = current_snapshot().object("work_order__c")
    assert compiled.field("title__c").main.column == f"c_{row.id}"
    assert f"c_{row.id}" in columns(compiled.table)


def test_every_version_keeps_its_whole_spec(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    first = current_version()
    services.add_field(admin_actor, "work_order__c", FieldInput("title__c", "text", "标题"))
    assert "title__c" not in load_version(first).object_map["work_order__c"].field_map
    assert "title__c" in load_version(current_version()).object_map["work_order__c"].field_map


def test_a_change_that_changes_nothing_makes_no_version(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    before = SchemaVersion.objects.count()
    services.update_object(admin_actor, "work_order__c", icon="box")
    assert SchemaVersion.objects.count() == before


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("", "invalid_type"),
        ("Order__c", "invalid_type"),
        ("派工单__c", "invalid_type"),
        ('users"; drop table x__c', "invalid_type"),
        ("order", "invalid_type"),
        ("a__b__c", "invalid_type"),
        ("x" * 38 + "__c", "invalid_type"),
        ("user__c", "invalid_choice"),
        (None, "invalid_type"),
        (17, "invalid_type"),
    ],
)
def test_bad_object_names_are_refused_with_a_reason(admin_actor: Actor, name: Any, code: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        services.create_object(admin_actor, ObjectInput(name, "x"))
    assert ("api_name", code) in codes(failed)


@pytest.mark.parametrize("label", ["a\x00b", "\u202eevil", "", "x" * 81])
def test_bad_labels_are_refused(admin_actor: Actor, label: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        services.create_object(admin_actor, ObjectInput("thing__c", label))
    assert any(field == "label" for field, _code in codes(failed))


def test_emoji_and_quotes_in_labels_are_fine(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ObjectInput("thing__c", 'O\'Neil "🎉" <b>'))
    assert current_snapshot().object("thing__c").spec.label.text("en") == 'O\'Neil "🎉" <b>'


def test_a_taken_name_a_missing_target_and_an_unknown_type_are_all_named(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    with pytest.raises(ValidationFailed) as failed:
        services.create_object(admin_actor, ORDER)
    assert codes(failed) == {("api_name", "not_unique")}
    with pytest.raises(ValidationFailed) as failed:
        services.add_field(
            admin_actor, "work_order__c", FieldInput("a__c", "lookup", "x", settings={"target": "nowhere__c"})
        )
    assert ("settings.target", "invalid_reference") in codes(failed)
    with pytest.raises(ValidationFailed) as failed:
        services.add_field(admin_actor, "work_order__c", FieldInput("owner_id__c", "magic", "x"))
    assert ("type", "invalid_choice") in codes(failed)


def test_system_fields_can_not_be_shadowed(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    for name in ("id__c", "version__c", "owner_id__c", "deleted_at__c"):
        with pytest.raises(ValidationFailed):
            services.add_field(admin_actor, "work_order__c", FieldInput(name, "text", "x"))


def test_a_field_beyond_the_row_is_refused_before_anything_is_written(admin_actor: Actor) -> None:
    fields = [FieldInput(f"n{i}__c", "currency", f"n{i}") for i in range(480)]
    services.create_object(admin_actor, ORDER)
    before = current_version()
    with pytest.raises(ValidationFailed) as failed:
        services.apply_changes(
            admin_actor,
            services.batch.SchemaChange(fields=[("work_order__c", field) for field in fields]),
            summary="too wide",
        )
    assert ("type", "quota_exceeded") in codes(failed)
    assert current_version() == before


def test_only_who_may_customise_can(actor_for: Any) -> None:
    from tests.kit import make

    with pytest.raises(Forbidden):
        services.create_object(actor_for(make.user()), ORDER)


def test_texts_widen_and_never_narrow(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    services.add_field(admin_actor, "work_order__c", FieldInput("t__c", "text", "t", settings={"max_length": 20}))
    services.update_field(admin_actor, "work_order__c", "t__c", settings={"max_length": 40})
    assert current_snapshot().object("work_order__c").field("t__c").spec.settings["max_length"] == 40
    with pytest.raises(ValidationFailed):
        services.update_field(admin_actor, "work_order__c", "t__c", settings={"max_length": 10})
    with pytest.raises(ValidationFailed):
        services.update_field(admin_actor, "work_order__c", "t__c", type="integer")


def test_deleting_a_field_hides_it_and_restoring_brings_it_back(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    row = services.add_field(admin_actor, "work_order__c", FieldInput("t__c", "text", "t"))
    services.delete_field(admin_actor, "work_order__c", "t__c")
    compiled = current_snapshot().object("work_order__c")
    assert "t__c" not in compiled.fields
    assert f"c_{row.id}" in columns(compiled.table)
    with pytest.raises(ValidationFailed):
        services.add_field(admin_actor, "work_order__c", FieldInput("t__c", "text", "t"))
    services.restore_field(admin_actor, "work_order__c", "t__c")
    assert current_snapshot().object("work_order__c").field("t__c").spec.id == row.id


def test_the_name_field_and_system_fields_stay(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    with pytest.raises(StateConflict):
        services.delete_field(admin_actor, "work_order__c", "name")
    with pytest.raises(NotFound):
        services.delete_field(admin_actor, "work_order__c", "owner_id")


def test_an_object_that_others_look_up_to_can_not_be_deleted(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    part = ObjectInput(
        "part__c",
        "备件",
        fields=[FieldInput("order__c", "lookup", "派工单", settings={"target": "work_order__c"})],
    )
    services.create_object(admin_actor, part)
    with pytest.raises(StateConflict):
        services.delete_object(admin_actor, "work_order__c")
    services.delete_object(admin_actor, "part__c")
    services.delete_object(admin_actor, "work_order__c")
    assert "work_order__c" not in current_snapshot().spec.object_map
    services.restore_object(admin_actor, "work_order__c")
    assert current_snapshot().object("work_order__c").name_field


def test_masters_form_no_circle(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    line = FieldInput("order__c", "master_detail", "派工单", settings={"target": "work_order__c"})
    services.create_object(admin_actor, ObjectInput("line__c", "明细", fields=[line]))
    back = FieldInput("line__c", "master_detail", "明细", settings={"target": "line__c"})
    with pytest.raises(ValidationFailed):
        services.add_field(admin_actor, "work_order__c", back)


def test_choices_keep_their_order_and_retire_instead_of_vanishing(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    choices = [ChoiceInput("new", {"zh-hans": "新建", "en": "New"}, "blue"), ChoiceInput("done", "完成")]
    services.add_field(admin_actor, "work_order__c", FieldInput("state__c", "picklist", "状态", choices=choices))
    services.update_choices(admin_actor, "work_order__c.state__c", [choices[1], ChoiceInput("late", "超时")])
    choice_set = current_snapshot().object("work_order__c").field("state__c").spec.choice_set
    assert choice_set is not None
    assert [(c.value, c.is_active) for c in choice_set.choices] == [("done", True), ("late", True), ("new", False)]
    assert choice_set.by_value["new"].label.text("zh-hans") == "新建"


def test_more_choices_than_allowed_or_bad_values_are_refused(admin_actor: Actor) -> None:
    services.create_object(admin_actor, ORDER)
    many = [ChoiceInput(f"v{i}", f"v{i}") for i in range(3_001)]
    for choices in (many, [ChoiceInput("a", "a"), ChoiceInput("a", "b")], [ChoiceInput("a,b", "x")]):
        with pytest.raises(ValidationFailed):
            services.add_field(admin_actor, "work_order__c", FieldInput("s__c", "picklist", "s", choices=choices))


def test_all_mistakes_of_a_new_object_are_reported_together(admin_actor: Actor) -> None:
    fields = [FieldInput("bad", "text", "x"), FieldInput("good__c", "text", ""), FieldInput("t__c", "nope", "x")]
    with pytest.raises(ValidationFailed) as failed:
        services.create_object(admin_actor, ObjectInput("thing__c", "x", fields=fields))
    assert {field for field, _code in codes(failed)} == {"fields.1.api_name", "fields.2.label", "fields.3.type"}


def test_a_master_detail_field_keeps_its_master_while_its_parameters_change(admin_actor: Actor) -> None:
    for name in ("whole__c", "piece__c"):
        services.create_object(admin_actor, ObjectInput(name, name))
    services.add_field(
        admin_actor, "piece__c", FieldInput("whole__c", "master_detail", "整体", settings={"target": "whole__c"})
    )
    settings = {"target": "whole__c", "related_label": {"en": "Pieces"}}
    services.update_field(admin_actor, "piece__c", "whole__c", settings=settings)
    field = current_snapshot().object("piece__c").field("whole__c").spec
    assert field.settings["related_label"]["en"] == "Pieces"
    second = FieldInput("other__c", "master_detail", "第二", settings={"target": "whole__c"})
    with pytest.raises(ValidationFailed):
        services.add_field(admin_actor, "piece__c", second)
