"""Making and removing organisations."""

from __future__ import annotations

import threading
import time

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import IntegrityError, connection

from crm_platform.identity.functions import FUNCTIONS
from crm_platform.identity.models import Department, OrganizationSettings, Profile, Role, User
from crm_platform.kit.errors import StateConflict, ValidationFailed
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.database import pending_schemas
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization, delete_organization
from tests.kit import make


def test_new_organization_starts_with_roles_profiles_and_administrator(fresh_organization):
    assert OrganizationSettings.objects.get().base_currency == "CNY"
    assert {role.data_scope for role in Role.objects.all()} == {"own", "department_below", "all"}
    assert set(Profile.objects.values_list("api_name", flat=True)) == {"administrator", "sales_manager", "sales_rep"}
    admin = User.objects.get()
    assert admin.check_password(make.PASSWORD)
    assert admin.department == Department.objects.get()
    assert admin.profile.group.permissions.count() == len(FUNCTIONS)


def test_organization_is_made_with_little_work(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        started = time.process_time()  # not the wall clock: other tests share this machine
        with make.organization():
            assert time.process_time() - started < 2


def test_organization_with_the_crm_is_made_within_five_seconds_of_work(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        started = time.process_time()  # not the wall clock: other tests share this machine
        made = create_organization(
            "with-crm", "With CRM", ["with-crm.localhost"], admin_password=make.PASSWORD, packages=["crm"]
        )
        try:
            assert time.process_time() - started < 5
            with tenant_context(made.schema_name), connection.cursor() as cursor:
                cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
                assert len([name for (name,) in cursor.fetchall() if name.startswith("o_")]) >= 15
        finally:
            delete_organization(made)


def test_failed_step_leaves_nothing_behind(organization, monkeypatch):
    def fail(new):
        raise RuntimeError("step failed")

    from crm_platform.tenancy import services
    from crm_platform.tenancy.hooks import OrganizationHook

    monkeypatch.setattr(services, "creation_steps", lambda: [OrganizationHook("x", 0, fail)])
    with pytest.raises(RuntimeError, match="step failed"):
        create_organization("broken", "Broken", ["broken.localhost"], admin_password="x")
    assert not Organization.objects.filter(slug="broken").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'org_broken%%'")
        assert cursor.fetchone()[0] == 0
    assert User.objects.filter(username="admin").exists()  # still inside acme


def test_factories_build_a_tree(organization):
    sales = make.department("销售部")
    east = make.department("华东", parent=sales)
    assert east.path.startswith(sales.path)
    assert make.user(department=east).role.data_scope == "own"


@pytest.mark.parametrize(
    ("slug", "domains", "field"),
    [
        ("Acme", ["x.localhost"], "slug"),
        ("1st", ["x.localhost"], "slug"),
        ("public", ["x.localhost"], "slug"),
        ('a"; drop schema public', ["x.localhost"], "slug"),
        ("a" * 41, ["x.localhost"], "slug"),
        ("fine", [], "domains"),
        ("fine", ["not a host"], "domains"),
        ("acme", ["x.localhost"], "slug"),
        ("fine", ["ACME.localhost"], "domains"),
    ],
)
def test_bad_or_taken_slugs_and_domains_are_named(organization, slug, domains, field):
    with pytest.raises(ValidationFailed) as failed:
        create_organization(slug, "Name", domains, admin_password="x")
    assert [error.field for error in failed.value.errors] == [field]


def test_schema_name_of_a_deleted_organisation_does_not_come_back(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with make.organization("again", enter=False) as first:
            pass
        with make.organization("again", enter=False) as second:
            assert second.schema_name != first.schema_name


def test_two_organisations_made_at_once_do_not_disturb_each_other(django_db_setup, django_db_blocker):
    made, failures = [], []

    def make_one(slug):
        try:
            made.append(create_organization(slug, slug, [f"{slug}.localhost"], admin_password="x"))
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=make_one, args=(slug,)) for slug in ("twin-a", "twin-b")]
    with django_db_blocker.unblock():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        try:
            assert not failures
            for organization in made:
                with tenant_context(organization.schema_name):
                    assert User.objects.count() == 1
        finally:
            for organization in made:
                delete_organization(organization)


def test_template_can_not_be_deleted(organization):
    with pytest.raises(StateConflict):
        delete_organization(Organization.objects.get(is_template=True))


def test_command_makes_an_organisation_and_says_how_to_sign_in(organization, capsys):
    call_command("create_organization", "北方公司", domain=["north.localhost"], admin="boss", language="en", empty=True)
    printed = capsys.readouterr().out
    assert "created north" in printed
    password = printed.rsplit(" ", 1)[1].strip()
    made = Organization.objects.get(slug="north")
    with tenant_context(made.schema_name):
        boss = User.objects.get(username="boss")
        assert boss.check_password(password)
        assert Role.objects.get(api_name="individual").name == "Individual"


def test_prepared_database_needs_nothing(organization):
    assert pending_schemas(["public", organization.schema_name]) == []
    assert pending_schemas(["no_such_schema"]) == ["no_such_schema"]


def test_clone_keeps_constraints_and_permissions(fresh_organization):
    with pytest.raises(IntegrityError):
        OrganizationSettings.objects.create(id=2, name="second")
    assert Permission.objects.filter(codename="customize").count() == 1


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"language": "xx"}, "language"),
        ({"base_currency": "yuan"}, "base_currency"),
        ({"admin_username": "管 理"}, "username"),
    ],
)
def test_bad_settings_make_no_organisation(organization, options, field):
    with pytest.raises(ValidationFailed) as failed:
        create_organization("fine", "Fine", ["fine.localhost"], admin_password="x", **options)
    assert [error.field for error in failed.value.errors] == [field]
    assert not Organization.objects.filter(slug="fine").exists()
