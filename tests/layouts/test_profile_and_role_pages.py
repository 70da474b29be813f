"""What the pages of profiles, permission sets and roles save, and what they refuse."""

from __future__ import annotations

import uuid
from typing import Any

from django.urls import reverse

from crm_platform.identity.models import PermissionSet, Profile, Role
from crm_platform.identity.services import create_permission_set, create_profile
from crm_platform.kit.context import system_actor
from objects.access.field_grants import FieldLevel
from objects.access.rules import Reach
from objects.access.services.field_levels import field_levels_for
from objects.access.services.grants import grants_matrix
from objects.access.services.role_scopes import scope_table
from tests.kit.clients import OrganizationClient
from tests.objects.world import World


def texts_of(answer: Any) -> str:
    html: str = answer.content.decode()
    return html


def test_a_profile_is_copied_renamed_and_deleted(admin: OrganizationClient, crm: World) -> None:
    source = Profile.objects.get(api_name="sales_rep")
    page = texts_of(admin.get(reverse("profile-new") + f"?source={source.uuid}"))
    assert f"{source.name}（副本）" in page
    taken = admin.post(reverse("profile-new"), {"name": source.name, "source": str(source.uuid)})
    assert taken.status_code == 422 and "名称已被使用" in texts_of(taken)
    admin.post(reverse("profile-new"), {"name": "见习", "source": str(source.uuid)})
    made = Profile.objects.select_related("group").get(name="见习")
    assert grants_matrix(system_actor(), made) == grants_matrix(system_actor(), source)

    given = {"name": "见习二", "api_name": "trainee", "function": ["identity.view_system"]}
    assert admin.post(reverse("profile", args=[made.uuid]), given).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.api_name) == ("见习二", "trainee")
    assert list(made.group.permissions.values_list("codename", flat=True)) == ["view_system"]
    admin.post(reverse("profile-delete", args=[made.uuid]))
    assert not Profile.objects.filter(pk=made.pk).exists()
    refused = admin.post(reverse("profile-delete", args=[source.uuid]), follow=True)
    assert "正在被使用" in texts_of(refused) and Profile.objects.filter(pk=source.pk).exists()


def test_the_right_to_manage_users_is_not_given_away_by_all(admin: OrganizationClient, crm: World) -> None:
    row = Profile.objects.get(api_name="administrator")
    answer = admin.post(reverse("profile", args=[row.uuid]), {"name": "换了名", "api_name": row.api_name})
    assert answer.status_code == 422
    row.refresh_from_db()
    assert row.name != "换了名" and row.group.permissions.filter(codename="manage_users").exists()


def test_the_matrix_of_objects_is_saved_as_it_was_sent(admin: OrganizationClient, crm: World) -> None:
    row = Profile.objects.get(api_name="sales_rep")
    before = grants_matrix(system_actor(), row)
    url = reverse("profile-objects", args=[row.uuid])
    admin.post(url, {"object": ["lead", "account", "gone__c"], "edit": ["lead", "gone__c"], "fly": ["lead"]})
    after = grants_matrix(system_actor(), row)
    assert (after["lead"], after["account"]) == (("read", "edit"), ())
    assert {name: actions for name, actions in after.items() if name not in ("lead", "account")} == {
        name: actions for name, actions in before.items() if name not in ("lead", "account")
    }


def test_levels_of_fields_are_saved_and_all_hidden_is_refused(admin: OrganizationClient, crm: World) -> None:
    row = create_profile(system_actor(), "无权")
    url = reverse("profile-fields", args=[row.uuid, "account"])
    assert "对象本身没有读取权限" in texts_of(admin.get(url))
    admin.post(reverse("profile-objects", args=[row.uuid]), {"object": ["account"], "read": ["account"]})
    admin.post(url, {"field.website": "hidden", "field.phone": "masked"})
    levels = field_levels_for(system_actor(), row, "account")
    assert (levels["website"], levels["phone"], levels["name"]) == (
        FieldLevel.HIDDEN,
        FieldLevel.MASKED,
        FieldLevel.EDIT,
    )
    refused = admin.post(url, {f"field.{name}": "hidden" for name in levels})
    assert refused.status_code == 422 and 'role="alert"' in texts_of(refused)
    assert admin.get(reverse("profile-fields", args=[row.uuid, "nowhere"])).status_code == 404


def test_users_are_given_a_permission_set_and_no_profile(admin: OrganizationClient, crm: World) -> None:
    row, rep = create_permission_set(system_actor(), "导出"), crm.users["rep"]
    url = reverse("permission-set-members", args=[row.uuid])
    assert admin.post(url, {"users": [str(rep.pk), "nonsense"]}).status_code == 302
    assert list(row.group.user_set.all()) == [rep]
    assert rep.name in texts_of(admin.get(url))
    admin.post(url, {"users": [str(uuid.uuid4())]})
    assert list(row.group.user_set.all()) == [rep]
    profile = reverse("profile-members", args=[Profile.objects.get(api_name="sales_rep").uuid])
    assert admin.post(profile, {"users": []}).status_code == 405
    refused = admin.post(reverse("permission-set-delete", args=[row.uuid]), follow=True)
    assert rep.name in texts_of(refused) and PermissionSet.objects.filter(pk=row.pk).exists()


def test_a_role_is_saved_with_its_scopes_or_not_at_all(admin: OrganizationClient, crm: World) -> None:
    department = crm.departments["city"]
    given = {
        "name": "组长",
        "data_scope": "department",
        "contact_scope": "chosen",
        "contact_departments": [department.pk],
    }
    assert admin.post(reverse("role-new"), {**given, "contact_departments": []}).status_code == 422
    assert admin.post(reverse("role-new"), given).status_code == 302
    row = Role.objects.get(name="组长")
    url = reverse("role", args=[row.uuid])
    given |= {"api_name": "leader", "scope.lead.read": "chosen", "departments.lead.read": [str(department.pk), "x"]}
    refused = admin.post(url, {**given, "scope.account.edit": "all"})
    assert refused.status_code == 422 and "看不到的记录无法操作" in texts_of(refused)
    assert department.name in texts_of(refused)  # what was chosen is still there
    row.refresh_from_db()
    assert row.api_name != "leader" and scope_table(system_actor(), row) == {}

    assert admin.post(url, {**given, "scope.account.edit": "own", "hides_contact_details": "on"}).status_code == 302
    row.refresh_from_db()
    assert (row.api_name, row.hides_contact_details) == ("leader", True)
    assert scope_table(system_actor(), row) == {
        "lead": {"read": Reach("chosen", (department.pk,))},
        "account": {"edit": Reach("own")},
    }
    admin.post(url, {**given, "scope.lead.read": "", "scope.account.edit": ""})
    assert scope_table(system_actor(), row) == {}


def test_a_role_is_copied_and_deleted_while_nobody_has_it(admin: OrganizationClient, crm: World) -> None:
    source = Role.objects.get(api_name="individual")
    for name in (f"{source.name}（副本）", f"{source.name}（副本 2）"):
        admin.post(reverse("role-copy", args=[source.uuid]))
        assert Role.objects.filter(name=name, parent=source.parent, data_scope="own").exists()
    copy = Role.objects.get(name=f"{source.name}（副本）")
    admin.post(reverse("role-delete", args=[copy.uuid]))
    assert not Role.objects.filter(pk=copy.pk).exists()
    refused = admin.post(reverse("role-delete", args=[source.uuid]), follow=True)
    assert "正在被使用" in texts_of(refused) and Role.objects.filter(pk=source.pk).exists()
