"""Whom somebody finds among colleagues (通讯录范围): in pickers, by typed names, as a value, in fields of users."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_platform.identity import services
from crm_platform.identity.models import Role, UserDepartment
from crm_platform.identity.people import visible_people
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import pinned_snapshot
from metadata.inputs import FieldInput
from metadata.services import add_field
from objects.access.services import shares, teams
from objects.query.conditions import Condition
from objects.query.query import RecordQuery
from objects.records.service import RecordService
from tests.kit.clients import OrganizationClient
from tests.objects.world import World

Browser = Callable[[str], OrganizationClient]


@pytest.fixture
def limit(crm: World) -> Callable[..., None]:
    """A function that limits the contact scope of the role that rep, city and south have."""
    role = Role.objects.get(api_name="individual")

    def change(**changes: object) -> None:
        services.update_role(system_actor(), role.uuid, **changes)

    return change


def offered(client: OrganizationClient, query: str = "") -> set[str]:
    return {item["name"] for item in client.get(f"/lookup/user{query}").json()["results"]}


def test_everybody_is_offered_unless_the_role_says_otherwise(rep: OrganizationClient) -> None:
    assert {"Boss", "Head", "Rep", "City", "South"} <= offered(rep)


@pytest.mark.parametrize(
    ("scope", "found"),
    [("department", {"Head", "Rep"}), ("department_below", {"Head", "Rep", "City"})],
)
def test_picker_offers_the_department(
    scope: str, found: set[str], rep: OrganizationClient, limit: Callable[..., None]
) -> None:
    limit(contact_scope=scope)
    assert offered(rep) == found


def test_chosen_departments_are_offered_with_those_below_and_oneself(
    crm: World, browser: Browser, limit: Callable[..., None]
) -> None:
    limit(contact_scope="chosen", contact_departments=[crm.departments["north"]])
    assert offered(browser("south")) == {"Head", "Rep", "City", "South"}


def test_names_do_not_leak_by_search(rep: OrganizationClient, crm: World, limit: Callable[..., None]) -> None:
    limit(contact_scope="department")
    assert offered(rep, "?q=South") == offered(rep, "?q=south") == set()
    assert offered(rep, "?q=Head") == {"Head"}


def test_a_second_department_counts_for_both_sides(
    crm: World, rep: OrganizationClient, browser: Browser, limit: Callable[..., None]
) -> None:
    limit(contact_scope="department")
    services.add_user_department(system_actor(), crm.users["rep"].pk, crm.departments["south"].pk)
    assert offered(rep) == {"Head", "Rep", "South"}
    assert offered(browser("south")) == {"Rep", "South"}


def test_a_moved_department_counts_with_the_next_request(
    crm: World, rep: OrganizationClient, limit: Callable[..., None]
) -> None:
    limit(contact_scope="department_below")
    assert "South" not in offered(rep)
    services.move_department(system_actor(), crm.departments["south"].pk, crm.departments["north"].pk)
    assert "South" in offered(rep)


def test_who_manages_users_finds_everybody(crm: World, browser: Browser) -> None:
    services.update_role(system_actor(), Role.objects.get(api_name="everything").uuid, contact_scope="department")
    assert "South" not in offered(browser("boss"))
    services.grant_function(system_actor(), "sales_rep", "identity.manage_users")
    assert "South" in offered(browser("boss"))


def test_details_are_neither_searched_nor_read_where_the_role_hides_them(
    crm: World, rep: OrganizationClient, records: RecordService, limit: Callable[..., None]
) -> None:
    services.update_user(system_actor(), crm.users["head"].pk, email="chief@example.com", phone="13800138000")
    made = records.create("account", {"name": "华为技术"})
    assert offered(rep, "?q=chief@example.com") == offered(rep, "?q=13800138000") == {"Head"}
    mail = RecordQuery(crm.actor("rep"), "account").where_ids([made.id]).fields("owner.email").display(1).rows[0]
    assert "owner.email" in mail.values
    limit(hides_contact_details=True)
    assert offered(rep, "?q=chief@example.com") == offered(rep, "?q=13800138000") == set()
    for asked in (
        RecordQuery(crm.actor("rep"), "account").fields("owner.email"),
        RecordQuery(crm.actor("rep"), "account").where(Condition("owner.email", "contains", "c")),
        RecordQuery(crm.actor("rep"), "account").order("owner.email"),
    ):
        with pytest.raises(ValidationFailed):
            asked.display(1)


@pytest.fixture
def helpers(crm: World) -> None:
    admin = system_actor()
    add_field(admin, "account", FieldInput("helper__c", "user", "帮手"))
    add_field(admin, "account", FieldInput("crew__c", "multi_user", "团队"))


def write(crm: World, work: Callable[[RecordService], object], name: str = "rep") -> object:
    with pinned_snapshot():
        return work(RecordService(crm.actor(name)))


def test_people_outside_are_no_new_values_but_stay_where_they_are(
    crm: World, helpers: None, limit: Callable[..., None]
) -> None:
    south, head = str(crm.users["south"].pk), str(crm.users["head"].pk)
    given = {"name": "华为技术", "helper__c": south, "crew__c": [south]}
    made = write(crm, lambda service: service.create("account", given))
    limit(contact_scope="department")
    write(crm, lambda s: s.update("account", made.id, {"name": "新名", "helper__c": south, "crew__c": [south, head]}))
    for changes in ({"helper__c": south}, {"crew__c": [south]}, {"owner_id": south}):
        with pytest.raises(ValidationFailed) as failed:
            write(crm, lambda s, c=changes: s.create("account", {"name": "别的", **c}))
        assert [error.code for error in failed.value.errors] == ["invalid_reference"]
    write(crm, lambda s: s.update("account", made.id, {"helper__c": head}))
    with pytest.raises(ValidationFailed):
        write(crm, lambda s: s.update("account", made.id, {"helper__c": south}))
    me = str(crm.users["rep"].pk)
    write(crm, lambda s: s.update("account", made.id, {"helper__c": me, "owner_id": me}))


def test_a_typed_name_finds_nobody_outside(
    crm: World, rep: OrganizationClient, helpers: None, limit: Callable[..., None]
) -> None:
    limit(contact_scope="department")
    given = {"name": "华为技术", "type": "customer"}
    outside = rep.post("/o/account/new", {**given, "helper__c_text": "South"})
    assert (outside.status_code, RecordQuery(crm.actor("rep"), "account").exists()) == (422, False)
    assert rep.post("/o/account/new", {**given, "helper__c_text": "Head"}).status_code == 302


def test_the_name_of_a_colleague_outside_is_shown_on_a_record_that_one_may_see(
    crm: World, rep: OrganizationClient, helpers: None, limit: Callable[..., None]
) -> None:
    south = str(crm.users["south"].pk)
    made = write(crm, lambda s: s.create("account", {"name": "华为技术", "helper__c": south}))
    limit(contact_scope="department")
    assert "South" in rep.get(f"/o/account/{made.id}").content.decode()


def test_asking_costs_no_query_while_nothing_changes(
    crm: World, limit: Callable[..., None], django_assert_num_queries: Callable[..., object]
) -> None:
    limit(contact_scope="department_below")
    actor = crm.actor("rep")
    visible_people(actor)
    with django_assert_num_queries(0):
        for _ in range(50):
            visible_people(actor)
    UserDepartment.objects.create(user=crm.users["rep"], department=crm.departments["south"])
    bump_access_version()
    assert str(visible_people(crm.actor("rep"))) != str(visible_people(actor))


def test_records_are_not_shared_with_people_outside(crm: World, limit: Callable[..., None]) -> None:
    made = write(crm, lambda s: s.create("account", {"name": "华为技术"}))
    limit(contact_scope="department")
    rep, south, head = crm.actor("rep"), crm.users["south"].pk, crm.users["head"].pk
    with pinned_snapshot():
        for share in (
            lambda user: shares.add_share(rep, "account", made.id, shares.ShareInput(principal=f"user:{user}")),
            lambda user: teams.add_member(rep, "account", made.id, user),
        ):
            with pytest.raises(ValidationFailed) as failed:
                share(south)
            assert [error.code for error in failed.value.errors] == ["invalid_reference"]
            share(head)
