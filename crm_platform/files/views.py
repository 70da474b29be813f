"""Uploads of the pages' file inputs, and downloads."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from crm_platform.console.access import signed_in
from crm_platform.files import selectors, services
from crm_platform.files.checks import Refused
from crm_platform.files.facts import facts_of
from crm_platform.files.serving import send
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.json import dumps


@require_POST
@signed_in
def upload(request: HttpRequest) -> HttpResponse:
    """Keep one file (member `file`) and answer with what it was found to be; errors are for people."""
    try:
        sent = request.FILES.get("file")
        if sent is None:
            raise Refused("required", _("Choose a file."))
        kept = services.keep(request.actor, sent, sent.name or "", sent.content_type or "")  # type: ignore[attr-defined]
    except ValidationFailed as failed:
        message = " ".join(item.text for item in failed.errors)
        return _json({"code": failed.errors[0].code, "message": message}, failed.status)
    return _json(facts_of(kept), 201)


@require_safe
@signed_in
def download(request: HttpRequest, file_id: uuid.UUID) -> HttpResponseBase:
    """Send a file."""
    return send(request, selectors.readable(request.actor, file_id))  # type: ignore[attr-defined]


def _json(data: object, status: int) -> HttpResponse:
    return HttpResponse(dumps(data), status=status, content_type="application/json")
