"""Making and removing organisations."""

from __future__ import annotations

import time

import pytest
from django.db import connection

from crm_platform.identity.models import Department, OrganizationSettings, Profile, Role, User
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization
from tests.kit import make


def test_new_organization_starts_with_roles_profiles_and_administrator(fresh_organization):
    assert OrganizationSettings.objects.get().base_currency == "CNY"
    assert {role.data_scope for role in Role.objects.all()} == {"own", "department_below", "all"}
    assert set(Profile.objects.values_list("api_name", flat=True)) == {"administrator", "sales_manager", "sales_rep"}
    admin = User.objects.get()
    assert admin.check_password(make.PASSWORD)
    assert admin.department == Department.objects.get()
    assert admin.profile.group.permissions.count() == 7


def test_organization_is_made_within_five_seconds(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        started = time.monotonic()
        with make.organization():
            assert time.monotonic() - started < 5


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
