"""What the byte budget of a record lets through can be written, even when no value is long enough to be moved out."""

from __future__ import annotations

import pytest

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.field_types import field_types
from metadata.field_types.base import INLINE_BYTES
from metadata.inputs import FieldInput, ObjectInput
from metadata.limits import ROW_BYTES, SYSTEM_ROW_BYTES
from objects.records.service import RecordService
from tests.kit.field_specs import field_spec

pytestmark = pytest.mark.django_db

MOST = (ROW_BYTES - SYSTEM_ROW_BYTES) // INLINE_BYTES - 1  # the name field takes one, too
# With its header the longest value that PostgreSQL leaves inside the row, whatever the row's size.
STUBBORN = "x" * (INLINE_BYTES - 1)


def wide_object(count: int) -> ObjectInput:
    fields = [FieldInput(f"t{number}__c", "text", f"t{number}", settings={"max_length": 60}) for number in range(count)]
    return ObjectInput("wide__c", "Wide", fields=[FieldInput("name", "text", "Name", is_custom=False), *fields])


def test_fullest_record_that_the_budget_allows_can_be_written(admin_actor: Actor) -> None:
    assert field_types.get("text").columns(field_spec("text", {"max_length": 60}))[0].width == INLINE_BYTES
    services.create_object(admin_actor, wide_object(MOST))
    values = {"name": STUBBORN, **{f"t{number}__c": STUBBORN for number in range(MOST)}}
    saved = RecordService(admin_actor).create("wide__c", values)
    assert saved.record.value(f"t{MOST - 1}__c") == STUBBORN


def test_one_field_more_is_refused(admin_actor: Actor) -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.create_object(admin_actor, wide_object(MOST + 1))
    assert refused.value.errors[0].code == "quota_exceeded"
