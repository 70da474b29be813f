"""Two organisations side by side: hosts, cookies and ids of one lead nowhere in the other."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django_tenants.utils import get_public_schema_name

from crm_platform.identity.models import Department, User
from crm_platform.tenancy import hosts
from crm_platform.tenancy.context import current_schema, tenant_context
from crm_platform.tenancy.middleware import OrganizationMiddleware
from crm_platform.tenancy.services import delete_organization
from tests.kit import make
from tests.kit.clients import OrganizationClient


@pytest.fixture(scope="module")
def twins(django_db_setup, django_db_blocker):
    """Two committed organisations with the same names in them; a canary tells the second one apart."""
    with django_db_blocker.unblock(), make.organization(enter=False) as one, make.organization(enter=False) as two:
        for organization, title in ((one, "plain"), (two, "CANARY")):
            with tenant_context(organization.schema_name):
                make.user("li.na", name="李娜", profile="administrator", role="everything", title=title)
                make.department(f"销售 {title}")
        yield one, two


@pytest.fixture
def unblocked(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def host_of(organization):
    return f"{organization.slug}.localhost"


def signed_in(organization):
    client = OrganizationClient(host_of(organization))
    with tenant_context(organization.schema_name):
        client.force_login(User.objects.get(username="li.na"))
    return client


PAGES = ["users", "departments", "organization-settings", "user-new", "department-new"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_show_nothing_of_the_other_organisation(twins, unblocked, name):
    one, _ = twins
    response = signed_in(one).get(reverse(name))
    assert response.status_code == 200
    assert "CANARY" not in response.content.decode()
    assert twins[1].slug not in response.content.decode()


def test_cookie_of_one_is_nobody_in_the_other(twins, unblocked):
    one, two = twins
    client = signed_in(one)
    assert client.get(reverse("users")).status_code == 200
    other = client.get(reverse("users"), SERVER_NAME=host_of(two))
    assert other.status_code == 302
    assert other["Location"].startswith(reverse("sign-in"))


def test_session_key_of_one_opens_nothing_even_with_the_same_user_ids(twins, unblocked):
    one, two = twins
    client = signed_in(one)
    with tenant_context(two.schema_name):
        before = User.objects.get(username="li.na").pk
    client.post(reverse("user-deactivate", args=[before]), SERVER_NAME=host_of(two))
    with tenant_context(two.schema_name):
        assert User.objects.get(username="li.na").is_active


@pytest.mark.parametrize("name", ["user-edit", "user-password", "department-edit"])
def test_ids_of_the_other_organisation_are_not_found(twins, unblocked, name):
    one, two = twins
    with tenant_context(two.schema_name):
        foreign = (
            Department.objects.get(name="销售 CANARY").pk
            if name == "department-edit"
            else User.objects.get(username="li.na").pk
        )
    foreign_answer = signed_in(one).get(reverse(name, args=[foreign]))
    absent_answer = signed_in(one).get(reverse(name, args=["01900000-0000-7000-8000-000000000000"]))
    assert foreign_answer.status_code == absent_answer.status_code == 404


def test_password_of_one_is_wrong_in_the_other(twins, unblocked):
    one, two = twins
    with tenant_context(one.schema_name):
        make.user("only.one", password="one-only-Passw0rd")
    answer = OrganizationClient(host_of(two)).post(
        reverse("sign-in"), {"username": "only.one", "password": "one-only-Passw0rd"}
    )
    assert answer.status_code == 422


def test_unknown_host_is_404_while_several_organisations_exist(twins, unblocked):
    response = OrganizationClient("nobody.example").get(reverse("sign-in"))
    assert response.status_code == 404
    assert response["Content-Type"] == "text/plain"
    assert "Acme" not in response.content.decode()


def test_any_host_reaches_the_only_organisation(client):
    response = OrganizationClient("10.0.0.7").get(reverse("sign-in"))
    assert response.status_code == 200


def test_template_is_reached_by_no_host(twins, unblocked):
    for host in ("template", "template.localhost"):
        assert OrganizationClient(host).get(reverse("sign-in")).status_code == 404


def test_deleted_organisation_is_gone_at_once(django_db_setup, unblocked):
    with make.organization(enter=False) as made:
        client = OrganizationClient(host_of(made))
        with make.organization(enter=False):  # so that no fallback answers
            assert client.get(reverse("sign-in")).status_code == 200
            delete_organization(made)
            assert client.get(reverse("sign-in")).status_code == 404
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname = %s", [made.schema_name])
                assert cursor.fetchone()[0] == 0


def test_connection_leaves_every_request_in_public(twins, unblocked):
    for organization in (*twins, twins[0]):
        seen = []

        def view(request, seen=seen):
            with connection.cursor() as cursor:
                cursor.execute("SHOW search_path")
                seen.append(cursor.fetchone()[0])
            return HttpResponse()

        OrganizationMiddleware(view)(RequestFactory(SERVER_NAME=host_of(organization)).get("/"))
        assert organization.schema_name in seen[0]
        assert_public()


def test_connection_is_in_public_after_a_failed_request(twins, unblocked):
    def view(request):
        User.objects.count()
        raise RuntimeError("view failed")

    with pytest.raises(RuntimeError):
        OrganizationMiddleware(view)(RequestFactory(SERVER_NAME=host_of(twins[0])).get("/"))
    assert_public()


def test_request_heals_a_connection_that_was_left_inside_an_organisation(twins, unblocked):
    one, two = twins
    connection.set_tenant(one)
    User.objects.count()
    response = OrganizationMiddleware(lambda request: HttpResponse(User.objects.filter(title="CANARY").count()))(
        RequestFactory(SERVER_NAME=host_of(two)).get("/")
    )
    assert response.content == b"1"
    assert_public()


def test_streamed_body_is_made_inside_the_organisation(twins, unblocked):
    def rows():
        for user in ("li.na", "admin"):
            yield f"{current_schema()}:{User.objects.filter(username=user).count()}\n"

    response = OrganizationMiddleware(lambda request: StreamingHttpResponse(rows()))(
        RequestFactory(SERVER_NAME=host_of(twins[1])).get("/")
    )
    body = b"".join(response.streaming_content).decode()
    assert body == f"{twins[1].schema_name}:1\n" * 2
    assert_public()


def test_threads_serve_different_organisations_at_once(twins, unblocked):
    barrier, failures = threading.Barrier(4), []

    def serve(organization, title):
        def view(request):
            titles = set(User.objects.exclude(title="").values_list("title", flat=True))
            return HttpResponse("" if titles == {title} else f"{titles}")

        try:
            barrier.wait()
            for _ in range(25):
                request = RequestFactory(SERVER_NAME=host_of(organization)).get("/")
                failures.append(OrganizationMiddleware(view)(request).content.decode())
        finally:
            connection.close()

    threads = [
        threading.Thread(target=serve, args=pair)
        for pair in ((twins[0], "plain"), (twins[1], "CANARY"), (twins[0], "plain"), (twins[1], "CANARY"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == [""] * 100


def test_outside_an_organisation_no_business_table_exists(django_db_setup, unblocked):
    with pytest.raises(RuntimeError, match="no organisation"):
        current_schema()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert not [name for (name,) in cursor.fetchall() if name.startswith(("identity_", "o_", "metadata_"))]


def test_host_names_are_compared_without_case_port_and_dot():
    assert hosts.normalize_host("ACME.localhost.:8000") == "acme.localhost"
    assert hosts.normalize_host("[::1]:8000") == "[::1]"


def assert_public():
    assert connection.schema_name == get_public_schema_name()
    with connection.cursor() as cursor:
        cursor.execute("SHOW search_path")
        assert cursor.fetchone()[0] == "public"
