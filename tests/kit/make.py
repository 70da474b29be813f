"""Factories: the shortest way to a thing that a test needs. All act inside the current organisation."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django_tenants.utils import tenant_context

from crm_platform.identity.models import Department, Profile, Role, User
from crm_platform.identity.services import bump_access_version
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization, delete_organization

PASSWORD = "user-Passw0rd"
_numbers = itertools.count(1)


def user(
    username: str | None = None,
    *,
    role: str | Role = "individual",
    profile: str | Profile = "sales_rep",
    department: Department | None = None,
    password: str | None = PASSWORD,
    **fields: object,
) -> User:
    """Return a new user; role and profile by api name, in the root department unless told otherwise."""
    number = next(_numbers)
    return User.objects.create_user(
        username or f"user{number}",
        password,
        name=fields.pop("name", None) or f"用户{number}",
        role=role if isinstance(role, Role) else Role.objects.get(api_name=role),
        profile=profile if isinstance(profile, Profile) else Profile.objects.get(api_name=profile),
        department=department or root_department(),
        **fields,
    )


def root_department() -> Department:
    """Return the department that every organisation starts with."""
    return Department.objects.filter(depth=1).get()


def department(name: str | None = None, *, parent: Department | None = None, **fields: object) -> Department:
    """Return a new department below `parent` (the root unless told otherwise)."""
    made = Department.objects.add_child(
        parent or root_department(), {"name": name or f"部门{next(_numbers)}", **fields}
    )
    bump_access_version()
    return made


@contextmanager
def organization(slug: str | None = None, *, name: str | None = None, enter: bool = True) -> Iterator[Organization]:
    """Make a committed organisation, enter its schema for the block, and drop it afterwards.

    For tests of DDL, concurrency and several organisations: only outside the `db` fixture, under
    `django_db_blocker.unblock()`.
    """
    slug = slug or f"t{next(_numbers)}-{secrets.token_hex(3)}"
    made = create_organization(slug, name or f"Test {slug}", [f"{slug}.localhost"], admin_password=PASSWORD)
    try:
        if enter:
            with tenant_context(made):
                yield made
        else:
            yield made
    finally:
        delete_organization(made)
        # A session keeps plans for the foreign keys of tables that are gone, and looks at all of them whenever a table
        # is made or dropped: after a thousand organisations that takes longer than the work itself.
        if not connection.in_atomic_block:
            connection.close()
