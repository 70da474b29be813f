"""The regions below a region, for the selects of addresses."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from metadata.regions import children

DAY = 24 * 3600


@require_safe
@signed_in
@cache_control(private=True, max_age=DAY)
def regions(request: HttpRequest) -> HttpResponse:
    """Answer `?under=CN44` with code and name of each region; browsers keep the answer for a day."""
    found = children(request.GET.get("under", ""))
    return JsonResponse([{"code": code, "name": name} for code, name in found], safe=False)
