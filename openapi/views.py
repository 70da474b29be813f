"""Pages of the Open API: its documentation, and the keys."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import signed_in
from crm_platform.console.forms import form_status
from crm_platform.identity.freshness import fresh_to_send
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import ValidationFailed
from openapi.forms import ApiKeyForm
from openapi.keys import create_key, revoke_key, visible_keys
from openapi.scopes import SCOPES


@require_GET
@signed_in
def api_docs(request: ActorRequest) -> HttpResponse:
    """Swagger UI over the organisation's own document, from local files."""
    return render(request, "openapi/docs.html")


@signed_in
@fresh_to_send
def key_list(request: ActorRequest) -> HttpResponse:
    """The caller's keys (everybody's for those who manage them), and the form for a new one.

    A new key is shown once, in the answer that made it; making one needs a fresh sign-in.
    """
    form = ApiKeyForm(request.POST or None, actor=request.actor)
    secret = None
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            _key, secret = create_key(
                request.actor, data["name"], data["scopes"], user=data.get("user"), expires_at=form.expires_at()
            )
        except ValidationFailed as failed:
            for error in failed.errors:
                form.add_error(error.field if error.field in form.fields else None, str(error.message))
        else:
            form = ApiKeyForm(actor=request.actor)
    keys = [
        {"key": key, "scopes": [SCOPES[scope] for scope in key.scopes if scope in SCOPES]}
        for key in visible_keys(request.actor)
    ]
    status = 200 if secret else form_status(request)
    response = render(request, "openapi/keys.html", {"form": form, "keys": keys, "secret": secret}, status=status)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@signed_in
def key_revoke(request: ActorRequest, key_id: uuid.UUID) -> HttpResponse:
    """End a key at once."""
    revoke_key(request.actor, key_id)
    messages.success(request, _("The key no longer works."))
    return redirect("api-keys")
