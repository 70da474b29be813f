"""The page on which a web form is put together: rows of fields are added, moved, removed and saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from tests.kit.clients import OrganizationClient
from tests.layouts.hosts import host_of
from tests.objects.world import World
from workflows.intake.models import WebForm
from workflows.intake.services import create_form

FIELDS = [{"field": "name", "required": True}, {"field": "company", "label": "单位"}, {"field": "mobile"}]


@pytest.fixture
def form(crm: World) -> WebForm:
    return create_form(system_actor(), "lead", {"label": "官网", "fields": FIELDS})


def rows(*given: dict[str, Any]) -> dict[str, Any]:
    """Return what the page sends for rows of fields."""
    sent = {f"fields-{number}-{name}": value for number, row in enumerate(given) for name, value in row.items()}
    counts = {"fields-TOTAL_FORMS": str(len(given)), "fields-INITIAL_FORMS": str(len(FIELDS))}
    return {"label": "官网", "duplicates": "allow", "is_active": "on", **counts, **sent}


def test_rows_are_moved_removed_and_added(crm: World, form: WebForm) -> None:
    client = OrganizationClient(host_of(crm))
    client.force_login(User.objects.get(username="admin"))
    address = reverse("web-form", args=[form.pk])
    html = client.get(address).content.decode()
    assert 'name="fields-1-DELETE" hidden' in html and 'name="fields-__prefix__-field"' in html
    sent = rows(
        {"field": "name", "position": "2", "required": "on"},
        {"field": "company", "label": "单位", "position": "1", "DELETE": "on"},
        {"field": "mobile", "position": "1", "help": "仅用于联系您"},
        {"field": "", "position": "3"},
        {"field": "city", "position": "4", "hidden": "on", "parameter": "utm_campaign"},
    )
    refused = client.post(address, {**sent, "label": ""})
    assert refused.status_code == 422
    assert '<div class="intake-field" data-row hidden>' in refused.content.decode()  # it stays removed
    assert client.post(address, sent).status_code == 302
    form.refresh_from_db()
    assert form.fields == [
        {"field": "mobile", "help": "仅用于联系您"},
        {"field": "name", "required": True},
        {"field": "city", "hidden": True, "parameter": "utm_campaign"},
    ]
