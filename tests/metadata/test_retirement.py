"""A field's way out: deprecated, then deleted, then purged; at every step it can be brought back but the last."""

from __future__ import annotations

import pytest

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from layouts.generated import layout, list_columns
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService

pytestmark = pytest.mark.django_db


@pytest.fixture
def crate(admin_actor: Actor) -> None:
    fields = [
        FieldInput("kind__c", "text", "Kind", is_required=True),
        FieldInput("code__c", "text", "Code", is_unique=True, unique_scope=["kind__c"]),
        FieldInput("free__c", "text", "Free"),
    ]
    services.create_object(admin_actor, ObjectInput("crate__c", "Crate", fields=fields))


def test_a_deprecated_field_is_read_but_not_written_nor_offered(crate: None, admin_actor: Actor) -> None:
    service = RecordService(admin_actor)
    record = service.create("crate__c", {"name": "a", "kind__c": "x"}).id
    services.update_field(admin_actor, "crate__c", "kind__c", is_deprecated=True)
    with pytest.raises(ValidationFailed) as refused:
        service.update("crate__c", record, {"kind__c": "y"})
    assert refused.value.errors[0].code == "read_only_field"
    service.create("crate__c", {"name": "b"})
    assert RecordQuery(admin_actor, "crate__c").get(record)["kind__c"] == "x"
    spec = current_snapshot().object("crate__c").spec
    assert "kind__c" not in list_columns(spec)
    shown = {name for section in layout(spec, current_snapshot().spec).sections for name in section.fields}
    assert "kind__c" not in shown
    assert "free__c" in shown
    services.update_field(admin_actor, "crate__c", "kind__c", is_deprecated=False)
    assert service.update("crate__c", record, {"kind__c": "y"}).version == 2


def test_what_records_can_not_be_without_is_not_deprecated(crate: None, admin_actor: Actor) -> None:
    with pytest.raises(ValidationFailed) as refused:
        services.update_field(admin_actor, "crate__c", "name", is_deprecated=True)
    assert refused.value.errors[0].field == "is_deprecated"


def test_a_field_within_which_another_is_unique_is_used(crate: None, admin_actor: Actor) -> None:
    with pytest.raises(StateConflict) as refused:
        services.delete_field(admin_actor, "crate__c", "kind__c")
    assert [usage.name for usage in refused.value.details["usages"]] == ["Crate · Code"]
