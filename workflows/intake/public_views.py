"""The pages that strangers see: the form itself, in a page of ours or in a frame of theirs, and the embedding script.

Nobody is signed in here, and whoever is, is not looked at: so there is no token against forged requests either, which
browsers would not send from within another site's frame anyway.
"""

from __future__ import annotations

from dataclasses import replace
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

from crm_platform.kit.errors import FieldError, NotFound, PlatformError, ValidationFailed
from workflows.intake import sources, submitting, uploads
from workflows.intake.fields import Asked, asked
from workflows.intake.models import WebForm
from workflows.intake.signing import PageTooOld, read_start, start_token
from workflows.intake.sources import TooLarge
from workflows.intake.submitting import Sent


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
    posted = request.POST if status not in (200, TooLarge.status) else None
    fields = [_shown(item, posted, errors or {}) for item in _asked(form)]
    if posted is not None and any(item["asked"].is_file for item in fields):
        _show_files(form, posted, fields)
    given = posted if posted is not None else request.GET
    context = {
        "form": form,
        "fields": [item for item in fields if not item["asked"].hidden],
        "start": (posted.get(sources.START) if posted is not None else "") or start_token(form),
        "trap": sources.TRAP,
        "parameters": sources.parameters(given),
        "page": given.get("page", "")[:1000],
        "referrer": given.get("referrer", "")[:1000],
        "has_files": any(item["asked"].is_file for item in fields),
        "consent_error": (errors or {}).get("consent", ""),
        "refused": refused,
    }
    return render(request, "workflows/intake/form.html", context, status=status)


def _shown(item: Any, posted: Any, errors: dict[str, str]) -> dict[str, Any]:
    name = f"{sources.VALUE}{item.name}"
    if item.is_file:
        return {"asked": item, "name": name, "files": [], "error": errors.get(item.name, "")}
    if item.input == "checkboxes":
        chosen = posted.getlist(f"{name}[]") if posted is not None else []
        return {"asked": item, "name": f"{name}[]", "chosen": chosen, "error": errors.get(item.name, "")}
    value = posted.get(name, "") if posted is not None else item.default
    return {"asked": item, "name": name, "value": value, "error": errors.get(item.name, "")}


def _show_files(form: WebForm, posted: Any, fields: list[dict[str, Any]]) -> None:
    """Show what was uploaded already, so that nobody has to choose it again."""
    try:
        _seconds, once = read_start(form, posted.get(sources.START, ""))
    except PageTooOld:
        return
    found = uploads.shown(form, once)
    for item in fields:
        if item["asked"].is_file:
            item["kept_name"] = f"{sources.KEPT}{item['asked'].name}"
            item["files"] = found.get(item["asked"].name, [])


def _asked(form: WebForm) -> list[Asked]:
    return asked(form.business_object.api_name, form.fields, translation.get_language() or "en")


def _take(request: HttpRequest, form: WebForm) -> HttpResponse:
    try:
        sent = sources.from_page(form, request)
        submitting.submit(form, replace(sent, values={**sent.values, **_uploaded(form, request, sent)}))
    except ValidationFailed as failed:
        errors = {str(error.field): error.text for error in failed.errors}
        return _show(request, form, 422, errors)
    except PlatformError as refused:
        return _show(request, form, refused.status, refused=str(refused.message))
    if form.redirect_url:
        return HttpResponseRedirect(form.redirect_url)
    return render(request, "workflows/intake/thanks.html", {"form": form})


def _uploaded(form: WebForm, request: HttpRequest, sent: Sent) -> dict[str, list[str]]:
    """Keep the files of a page, but for a robot's; return what each field has. Raises what keeping a file does."""
    found: dict[str, list[str]] = {}
    errors: list[FieldError] = []
    for item in _asked(form) if not sent.trap else ():
        if not item.is_file:
            continue
        ids = request.POST.getlist(f"{sources.KEPT}{item.name}")
        for file in request.FILES.getlist(f"{sources.VALUE}{item.name}"):
            try:
                ids.append(str(uploads.upload(form, sent.once, item, file).pk))
            except ValidationFailed as failed:
                errors += failed.errors
        found[item.name] = ids
    if errors:
        raise ValidationFailed(errors)
    return found


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
