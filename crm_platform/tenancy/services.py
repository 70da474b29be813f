"""Makes and removes organisations. The only place that creates or drops a schema."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from django_tenants.clone import CLONE_SCHEMA_FUNCTION, CloneSchema
from django_tenants.utils import get_public_schema_name

from crm_platform.kit.db import advisory_xact_lock, lock_timeout
from crm_platform.kit.errors import FieldError, StateConflict, ValidationFailed
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.hooks import NewOrganization, creation_steps, organization_deleted
from crm_platform.tenancy.hosts import forget_hosts, normalize_host
from crm_platform.tenancy.models import Domain, Organization, WakeUp

SLUG = re.compile(r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$|^[a-z]$")
RESERVED_SLUGS = frozenset({"template", "public", "www", "api", "admin", "static", "health"})
HOST = re.compile(r"^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$")
CREATION_WAIT_MS = 120_000


def create_organization(
    slug: str,
    name: str,
    domains: Sequence[str],
    *,
    admin_username: str = "admin",
    admin_password: str,
    language: str = "zh-hans",
    base_currency: str = "CNY",
    time_zone: str = "Asia/Shanghai",
    packages: Sequence[str] = (),
) -> Organization:
    """Make an organisation with its schema, its settings and its administrator, all or nothing.

    The static tables are cloned from the template schema; then every registered step runs inside the new
    schema. Raises ValidationFailed for a bad or taken slug or domain.
    """
    hosts = [normalize_host(domain) for domain in domains]
    _validate(slug, name, hosts)
    new = NewOrganization(
        slug,
        name,
        _schema_name(slug),
        admin_username,
        admin_password,
        language,
        base_currency,
        time_zone,
        tuple(packages),
    )
    with _public(), transaction.atomic(), lock_timeout(CREATION_WAIT_MS), _no_statement_timeout():
        # The clone drops and makes types in `public`: two at a time would disturb each other.
        advisory_xact_lock("create_organization")
        _refuse_taken(slug, hosts)
        organization = Organization(slug=slug, name=name, schema_name=new.schema_name)
        organization.save()
        for position, host in enumerate(hosts):
            Domain.objects.create(tenant=organization, domain=host, is_primary=position == 0)
        _TemplateClone().clone_schema(settings.TENANT_TEMPLATE_SCHEMA, new.schema_name)
        with tenant_context(new.schema_name):
            for step in creation_steps():
                step.run(new)
    forget_hosts()
    return organization


def delete_organization(organization: Organization) -> None:
    """Remove an organisation with everything in it. There is no way back."""
    if organization.is_template:
        raise StateConflict(_("The template can't be deleted."))
    schema = organization.schema_name
    with _public(), transaction.atomic(), lock_timeout(CREATION_WAIT_MS), _no_statement_timeout():
        advisory_xact_lock("create_organization")
        WakeUp.objects.filter(schema_name=schema).delete()
        Organization.objects.filter(pk=organization.pk).delete()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {connection.ops.quote_name(schema)} CASCADE")
    forget_hosts()
    for forget in organization_deleted:
        forget(schema)


class _TemplateClone(CloneSchema):
    """django-tenants' clone; its helper function belongs to the role that is really connected."""

    def _create_clone_schema_function(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            cursor.execute(CLONE_SCHEMA_FUNCTION.format(db_user=cursor.fetchone()[0]))


def _schema_name(slug: str) -> str:
    """Return a schema name that is never used again, so that no cache of a deleted namesake can match."""
    return f"org_{slug.replace('-', '_')}_{secrets.token_hex(3)}"


def _validate(slug: str, name: str, hosts: Sequence[str]) -> None:
    errors = []
    if not SLUG.match(slug) or slug in RESERVED_SLUGS:
        errors.append(
            FieldError("slug", "invalid", _("Use lower-case letters, digits and hyphens, starting with a letter."))
        )
    if not name.strip() or len(name) > 100:
        errors.append(FieldError("name", "invalid", _("Give a name of at most 100 characters.")))
    if not hosts:
        errors.append(FieldError("domains", "required", _("Give at least one domain.")))
    errors += [
        FieldError("domains", "invalid", _("“%(host)s” is not a host name.") % {"host": host})
        for host in hosts
        if not HOST.match(host)
    ]
    if errors:
        raise ValidationFailed(errors)


def _refuse_taken(slug: str, hosts: Sequence[str]) -> None:
    errors = []
    if Organization.objects.filter(slug=slug).exists():
        errors.append(FieldError("slug", "duplicate", _("This name is taken.")))
    taken = Domain.objects.filter(domain__in=hosts).values_list("domain", flat=True)
    errors += [
        FieldError("domains", "duplicate", _("“%(host)s” belongs to an organisation already.") % {"host": host})
        for host in taken
    ]
    if errors:
        raise ValidationFailed(errors)


@contextmanager
def _public() -> Iterator[None]:
    with tenant_context(get_public_schema_name()):
        yield


@contextmanager
def _no_statement_timeout() -> Iterator[None]:
    """Lift the bound on one statement until the transaction ends: a clone is one statement of seconds."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    yield
