"""A field that a list view or a layout shows is not deletable, and the admin is told where it is used."""

from __future__ import annotations

import pytest

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict
from layouts.models import ListView, PageLayout
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.dependencies import usages
from metadata.inputs import FieldInput, ObjectInput
from metadata.models import BusinessObject

pytestmark = pytest.mark.django_db


@pytest.fixture
def crates(admin_actor: Actor) -> None:
    fields = [FieldInput(f"{name}__c", "text", name) for name in ("a", "b", "c", "d", "free")]
    services.create_object(admin_actor, ObjectInput("crate__c", "Crate", fields=fields))
    lookup = FieldInput("crate__c", "lookup", "Crate", settings={"target": "crate__c"})
    services.create_object(admin_actor, ObjectInput("item__c", "Item", fields=[lookup]))
    crate, item = (BusinessObject.objects.get(api_name=name) for name in ("crate__c", "item__c"))
    condition = {"and": [{"field": "b__c", "op": "eq", "value": "x"}]}
    ListView.objects.create(object=crate, api_name="v", label="V", columns=["a__c", "gone__c"], conditions=condition)
    ListView.objects.create(object=item, api_name="w", label="W", columns=["name"], order=["-crate__r.c__c"])
    PageLayout.objects.create(object=crate, label="L", sections=[{"label": {}, "fields": ["d__c"]}])


def used(name: str, object_name: str = "crate__c") -> list[str]:
    spec = current_snapshot().object(object_name).spec
    return [f"{usage.kind} {usage.name}" for usage in usages(spec, spec.field_map[name])]


def test_views_and_layouts_are_named(crates: None) -> None:
    assert [len(used(f"{name}__c")) for name in "abcd"] == [1, 1, 1, 1]
    assert used("a__c")[0].endswith("Crate: V")
    assert used("c__c")[0].endswith("Item: W"), "through a lookup"
    assert used("d__c")[0].endswith("Crate: L")
    assert used("free__c") == []
    assert used("crate__c", "item__c")[0].endswith("Item: W"), "the lookup itself"


def test_a_used_field_is_not_deletable(crates: None, admin_actor: Actor) -> None:
    with pytest.raises(StateConflict) as refused:
        services.delete_field(admin_actor, "crate__c", "a__c")
    assert [usage.name for usage in refused.value.details["usages"]] == ["Crate: V"]
    services.delete_field(admin_actor, "crate__c", "free__c")


def test_own_views_hold_nobody_back(crates: None, admin_actor: Actor) -> None:
    crate = BusinessObject.objects.get(api_name="crate__c")
    ListView.objects.create(object=crate, api_name="o", label="O", columns=["free__c"], owner_id=admin_actor.user_id)
    services.delete_field(admin_actor, "crate__c", "free__c")
