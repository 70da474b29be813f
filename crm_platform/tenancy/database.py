"""Brings the database to the state that this code needs: extensions, the template schema, migrations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django_tenants.utils import get_public_schema_name

from crm_platform.kit.db import lock_key
from crm_platform.tenancy.context import leave_organization, tenant_context
from crm_platform.tenancy.hooks import organization_migrated
from crm_platform.tenancy.models import Organization

EXTENSIONS = ("pg_trgm", "btree_gin", "citext")
UNBOUNDED = "-c statement_timeout=0 -c lock_timeout=10s"


def prepare_database(verbosity: int = 0) -> list[str]:
    """Create extensions and the template schema and migrate every schema that needs it; return those.

    Safe to run at every start and by several processes at once; when nothing is to be done it costs a few
    reads. In organisations that were migrated the steps of `hooks.organization_migrated` run.
    """
    with _single_flight(), _unbounded_statements():
        _create_extensions()
        public = get_public_schema_name()
        migrated = [public] if public in pending_schemas([public]) else []
        if migrated:
            _migrate(public, verbosity)
        _make_template()
        for schema in pending_schemas(_organization_schemas()):
            _migrate(schema, verbosity)
            _follow_up(schema)
            migrated.append(schema)
    return migrated


def pending_schemas(schemas: list[str]) -> list[str]:
    """Return those of `schemas` in which a migration of this code has not run."""
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    return [schema for schema in schemas if known - _applied(schema)]


def _applied(schema: str) -> set[tuple[str, str]]:
    quoted = connection.ops.quote_name(schema)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{quoted}.django_migrations"])
        if not cursor.fetchone()[0]:
            return set()
        cursor.execute(f"SELECT app, name FROM {quoted}.django_migrations")  # noqa: S608 (a quoted schema of ours)
        return set(cursor.fetchall())


def _create_extensions() -> None:
    """Create the extensions into `public`; one that the role may not create must be there already."""
    for name in EXTENSIONS:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_extension WHERE extname = %s", [name])
            if cursor.fetchone():
                continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f'CREATE EXTENSION IF NOT EXISTS "{name}" SCHEMA public')
        except DatabaseError as error:
            raise RuntimeError(
                f"the database lacks the extension {name} and its owner may not create it: "
                f"run CREATE EXTENSION {name} as a superuser"
            ) from error


def _make_template() -> None:
    schema = settings.TENANT_TEMPLATE_SCHEMA
    Organization.objects.get_or_create(
        schema_name=schema, defaults={"slug": "template", "name": "Template", "is_template": True}
    )
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {connection.ops.quote_name(schema)}")


def _organization_schemas() -> list[str]:
    return list(Organization.objects.order_by("-is_template", "schema_name").values_list("schema_name", flat=True))


def _migrate(schema: str, verbosity: int) -> None:
    call_command("migrate_schemas", schema_name=schema, interactive=False, verbosity=verbosity)
    leave_organization()


def _follow_up(schema: str) -> None:
    """Let other apps bring the data of an organisation up to its new code; the template has none."""
    if schema == settings.TENANT_TEMPLATE_SCHEMA:
        return
    with tenant_context(schema):
        for step in organization_migrated:
            step()


@contextmanager
def _single_flight() -> Iterator[None]:
    """Hold a session lock on a connection of its own: migrating closes the default one again and again."""
    guard = connection.copy()
    try:
        with guard.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0; SET lock_timeout = 0")
            cursor.execute("SELECT pg_advisory_lock(%s)", [lock_key("prepare_database")])
        yield
    finally:
        guard.close()


@contextmanager
def _unbounded_statements() -> Iterator[None]:
    """Connect without a statement timeout, in public; the usual bounds come back afterwards."""
    options = connection.settings_dict["OPTIONS"]
    usual = options.get("options", "")
    options["options"] = f"{usual} {UNBOUNDED}"
    connection.close()
    try:
        with tenant_context(get_public_schema_name()):
            yield
    finally:
        options["options"] = usual
        connection.close()
