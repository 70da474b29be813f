"""The identity pages: who may open them, what their forms do, in which language they speak."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from crm_platform.identity.models import Department, OrganizationSettings, User
from tests.kit import make

READ = ["users", "user-new", "departments", "department-new", "organization-settings"]
ONE = ["user-edit", "user-password", "department-edit"]
POST = ["user-deactivate", "user-reactivate", "department-close", "department-reopen"]


@pytest.fixture
def urls(db):
    user, department = make.user(), make.department()
    ids = {name: department.pk if name.startswith("department") else user.pk for name in ONE + POST}
    return {name: reverse(name, args=[ids[name]] if name in ids else []) for name in READ + ONE + POST}


@pytest.mark.parametrize("name", READ + ONE + POST)
def test_page_sends_strangers_to_sign_in(client, urls, name):
    response = client.post(urls[name]) if name in POST else client.get(urls[name])
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("sign-in"))
    assert name in POST or f"next={urls[name].replace('/', '%2F')}" in response["Location"]


@pytest.mark.parametrize("name", READ + ONE + POST)
def test_page_refuses_who_lacks_the_function(client, urls, name):
    client.force_login(make.user(profile="sales_manager"))
    assert (client.post(urls[name]) if name in POST else client.get(urls[name])).status_code == 403
    if name not in POST and name not in ("users", "departments"):
        assert client.post(urls[name]).status_code == 403


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", READ + ONE)
def test_page_renders_without_inline_code_in_both_languages(admin_client, urls, name, language):
    User.objects.filter(username="admin").update(language=language)
    response = admin_client.get(urls[name])
    page = response.content.decode()
    assert response.status_code == 200
    assert response["Content-Language"] == language
    assert page.count("<h1") == 1
    assert " style=" not in page
    assert " onclick=" not in page
    english = "Save" if "new" in name or name in ONE else "Actions"
    if name != "organization-settings":
        assert (english in page or "Set password" in page) == (language == "en")


@pytest.mark.parametrize("name", POST)
def test_changes_want_a_post(admin_client, urls, name):
    assert admin_client.get(urls[name]).status_code == 405


def form_of(user, **changes):
    values = {
        "name": user.name,
        "username": user.username,
        "department": user.department_id,
        "role": user.role_id,
        "profile": user.profile_id,
        "email": "",
    }
    return values | changes


def test_user_is_created_and_found_in_the_list(admin_client):
    like = make.user()
    data = form_of(like, username="Zhang.Wei", name="张伟", password="a-long-Passw0rd")
    assert admin_client.post(reverse("user-new"), data)["Location"] == reverse("users")
    page = admin_client.get(reverse("users"), {"q": "zhang 张"}).content.decode()
    assert "zhang.wei" in page
    assert like.username not in page


def test_mistakes_stand_at_their_fields_and_the_password_does_not_come_back(admin_client):
    like = make.user()
    response = admin_client.post(reverse("user-new"), form_of(like, name="", password="SECRET-canary-1"))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"name"}
    assert "SECRET-canary-1" not in response.content.decode()
    response = admin_client.post(reverse("user-new"), form_of(like, password="SECRET-canary-1"))
    assert set(response.context["form"].errors) == {"username"}


def test_user_is_changed(admin_client):
    user, sales = make.user(), make.department("销售部")
    admin_client.post(reverse("user-edit", args=[user.pk]), form_of(user, name="新名", department=sales.pk))
    user.refresh_from_db()
    assert (user.name, user.department) == ("新名", sales)


def test_own_deactivation_is_refused_with_a_message(admin_client, admin_user):
    response = admin_client.post(reverse("user-deactivate", args=[admin_user.pk]), follow=True)
    assert User.objects.get(pk=admin_user.pk).is_active
    assert [message.level_tag for message in response.context["messages"]] == ["error"]


def test_users_of_other_states_are_on_their_tab(admin_client):
    gone = make.user("gone.one", is_active=False)
    assert gone.username not in admin_client.get(reverse("users")).content.decode()
    assert gone.username in admin_client.get(reverse("users"), {"state": "inactive"}).content.decode()


def test_htmx_gets_only_the_table(admin_client):
    response = admin_client.get(reverse("users"), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()
    assert "admin" in response.content.decode()


def test_list_of_users_costs_the_same_whatever_their_number(admin_client, django_assert_max_num_queries):
    for _ in range(30):
        make.user(manager=make.user())
    admin_client.get(reverse("users"))
    with django_assert_max_num_queries(12):
        admin_client.get(reverse("users"))


def test_department_is_created_renamed_moved_and_closed(admin_client):
    root = make.root_department()
    admin_client.post(reverse("department-new"), {"name": "销售部", "parent": root.pk, "code": "S"})
    admin_client.post(reverse("department-new"), {"name": "华东", "parent": root.pk})
    sales, east = Department.objects.get(name="销售部"), Department.objects.get(name="华东")
    url = reverse("department-edit", args=[east.pk])
    assert admin_client.post(url, {"name": "华东区", "parent": sales.pk}).status_code == 302
    east.refresh_from_db()
    assert (east.name, east.path[: len(sales.path)]) == ("华东区", sales.path)
    assert admin_client.post(url, {"name": "华东区", "parent": east.pk}).status_code == 422
    admin_client.post(reverse("department-close", args=[sales.pk]))
    assert not Department.objects.get(pk=east.pk).is_active
    admin_client.post(reverse("department-reopen", args=[east.pk]))
    assert Department.objects.get(pk=sales.pk).is_active


def test_root_can_be_renamed_but_has_no_parent_to_choose(admin_client):
    root = make.root_department()
    url = reverse("department-edit", args=[root.pk])
    assert "parent" not in admin_client.get(url).context["form"].fields
    assert admin_client.post(url, {"name": "总公司"}).status_code == 302
    assert make.root_department().name == "总公司"


def organization_form(**changes):
    values = {
        "name": "甲公司",
        "language": "zh-hans",
        "time_zone": "Asia/Shanghai",
        "base_currency": "CNY",
        "fiscal_year_start_month": "4",
        "week_start": "1",
        "work_days": ["1", "2", "3"],
        "work_hours": "9:00",
        "holidays": "2026-10-01\n2026-10-02",
        "extra_work_days": "2026-10-10",
        "intake_keep_days": "90",
    }
    return values | changes


def test_organisation_settings_are_saved_with_the_logo(admin_client):
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG")
    data = organization_form(
        work_hours="09:00－12:00，13:00~18:00".replace("－", "–"),
        logo=SimpleUploadedFile("../../x.png", out.getvalue(), "text/html"),
    )
    assert admin_client.post(reverse("organization-settings"), data).status_code == 302
    row = OrganizationSettings.objects.get()
    assert (row.name, row.fiscal_year_start_month, row.work_days) == ("甲公司", 4, [1, 2, 3])
    assert row.intake_keep_days == 90
    assert row.work_hours == [["09:00", "12:00"], ["13:00", "18:00"]]
    assert row.holidays == {"2026-10-01": "off", "2026-10-02": "off", "2026-10-10": "work"}
    assert admin_client.get(reverse("organization-logo")).status_code == 200
    shown = admin_client.get(reverse("organization-settings")).context["form"]
    assert shown["work_hours"].value() == "09:00-12:00, 13:00-18:00"


def test_bad_organisation_settings_change_nothing(admin_client):
    before = OrganizationSettings.objects.values().get()
    logo = SimpleUploadedFile("x.png", b"no picture")
    response = admin_client.post(
        reverse("organization-settings"), organization_form(logo=logo, work_hours="09:00-12:00")
    )
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"logo"}
    response = admin_client.post(reverse("organization-settings"), organization_form())
    assert set(response.context["form"].errors) == {"work_hours"}
    assert OrganizationSettings.objects.values().get() == before
