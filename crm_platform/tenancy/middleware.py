"""Enters the organisation that the host names, for the length of one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from crm_platform.tenancy.context import leave_organization, tenant_context
from crm_platform.tenancy.hosts import OrganizationRef, normalize_host, organization_for_host


class OrganizationMiddleware:
    """Sets `request.organization` and the connection's search path; answers 404 for a host of nobody.

    The connection is in the public schema before and after, whatever happens in between, so that a kept
    connection never carries one organisation's search path into another request.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        leave_organization()
        organization = organization_for_host(normalize_host(request.get_host()))
        if organization is None:
            return HttpResponse("No organisation is reached by this address.", status=404, content_type="text/plain")
        request.organization = organization  # type: ignore[attr-defined]
        connection.set_tenant(organization)  # type: ignore[attr-defined] # django-tenants' backend
        try:
            response = self.get_response(request)
        finally:
            leave_organization()
        if response.streaming:
            response.streaming_content = _inside(organization, response.streaming_content)  # type: ignore[attr-defined]
        return response


def _inside(organization: OrganizationRef, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the chunks of a streamed body, each made inside the organisation: it runs after the middleware."""
    iterator = iter(chunks)
    while True:
        with tenant_context(organization.schema_name):
            chunk = next(iterator, None)
        if chunk is None:
            return
        yield chunk
