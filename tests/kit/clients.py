"""Test clients that speak to one organisation's host."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.test import Client
from rest_framework.test import APIClient


class _KeepsTenant:
    """The middleware leaves the connection in public; the test around the request goes on in its schema."""

    def request(self, **request: Any) -> Any:
        before = connection.tenant
        try:
            return super().request(**request)  # type: ignore[misc]
        finally:
            connection.set_tenant(before)


class OrganizationClient(_KeepsTenant, Client):
    """A browser at `host`."""

    def __init__(self, host: str, **options: Any) -> None:
        super().__init__(SERVER_NAME=host, **options)


class OrganizationAPIClient(_KeepsTenant, APIClient):
    """An integrator at `host`, speaking JSON."""

    def __init__(self, host: str, **options: Any) -> None:
        super().__init__(SERVER_NAME=host, **options)
        self.default_format = "json"
