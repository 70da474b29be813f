"""The frame of endpoints that change who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from openapi.http import Endpoint, json_response


class AdministrationEndpoint(Endpoint):
    """Base of these endpoints: one transaction for a request, idempotent, with dry runs."""

    def change(self, request: Request, work: Callable[[], dict[str, Any]], status: int = 200) -> HttpResponse:
        """Run a change and answer with what it returns; a dry run answers the same and changes nothing.

        The `version` of what was changed is its ETag.
        """

        def run() -> HttpResponse:
            with transaction.atomic():
                body = work()
                if not self.is_dry_run(request):
                    etag = {"etag": str(body["version"])} if "version" in body else {}
                    return json_response(body, status, **etag)
                transaction.set_rollback(True)
            return json_response({**body, "dry_run": True})

        return self.write(request, run)
