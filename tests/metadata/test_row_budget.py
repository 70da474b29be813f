"""What the byte budget of tables lets through can be written, even when no value is long enough to be moved out."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, Labels, ObjectSpec
from metadata.ddl.budget import check_budget, row_bytes
from metadata.ddl.layout import MAIN, SECOND
from metadata.field_types import field_types
from metadata.field_types.base import INLINE_BYTES
from metadata.inputs import FieldInput, ObjectInput
from metadata.limits import FIELDS_PER_OBJECT, ROW_BYTES, SECOND_ROW_BYTES, SYSTEM_ROW_BYTES, TEXT_BYTES
from metadata.models import BusinessField
from objects.records.service import RecordService
from tests.kit.field_specs import field_spec

# With its header the longest value that PostgreSQL leaves inside the row, whatever the row's size.
STUBBORN = "x" * (INLINE_BYTES - 1)


def wide_object(count: int) -> ObjectInput:
    fields = [FieldInput(f"t{number}__c", "text", f"t{number}", settings={"max_length": 60}) for number in range(count)]
    return ObjectInput("wide__c", "Wide", fields=[FieldInput("name", "text", "Name", is_custom=False), *fields])


def texts(count: int, part: int) -> ObjectSpec:
    """Return the spec of an object with that many texts in one of its tables."""
    fields = tuple(
        FieldSpec(n, None, f"t{n}", "text", Labels(), settings=field_spec("text").settings, part=part)
        for n in range(1, count + 1)
    )
    return ObjectSpec(1, uuid.UUID(int=1), "wide__c", Labels(), Labels(), fields)


@pytest.mark.django_db
def test_fullest_record_that_the_limits_allow_can_be_written(admin_actor: Actor) -> None:
    assert field_types.get("text").columns(field_spec("text", {"max_length": 60}))[0].width == INLINE_BYTES
    most = FIELDS_PER_OBJECT - 1  # the name field is one
    services.create_object(admin_actor, wide_object(most))
    spec = current_snapshot().object("wide__c").spec
    assert TEXT_BYTES - INLINE_BYTES < row_bytes(spec, MAIN) <= TEXT_BYTES
    values = {"name": STUBBORN, **{f"t{number}__c": STUBBORN for number in range(most)}}
    saved = RecordService(admin_actor).create("wide__c", values)
    assert {saved.record.value(f"t{number}__c") for number in range(most)} == {STUBBORN}


@pytest.mark.django_db
def test_room_that_texts_leave_is_taken_by_what_must_be_in_the_record_table(admin_actor: Actor) -> None:
    services.create_object(admin_actor, wide_object(300))
    for given in (
        FieldInput("boss__c", "user", "Boss"),
        FieldInput("code__c", "text", "Code", is_unique=True),
        FieldInput("size__c", "integer", "Size"),
        FieldInput("kind__c", "text", "Kind", is_indexed=True),
        FieldInput("done__c", "checkbox", "Done"),
        FieldInput("memo__c", "long_text", "Memo"),
    ):
        services.add_field(admin_actor, "wide__c", given)
    parts = dict(BusinessField.objects.filter(business_object__api_name="wide__c").values_list("api_name", "part"))
    assert [parts[name] for name in ("boss__c", "code__c", "size__c", "kind__c", "done__c")] == [MAIN] * 5
    assert (parts["name"], parts["t0__c"], parts["t299__c"], parts["memo__c"]) == (MAIN, MAIN, SECOND, SECOND)


@pytest.mark.django_db
def test_a_field_of_the_second_table_can_be_indexed_but_not_unique(admin_actor: Actor) -> None:
    services.create_object(admin_actor, wide_object(300))
    services.update_field(admin_actor, "wide__c", "t299__c", is_indexed=True)
    assert current_snapshot().object("wide__c").field("t299__c").spec.is_indexed
    with pytest.raises(ValidationFailed) as refused:
        services.update_field(admin_actor, "wide__c", "t299__c", is_unique=True)
    assert refused.value.errors[0].field == "is_unique"


@pytest.mark.parametrize(("part", "own"), [(MAIN, SYSTEM_ROW_BYTES), (SECOND, SECOND_ROW_BYTES)])
def test_one_field_more_than_a_table_holds_is_refused(part: int, own: int) -> None:
    most = (ROW_BYTES - own) // INLINE_BYTES
    check_budget(texts(most, part), part, None)
    with pytest.raises(ValidationFailed) as refused:
        check_budget(texts(most + 1, part), part, None)
    assert refused.value.errors[0].code == "quota_exceeded"
    assert row_bytes(replace(texts(most, part), fields=()), part) == own
