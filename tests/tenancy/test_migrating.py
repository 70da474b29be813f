"""What follows when new code has migrated the schemas of organisations."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from crm_platform.jobs.models import Job
from crm_platform.tenancy import database
from crm_platform.tenancy.context import current_schema, tenant_context
from crm_platform.tenancy.hooks import organization_migrated
from objects.duplicates.rebuild import RECONCILE
from tests.kit import make


def test_steps_run_in_every_migrated_organisation_but_not_in_the_template(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(database, "_migrate", lambda schema, verbosity: None)
    with django_db_blocker.unblock(), make.organization(enter=False) as made:
        monkeypatch.setattr(database, "pending_schemas", lambda schemas: sorted(set(schemas) & wanted))
        wanted = {settings.TENANT_TEMPLATE_SCHEMA, made.schema_name}
        organization_migrated.append(lambda: seen.append(current_schema()))
        try:
            assert sorted(database.prepare_database()) == sorted(wanted)
        finally:
            organization_migrated.pop()
        assert seen == [made.schema_name]
        with tenant_context(made.schema_name):
            assert Job.objects.filter(kind=RECONCILE, state=Job.State.QUEUED).exists()
