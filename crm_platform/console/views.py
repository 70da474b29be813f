"""Error pages and the language switch: the pages that belong to no part of the platform."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import check_for_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm_platform.console.addresses import own_path
from crm_platform.identity import services as identity
from crm_platform.kit.context import Actor


def error_page(request: HttpRequest, status: int, message: str = "", *, errors: Sequence[str] = ()) -> HttpResponse:
    """Return the page for a failed request: inside the shell for people who are signed in."""
    titles = {
        401: _("Sign in first"),
        403: _("You may not open this"),
        404: _("We can't find this page"),
        409: _("This doesn't work right now"),
        410: _("This link has expired"),
        412: _("Someone else was faster"),
        422: _("Some values are not valid"),
        500: _("Something went wrong on our side"),
    }
    context = {
        "status": status,
        "title": titles.get(status, _("This didn't work")),
        "message": message,
        "errors": errors,
        "base": "console/base/shell.html" if getattr(request, "actor", None) else "console/base/plain.html",
    }
    return render(request, "console/errors/error.html", context, status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 404."""
    return error_page(request, 404, _("It may have been deleted, or you have no access to it."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 403."""
    return error_page(request, 403, _("Ask an administrator if you need access."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token is missing or old."""
    return error_page(request, 403, _("The form is too old. Go back, reload the page and send it again."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 without the shell, which may be what failed, and without the database."""
    return HttpResponse(render_to_string("console/errors/500.html", {"request": request}), status=500)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of this browser, and of the person's account when they are signed in."""
    language, back = request.POST.get("language", ""), own_path(request, request.POST.get("next", ""))
    response = HttpResponseRedirect(back or "/")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax")
        if request.user.is_authenticated:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            identity.change_own_preferences(actor, language=language, time_zone=request.user.time_zone)
    return response
