"""Groups of users, and the departments to which people belong besides their own."""

from __future__ import annotations

import uuid

import pytest

from crm_platform.audit.models import AuditEntry
from crm_platform.identity import selectors, services
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import AccessVersion, UserGroup
from crm_platform.kit.errors import NotFound, StateConflict, ValidationFailed
from tests.kit import make

pytestmark = pytest.mark.django_db


def names(group):
    return [user.name for user in selectors.members_of(None, group)]


def fields_of(failed):
    return {(error.field, error.code) for error in failed.value.errors}


def test_a_group_is_made_renamed_filled_and_deleted_and_all_of_it_is_told(admin_actor):
    first, second = make.user(name="甲"), make.user(name="乙")
    group = services.create_group(admin_actor, " 投标组 ", description="大项目")
    assert (group.name, group.api_name) == ("投标组", "group_1")
    services.update_group(admin_actor, group.uuid, name="标书组", api_name="bids")
    services.add_group_members(admin_actor, group.uuid, [first.pk])
    services.add_group_members(admin_actor, group.uuid, [first.pk, second.pk])
    assert set(names(group)) == {"甲", "乙"}
    services.remove_group_members(admin_actor, group.uuid, [first.pk])
    assert names(group) == ["乙"]
    services.delete_group(admin_actor, group.uuid)
    assert not UserGroup.objects.exists()
    told = list(AuditEntry.objects.filter(action__startswith="group.").order_by("at").values_list("action", "details"))
    assert [action for action, _details in told] == [
        "group.created",
        "group.changed",
        *["group.members_changed"] * 3,
        "group.deleted",
    ]
    assert told[1][1]["changes"]["name"] == ["投标组", "标书组"]
    assert told[4][1]["changes"]["members"][1] == ["乙"]


def test_members_have_the_group_at_the_next_request(admin_actor):
    user, group = make.user(), services.create_group(admin_actor, "投标组")
    before = AccessVersion.objects.get().number
    services.add_group_members(admin_actor, group.uuid, [user.pk])
    assert group.group_id in build_actor(user, via="console").group_ids
    assert AccessVersion.objects.get().number > before


def test_what_changes_nothing_tells_nothing(admin_actor):
    user, group = make.user(), services.create_group(admin_actor, "投标组")
    services.set_group_members(admin_actor, group.uuid, [user.pk])
    told, version = AuditEntry.objects.count(), AccessVersion.objects.get().number
    services.set_group_members(admin_actor, group.uuid, [user.pk])
    services.update_group(admin_actor, group.uuid, name="投标组")
    assert (AuditEntry.objects.count(), AccessVersion.objects.get().number) == (told, version)


def test_mistakes_are_named(admin_actor):
    services.create_group(admin_actor, "投标组", api_name="bids")
    with pytest.raises(ValidationFailed) as failed:
        services.create_group(admin_actor, "投标组", api_name="bids", description="x" * 501)
    assert fields_of(failed) == {("name", "not_unique"), ("api_name", "not_unique"), ("description", "too_long")}
    group = UserGroup.objects.get()
    with pytest.raises(ValidationFailed) as failed:
        services.add_group_members(admin_actor, group.uuid, [uuid.uuid4()])
    assert fields_of(failed) == {("members", "invalid_reference")}
    with pytest.raises(NotFound):
        services.delete_group(admin_actor, uuid.uuid4())


def test_a_group_with_which_records_are_shared_stays(admin_actor):
    from metadata import services as model
    from metadata.inputs import ObjectInput
    from metadata.models import BusinessObject
    from objects.access.models import SharingRule

    model.create_object(admin_actor, ObjectInput("ticket__c", "工单"))
    group = services.create_group(admin_actor, "投标组")
    SharingRule.objects.create(
        business_object=BusinessObject.objects.get(api_name="ticket__c"),
        label="标书",
        kind="owner",
        owned_by="everyone",
        shared_with=f"group:{group.uuid}",
    )
    with pytest.raises(StateConflict, match="标书"):
        services.delete_group(admin_actor, group.uuid)


def test_other_departments_come_and_go_with_a_title(admin_actor):
    user, north = make.user(), make.department("北区")
    services.add_user_department(admin_actor, user.pk, north.pk, title=" 顾问 ")
    services.add_user_department(admin_actor, user.pk, north.pk, title="代理")
    assert [(row.department.name, row.title) for row in user.other_departments.all()] == [("北区", "代理")]
    services.remove_user_department(admin_actor, user.pk, north.pk)
    services.remove_user_department(admin_actor, user.pk, north.pk)
    assert not user.other_departments.exists()
    told = AuditEntry.objects.filter(action="user.departments_changed").order_by("at").values_list("details", flat=True)
    assert [item["changes"]["departments"] for item in told] == [
        [[], ["北区 (顾问)"]],
        [["北区 (顾问)"], ["北区 (代理)"]],
        [["北区 (代理)"], []],
    ]


def test_the_own_or_a_closed_department_is_no_other_one(admin_actor):
    user, closed = make.user(), make.department(is_active=False)
    for department, code in ((user.department, "not_unique"), (closed, "invalid_reference")):
        with pytest.raises(ValidationFailed) as failed:
            services.add_user_department(admin_actor, user.pk, department.pk)
        assert fields_of(failed) == {("department", code)}


def test_another_department_that_becomes_the_own_one_is_no_longer_another(admin_actor):
    user, north = make.user(), make.department("北区")
    services.add_user_department(admin_actor, user.pk, north.pk)
    services.update_user(admin_actor, user.pk, department=north)
    assert not user.other_departments.exists()
