"""The demo organisation: made once, filled once, with everything that depends on its records set going."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.utils import timezone

from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.demo.load import ORDER, has_records, load_demo
from objects.demo.organization import NAME, STAFF
from objects.search.rebuild import request_rebuild

SLUG = "demo"
DOMAINS = ("localhost", "demo.localhost")
SHOWN = ("admin", "zhoumin", "chenhao", "wanglei")


def install(tell: Callable[[str], object] = str) -> dict[str, int] | None:
    """Make and fill the demo organisation on a fresh installation; returns the number of records by object.

    None when there was nothing to do: it is filled, or the installation serves other organisations only. What a
    first run left half done is finished. `tell` hears what takes its time.
    """
    organization = Organization.objects.filter(slug=SLUG).first()
    if organization is None:
        if Organization.objects.filter(is_template=False).exists():
            return None
        organization = create_organization(SLUG, NAME, DOMAINS, admin_password=settings.DEMO_PASSWORD)
    with tenant_context(organization.schema_name), pinned_snapshot():
        is_filled = "lead" in current_snapshot().spec.object_map and has_records()
        if is_filled:
            return None
        tell("First start: filling the organisation demo with Chinese demo data …")
        return fill(demo_actor())


def fill(actor: Actor) -> dict[str, int]:
    """Apply the CRM package to the current organisation, load the demo, and have it indexed for search.

    Raises StateConflict when the organisation has records already.
    """
    apply(actor, load_package(CRM_PACKAGE))
    counts = load_demo(actor, timezone.now())
    for name in ORDER:
        if current_snapshot().object(name).spec.is_searchable:
            request_rebuild(None, name)
    return counts


def demo_actor() -> Actor:
    return system_actor("demo", via="command", language="zh-hans", time_zone="Asia/Shanghai")


def logins() -> str:
    """Return who can sign in to the demo, as people read it: one of each kind, and how many more."""
    shown = [member for member in STAFF if member.username in SHOWN]
    lines = [f"    {member.username:<10} {member.name}  {member.title}" for member in shown]
    lines = [f"  Sign in with the password {settings.DEMO_PASSWORD} as", *lines]
    return "\n".join([*lines, f"    or one of {len(STAFF) - len(shown)} more: see Users."])
