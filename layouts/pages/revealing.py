"""The button beside a masked value: one click shows it, and is written down."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from crm_platform.console.access import signed_in
from crm_platform.kit.context import Actor
from objects.records.revealing import reveal


@require_POST
@signed_in
def reveal_field(request: HttpRequest, object_name: str, record_id: uuid.UUID, field_name: str) -> HttpResponse:
    """Answer with the plain text, which no cache keeps."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    found = reveal(actor, object_name, record_id, field_name)
    response = render(request, "layouts/records/revealed.html", {"text": found.text})
    response["Cache-Control"] = "no-store"
    return response
