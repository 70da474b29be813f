"""Trees of records: paths follow what moves, circles are refused, and the picker knows where a record can go."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from crm_platform.identity.models import User
from crm_platform.kit.errors import ValidationFailed
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records import hierarchy
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient

pytestmark = pytest.mark.django_db

OBJECT, PARENT = "site__c", "parent__c"


@pytest.fixture
def admin(actor_for: Any) -> Any:
    """An administrator of sites that form a tree."""
    actor = actor_for(make.user(role="everything", profile="administrator"))
    services.create_object(actor, ObjectInput(OBJECT, {"en": "Site"}))
    services.add_field(actor, OBJECT, FieldInput(PARENT, "hierarchy", {"en": "Parent"}, settings={"target": OBJECT}))
    return actor


def site(actor: Any, name: str, parent: Any = None) -> uuid.UUID:
    return RecordService(actor).create(OBJECT, {"name": name, PARENT: parent and str(parent)}).id


def move(actor: Any, record_id: Any, parent: Any) -> Any:
    return RecordService(actor).update(OBJECT, record_id, {PARENT: parent and str(parent)})


def found(actor: Any, operator: str, record_id: Any) -> set[str]:
    query = RecordQuery(actor, OBJECT).where(Condition(PARENT, operator, str(record_id)))
    return {row[0] for row in query.fields("name").page(100).rows}


@pytest.fixture
def tree(admin: Any) -> dict[str, uuid.UUID]:
    """world > asia > china > shanghai, world > europe."""
    made = {"world": site(admin, "world")}
    for name, parent in (("asia", "world"), ("europe", "world"), ("china", "asia"), ("shanghai", "china")):
        made[name] = site(admin, name, made[parent])
    return made


def test_under_and_above_follow_the_tree(admin: Any, tree: dict[str, uuid.UUID]) -> None:
    assert found(admin, "under", tree["asia"]) == {"asia", "china", "shanghai"}
    assert found(admin, "under", tree["world"]) == set(tree)
    assert found(admin, "above", tree["shanghai"]) == {"world", "asia", "china"}
    assert found(admin, "above", tree["world"]) == set()


def test_a_branch_takes_everything_below_along(admin: Any, tree: dict[str, uuid.UUID]) -> None:
    move(admin, tree["china"], tree["europe"])
    assert found(admin, "under", tree["asia"]) == {"asia"}
    assert found(admin, "under", tree["europe"]) == {"europe", "china", "shanghai"}
    assert found(admin, "above", tree["shanghai"]) == {"world", "europe", "china"}
    move(admin, tree["china"], None)
    assert found(admin, "above", tree["shanghai"]) == {"china"}


@pytest.mark.parametrize("below", ["asia", "china", "shanghai"])
def test_nothing_goes_below_itself(admin: Any, tree: dict[str, uuid.UUID], below: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        move(admin, tree["asia"], tree[below])
    assert [(error.field, error.code) for error in refused.value.errors] == [(PARENT, "invalid_reference")]


def test_moves_of_one_batch_are_seen_together(admin: Any, tree: dict[str, uuid.UUID]) -> None:
    service = RecordService(admin)
    swap = [
        {"id": str(tree["asia"]), PARENT: str(tree["europe"])},
        {"id": str(tree["europe"]), PARENT: str(tree["asia"])},
    ]
    assert {error.code for result in service.bulk_update(OBJECT, swap) for error in result.errors} == {
        "invalid_reference"
    }
    turned = [
        {"id": str(tree["china"]), PARENT: None},
        {"id": str(tree["asia"]), PARENT: str(tree["china"])},
    ]
    assert not any(result.errors for result in service.bulk_update(OBJECT, turned))
    assert found(admin, "above", tree["asia"]) == {"china"}
    assert found(admin, "under", tree["china"]) == {"china", "asia", "shanghai"}


def test_a_tree_is_not_deeper_than_can_be_read(admin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hierarchy, "MAX_DEPTH", 3)
    last = site(admin, "c", site(admin, "b", site(admin, "a")))
    with pytest.raises(ValidationFailed) as refused:
        site(admin, "d", last)
    assert [error.code for error in refused.value.errors] == ["out_of_range"]


def test_purging_a_record_makes_roots_of_those_below(admin: Any, tree: dict[str, uuid.UUID]) -> None:
    RecordService(admin).purge(RecordService(admin).delete(OBJECT, tree["asia"]))
    assert found(admin, "under", tree["world"]) == {"world", "europe"}
    assert found(admin, "above", tree["shanghai"]) == {"china"}


def test_a_large_branch_is_brought_up_to_date_by_a_job(
    admin: Any, tree: dict[str, uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    from crm_platform.jobs.models import Job

    monkeypatch.setattr(hierarchy, "MOVED_AT_ONCE", 1)
    move(admin, tree["asia"], tree["europe"])
    job = Job.objects.get(kind=hierarchy.KIND)
    assert found(admin, "above", tree["asia"]) == {"world", "europe"}
    spec = RecordQuery(admin, OBJECT).object.spec
    hierarchy.rebuild(spec, spec.field_map[PARENT], [uuid.UUID(item) for item in job.args["roots"]])
    assert found(admin, "above", tree["shanghai"]) == {"world", "europe", "asia", "china"}


def test_it_points_at_its_own_object(admin: Any) -> None:
    services.create_object(admin, ObjectInput("other__c", {"en": "Other"}))
    with pytest.raises(ValidationFailed) as refused:
        services.add_field(admin, "other__c", FieldInput("up__c", "hierarchy", "Up", settings={"target": OBJECT}))
    assert [error.field for error in refused.value.errors] == ["settings.target"]


def test_picker_leaves_out_the_record_and_what_is_below(
    admin: Any, tree: dict[str, uuid.UUID], client: OrganizationClient
) -> None:
    client.force_login(User.objects.get(pk=admin.user_id))
    html = client.get(f"/o/{OBJECT}/{tree['asia']}/edit").content.decode()
    assert f"record={tree['asia']}" in html
    answer = client.get(f"/lookup/{OBJECT}", {"for": f"{OBJECT}.{PARENT}", "record": str(tree["asia"])})
    assert {item["name"] for item in answer.json()["results"]} == {"world", "europe"}
    of_new = client.get(f"/lookup/{OBJECT}", {"for": f"{OBJECT}.{PARENT}"})
    assert {item["name"] for item in of_new.json()["results"]} == set(tree)
