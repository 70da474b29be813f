"""The one way to enter an organisation outside a request, and to know which one is current."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django_tenants.utils import get_public_schema_name, schema_context

from crm_platform.tenancy.models import Organization


@contextmanager
def tenant_context(schema_name: str) -> Iterator[None]:
    """Run the block inside the organisation with this schema; the former one comes back afterwards."""
    with schema_context(schema_name):
        yield


def schema_name() -> str:
    """Return the schema in which this thread's connection works, `public` outside any organisation."""
    name: str = connection.schema_name  # type: ignore[attr-defined] # django-tenants' backend
    return name


def leave_organization() -> None:
    """Put this thread's connection back into the public schema."""
    connection.set_schema_to_public()  # type: ignore[attr-defined] # django-tenants' backend


def current_schema() -> str:
    """Return the schema of the organisation that this thread serves; raises outside one."""
    schema = schema_name()
    if schema == get_public_schema_name():
        raise RuntimeError("no organisation is active here")
    return schema


def current_slug() -> str:
    """Return the short name of the organisation that this thread serves; raises outside one.

    A request knows it already; a task or command, which entered by schema name, reads it once per call.
    """
    schema = current_schema()
    known: str | None = getattr(connection.tenant, "slug", None)  # type: ignore[attr-defined] # django-tenants' backend
    return known or Organization.objects.values_list("slug", flat=True).get(schema_name=schema)
