"""The pages that strangers see: the form itself, in a page of ours or in a frame of theirs, and the embedding script.

Nobody is signed in here, and whoever is, is not looked at: so there is no token against forged requests either, which
browsers would not send from within another site's frame anyway.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.html import escapejs
from django.utils.translation import get_language_from_request
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from workflows.intake import sources, submitting
from workflows.intake.fields import asked
from workflows.intake.models import WebForm
from workflows.intake.signing import start_token


@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def hosted_form(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form, and take it."""
    with translation.override(get_language_from_request(request)):
        try:
            form = submitting.active_form(token)
        except NotFound:
            return _framed(render(request, "workflows/intake/gone.html", status=404), None)
        response = _take(request, form) if request.method == "POST" else _show(request, form)
    patch_vary_headers(response, ("Accept-Language",))
    return _framed(response, form)


@require_safe
def embed_script(request: HttpRequest, token: str) -> HttpResponse:
    """Return the script that puts the form into a page of another site, and tells it where it stands."""
    try:
        submitting.active_form(token)
    except NotFound:
        return HttpResponse(status=404)
    address = request.build_absolute_uri(request.path.removesuffix("/embed.js"))
    context = {"address": escapejs(address), "title": escapejs(_("Form"))}
    script = render(request, "workflows/intake/embed.js", context, content_type="text/javascript; charset=utf-8")
    script["Cross-Origin-Resource-Policy"] = "cross-origin"
    return script


def _show(
    request: HttpRequest, form: WebForm, status: int = 200, errors: dict[str, str] | None = None, refused: str = ""
) -> HttpResponse:
    posted = request.POST if status != 200 else None
    language = translation.get_language() or "en"
    fields = [
        _shown(item, posted, errors or {}) for item in asked(form.business_object.api_name, form.fields, language)
    ]
    given = posted if posted is not None else request.GET
    context = {
        "form": form,
        "fields": [item for item in fields if not item["asked"].hidden],
        "start": (posted.get(sources.START) if posted is not None else "") or start_token(form),
        "trap": sources.TRAP,
        "parameters": sources.parameters(given),
        "page": given.get("page", "")[:1000],
        "referrer": given.get("referrer", "")[:1000],
        "consent_error": (errors or {}).get("consent", ""),
        "refused": refused,
    }
    return render(request, "workflows/intake/form.html", context, status=status)


def _shown(item: Any, posted: Any, errors: dict[str, str]) -> dict[str, Any]:
    name = f"{sources.VALUE}{item.name}"
    if item.input == "checkboxes":
        chosen = posted.getlist(f"{name}[]") if posted is not None else []
        return {"asked": item, "name": f"{name}[]", "chosen": chosen, "error": errors.get(item.name, "")}
    value = posted.get(name, "") if posted is not None else item.default
    return {"asked": item, "name": name, "value": value, "error": errors.get(item.name, "")}


def _take(request: HttpRequest, form: WebForm) -> HttpResponse:
    try:
        submitting.submit(form, sources.from_page(form, request))
    except ValidationFailed as failed:
        errors = {str(error.field): error.text for error in failed.errors}
        return _show(request, form, 422, errors)
    except PlatformError as refused:
        return _show(request, form, refused.status, refused=str(refused.message))
    if form.redirect_url:
        return HttpResponseRedirect(form.redirect_url)
    return render(request, "workflows/intake/thanks.html", {"form": form})


def _framed(response: HttpResponse, form: WebForm | None) -> HttpResponse:
    """Let only the form's own sites show it in a frame."""
    origins = [SELF, *form.origins] if form is not None else [NONE]
    after = [_origin_of(form.redirect_url)] if form is not None and form.redirect_url else []
    rules = {"frame-ancestors": origins, "form-action": [SELF, *after]}
    response._csp_replace = rules  # type: ignore[attr-defined]
    response["Cache-Control"] = "no-store"
    response["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
