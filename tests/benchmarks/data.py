"""The data that is measured: an organisation of 63 people in three divisions, its leads, a caller with a key."""

from __future__ import annotations

import time
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Department, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.database import prepare_database
from crm_platform.tenancy.models import Organization
from crm_platform.tenancy.services import create_organization
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from metadata.services import update_duplicate_rule
from objects.demo.volume import seed_records
from openapi.keys import create_key
from tests.kit import make

SLUG, SMALL_SLUG = "bench", "small"  # the small one shows how much the size matters
HEAD = "head"  # reads a division's leads: those of his department and below
DIVISIONS, TEAMS, MEMBERS = 3, 4, 5
CAMPAIGNS = 200
SCOPES = ("records:read", "records:write", "records:delete", "meta:read")


def build(rows: int) -> dict[str, Any]:
    """Make both organisations with their leads in the (migrated or empty) database; return the seed's figures."""
    prepare_database()
    facts: dict[str, Any] = {"rows": rows}
    for slug, count in ((SMALL_SLUG, max(1, rows // 100)), (SLUG, rows)):
        started = time.monotonic()
        organization = create_organization(slug, slug.title(), [f"{slug}.localhost"], admin_password=make.PASSWORD)
        with tenant_context(organization.schema_name), pinned_snapshot():
            apply(system_actor("bench"), load_package(CRM_PACKAGE))
            _rest_rules()
            facts["organization_seconds"] = round(time.monotonic() - started, 1)
            _people()
            seed_records(system_actor("seed"), "campaign", CAMPAIGNS, timezone.now())
            started = time.monotonic()
            done = seed_records(system_actor("seed"), "lead", count, timezone.now())
    facts["load_seconds"] = round(done.load_seconds, 1)
    facts["index_seconds"] = round(done.index_seconds, 1)
    facts["seed_seconds"] = round(time.monotonic() - started, 1)
    return facts


def _rest_rules() -> None:
    """Let writes look for no duplicates, as the twin's do not: `duplicates` measures that by itself."""
    for spec in current_snapshot().objects():
        for rule in spec.duplicate_rules:
            update_duplicate_rule(system_actor("bench"), spec.api_name, rule.api_name, is_active=False)


def schema_of(slug: str) -> str:
    return str(Organization.objects.get(slug=slug).schema_name)


def lead_table() -> str:
    return current_snapshot().object("lead").table


def actor(username: str) -> Actor:
    """Return a user of the current organisation as the caller of services."""
    return build_actor(User.objects.get(username=username), via="command")


def new_key(username: str) -> str:
    """Return the text of a new API key of a user of the current organisation."""
    return create_key(actor(username), "benchmark", SCOPES)[1]


def new_session(username: str) -> str:
    """Return the id of a new console session of a user of the current organisation."""
    user = User.objects.get(username=username)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _people() -> None:
    for division in range(DIVISIONS):
        above = make.department(f"事业部 {division + 1}")
        if division == 0:
            make.user(HEAD, role="department_head", profile="sales_manager", department=above, password=None)
        for team in range(TEAMS):
            home = make.department(f"销售 {division + 1}-{team + 1} 组", parent=Department.objects.get(pk=above.pk))
            for _member in range(MEMBERS):
                make.user(department=home, password=None)
