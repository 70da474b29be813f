"""Unknown addresses below /api/v1 answer in problem+json, too."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from openapi.errors import problem


@csrf_exempt
def no_such_route(request: HttpRequest) -> HttpResponse:
    """Answer 404."""
    return problem(404, "not_found", _("Not found."))
