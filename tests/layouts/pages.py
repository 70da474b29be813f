"""Reading pages as tests do: one form of a page, the rows of a list."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from django.utils import timezone

from crm_platform.kit.context import system_actor
from metadata.models import BusinessField
from metadata.publishing import publish
from tests.kit.posting import posted


def form_data(html: str, form_id: str) -> dict[str, Any]:
    """Return what a browser would send for the form with this id, as it is shown: lists of values by name.

    A plain dict, because Django's test client sends only the last value of each name of a QueryDict.
    """
    found = re.search(rf'<form[^>]*id="{form_id}".*?</form>', html, re.S)
    assert found, f"no form {form_id}"
    data = posted(found[0])
    data.pop("csrfmiddlewaretoken", None)
    return dict(data.lists())


def row_names(html: str) -> list[str]:
    """Return the texts of the rows' links to their records, in order."""
    return [unescape(text) for text in re.findall(r'<td class="primary[^"]*"[^>]*><a href="[^"]+">([^<]+)</a>', html)]


def row_ids(html: str) -> list[str]:
    """Return the ids of the rows' records, in order."""
    return re.findall(r'<td class="primary[^"]*"[^>]*><a href="/o/\w+/([0-9a-f-]{36})">', html)


def detail(html: str, name: str) -> str:
    """Return the text of a field on a record's page."""
    found = re.search(rf'data-field="{name}"><dt>.*?</dt><dd[^>]*>(.*?)</dd>', html, re.S)
    assert found, f"no field {name} on the page"
    return plain_text(found[1])


def plain_text(html: str) -> str:
    """Return what a piece of HTML says."""
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def hide_field(object_name: str, field_name: str) -> None:
    """Take a field away although layouts and views name it, as a package or an older version may have done."""

    def hide() -> None:
        row = BusinessField.objects.filter(business_object__api_name=object_name, api_name=field_name)
        row.update(state=BusinessField.State.HIDDEN, hidden_at=timezone.now())

    publish(system_actor(), "Hide a field", hide)
