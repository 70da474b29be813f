"""Users, departments, groups and territories over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crm_platform.identity import services
from crm_platform.identity.models import Profile, Role, User, UserGroup
from crm_platform.kit.context import Actor
from openapi.keys import create_key
from openapi.models import ApiKey
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.openapi.conftest import problem_codes

pytestmark = pytest.mark.django_db
USERS, DEPARTMENTS, GROUPS = "/api/v1/users", "/api/v1/departments", "/api/v1/groups"
TERRITORIES = "/api/v1/territories"


@pytest.fixture
def caller_of(api: OrganizationAPIClient, actor_for: Callable[..., Actor]) -> Callable[[User], OrganizationAPIClient]:
    """A function from a user to the API client with a key of his that reads users."""

    def enter(user: User) -> OrganizationAPIClient:
        _row, secret = create_key(actor_for(user), "test", ["users:read"])
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
        return api

    return enter


def new_user(**more: Any) -> dict[str, Any]:
    return {
        "username": "wang.fang",
        "name": "王芳",
        "department": str(make.root_department().pk),
        "role": str(Role.objects.get(api_name="individual").uuid),
        "profile": str(Profile.objects.get(api_name="sales_rep").uuid),
        **more,
    }


def test_a_user_is_made_invited_changed_deactivated_and_activated(caller: Any) -> None:
    north, south = make.department("北区"), make.department("南区")
    others = [{"department": str(north.pk), "title": "顾问"}]
    made = caller.post(USERS, new_user(other_departments=others), format="json")
    assert made.status_code == 201, made.json()
    told = made.json()
    assert (told["username"], told["other_departments"], told["is_active"]) == ("wang.fang", others, True)
    url = f"{USERS}/{told['id']}"
    invited = caller.post(f"{url}/invite")
    assert invited.status_code == 201
    assert "/invitation?token=" in invited.json()["url"]
    assert invited["Cache-Control"] == "no-store"
    changed = caller.patch(
        url, {"title": "经理", "other_departments": [{"department": str(south.pk)}]}, format="json"
    ).json()
    assert (changed["title"], changed["other_departments"]) == ("经理", [{"department": str(south.pk), "title": ""}])
    gone = caller.post(f"{url}/deactivate").json()
    assert (gone["is_active"], gone["owns"]) == (False, [])
    assert told["id"] not in {row["id"] for row in caller.get(USERS).json()["data"]}
    assert caller.post(f"{url}/activate").json()["is_active"] is True


def test_a_dry_run_changes_nothing(caller: Any) -> None:
    assert caller.post(f"{USERS}?dry_run=true", new_user(), format="json").json()["dry_run"] is True
    assert not User.objects.filter(username="wang.fang").exists()


def test_mistakes_are_named_with_their_members(caller: Any) -> None:
    wrong = caller.post(USERS, {"username": "x y", "department": None, "boss": 1}, format="json")
    assert problem_codes(wrong) == {("#/fields/boss", "unknown_field")}
    wrong = caller.post(
        USERS, new_user(username="x y", role=None, manager=str(make.root_department().pk)), format="json"
    )
    assert problem_codes(wrong) == {("#/fields/manager", "invalid_reference")}
    wrong = caller.post(USERS, new_user(username="x y", role=None), format="json")
    assert problem_codes(wrong) == {("#/fields/username", "invalid_type"), ("#/fields/role", "required")}
    for bad in ("?limit=0", "?limit=x", "?cursor=x", "?state=x", "?department=x"):
        assert caller.get(USERS + bad).status_code == 422, bad


def test_users_come_in_pages(caller: Any) -> None:
    for number in range(4):
        make.user(name=f"员工{number}")
    seen: list[str] = []
    page = caller.get(f"{USERS}?q=员工&limit=3").json()
    seen += [row["name"] for row in page["data"]]
    assert page["page"]["has_more"] is True
    page = caller.get(f"{USERS}?q=员工&limit=3&cursor={page['page']['next_cursor']}").json()
    seen += [row["name"] for row in page["data"]]
    assert sorted(seen) == [f"员工{number}" for number in range(4)]
    assert page["page"]["next_cursor"] is None


def test_colleagues_are_found_within_the_contact_scope_only(
    caller_of: Callable[[User], OrganizationAPIClient], admin_actor: Actor
) -> None:
    north, south = make.department("北区"), make.department("南区")
    me = make.user(department=north, name="我")
    near, far = make.user(department=north, name="近"), make.user(department=south, name="远", email="far@example.com")
    api = caller_of(me)
    assert api.get(f"{USERS}/{far.pk}").json()["email"] == "far@example.com"
    assert "username" not in api.get(f"{USERS}/{far.pk}").json()
    services.update_role(admin_actor, me.role.uuid, contact_scope="department", hides_contact_details=True)
    assert {row["name"] for row in api.get(USERS).json()["data"]} == {"我", "近"}
    assert api.get(f"{USERS}?q=远").json()["data"] == []
    assert api.get(f"{USERS}/{far.pk}").status_code == 404
    assert api.get(f"{USERS}?department={south.pk}").json()["data"] == []
    assert "email" not in api.get(f"{USERS}/{near.pk}").json()
    assert "email" in api.get(f"{USERS}/{me.pk}").json()


def test_a_session_and_a_key_die_with_the_next_request(
    caller: Any, client: OrganizationClient, actor_for: Callable[..., Actor]
) -> None:
    user = make.user()
    client.force_login(user)
    key, secret = create_key(actor_for(user), "test", ["users:read"])
    other = OrganizationAPIClient(client.defaults["SERVER_NAME"])
    other.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert (client.get("/").status_code, other.get("/api/v1/me").status_code) == (200, 200)
    assert caller.post(f"{USERS}/{user.pk}/deactivate").status_code == 200
    assert (client.get("/").status_code, other.get("/api/v1/me").status_code) == (302, 401)
    assert caller.post(f"{USERS}/{user.pk}/activate").status_code == 200
    assert client.get("/").status_code == 302
    assert ApiKey.objects.filter(pk=key.pk).exists()


def test_departments_are_made_renamed_moved_closed_and_opened(caller: Any) -> None:
    root = str(make.root_department().pk)
    north = caller.post(DEPARTMENTS, {"name": "北区", "parent": root, "code": "N"}, format="json").json()
    south = caller.post(DEPARTMENTS, {"name": "南区", "parent": root}, format="json").json()
    moved = caller.post(f"{DEPARTMENTS}/{south['id']}/move", {"parent": north["id"]}, format="json").json()
    assert (moved["parent"], moved["level"]) == (north["id"], 2)
    assert caller.patch(f"{DEPARTMENTS}/{south['id']}", {"code": "S"}, format="json").json()["name"] == "南区"
    assert caller.post(f"{DEPARTMENTS}/{north['id']}/deactivate").json()["is_active"] is False
    assert caller.get(f"{DEPARTMENTS}/{south['id']}").json()["is_active"] is False
    assert caller.post(f"{DEPARTMENTS}/{south['id']}/activate").json()["is_active"] is True
    (tree,) = caller.get(f"{DEPARTMENTS}/tree").json()["data"]
    (below,) = [item for item in tree["children"] if item["id"] == north["id"]]
    assert [item["id"] for item in below["children"]] == [south["id"]]
    circle = caller.post(f"{DEPARTMENTS}/{north['id']}/move", {"parent": south["id"]}, format="json")
    assert problem_codes(circle) == {("#/fields/parent", "invalid_reference")}
    assert caller.post(f"{DEPARTMENTS}/{north['id']}/move", {}, format="json").status_code == 422


def test_members_are_counted_in_the_department_and_below(caller: Any) -> None:
    north = make.department("北区")
    make.user(department=make.department("城区", parent=north))
    make.user(department=north)
    told = caller.get(f"{DEPARTMENTS}/{north.pk}").json()
    assert (told["member_count"], told["member_count_below"]) == (1, 2)


def test_groups_are_made_filled_and_deleted(caller: Any) -> None:
    first, second = make.user(), make.user()
    made = caller.post(GROUPS, {"name": "投标组", "members": [str(first.pk)]}, format="json").json()
    url = f"{GROUPS}/{made['id']}"
    assert made["members"] == [str(first.pk)]
    filled = caller.put(f"{url}/members", {"members": [str(second.pk)]}, format="json").json()
    assert filled["members"] == [str(second.pk)]
    assert caller.patch(url, {"name": "标书组"}, format="json").json()["name"] == "标书组"
    assert [(row["name"], row["member_count"]) for row in caller.get(GROUPS).json()["data"]] == [("标书组", 1)]
    assert caller.delete(url).json()["deleted"] is True
    assert not UserGroup.objects.exists()
    assert caller.get(url).status_code == 404


def test_territories_are_made_moved_filled_closed_and_deleted(caller: Any) -> None:
    first, second = make.user(), make.user()
    china = caller.post(TERRITORIES, {"name": "全国"}, format="json").json()["id"]
    given = {"name": "华东", "parent": china, "members": [str(first.pk)]}
    made = caller.post(TERRITORIES, given, format="json").json()
    url = f"{TERRITORIES}/{made['id']}"
    assert (made["parent"], made["level"], made["members"], made["is_active"]) == (china, 1, [str(first.pk)], True)
    dry = caller.patch(f"{url}?dry_run=true", {"parent": None, "is_active": False}, format="json")
    assert dry.status_code == 200, dry.json()
    assert caller.get(url).json()["parent"] == china
    moved = caller.patch(url, {"name": "东区", "parent": None, "is_active": False}, format="json").json()
    assert (moved["name"], moved["parent"], moved["level"], moved["is_active"]) == ("东区", None, 0, False)
    assert caller.patch(url, {"parent": china, "is_active": True}, format="json").json()["is_active"] is True
    filled = caller.put(f"{url}/members", {"members": [str(second.pk)]}, format="json").json()
    assert (filled["members"], filled["member_count"], filled["sharing_rule_count"]) == ([str(second.pk)], 1, 0)
    rows = caller.get(TERRITORIES).json()["data"]
    assert [(row["name"], row["level"], row["member_count_below"]) for row in rows] == [("全国", 0, 1), ("东区", 1, 1)]
    below = caller.patch(f"{TERRITORIES}/{china}", {"parent": made["id"]}, format="json")
    assert problem_codes(below) == {("#/fields/parent", "invalid_reference")}
    assert caller.delete(f"{TERRITORIES}/{china}").status_code == 409
    assert problem_codes(caller.put(f"{url}/members", {}, format="json")) == {("#/fields/members", "required")}
    assert caller.delete(url).json()["deleted"] is True
    assert caller.get(url).status_code == 404
