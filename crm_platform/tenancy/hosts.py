"""Which organisation a host name leads to, remembered for a few seconds in this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.http.request import split_domain_port

from crm_platform.tenancy.models import Organization

MAX_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class OrganizationRef:
    """What a request needs to know about its organisation; looks like a tenant to django-tenants."""

    schema_name: str
    slug: str
    name: str


_remembered: dict[str, tuple[float, OrganizationRef]] = {}


def organization_for_host(host: str, now: Callable[[], float] = time.monotonic) -> OrganizationRef | None:
    """Return the organisation of `host`, else the only one there is, else None.

    Must run in the public schema. Only hits are remembered, and only briefly: sessions, keys and data live
    in the organisation's schema, so an outdated answer shows at worst the sign-in page of the former owner
    of a host name.
    """
    remembered = _remembered.get(host)
    if remembered is not None and remembered[0] > now():
        return remembered[1]
    found = _by_domain(host) or _only_one()
    if found is not None:
        if len(_remembered) >= MAX_REMEMBERED:
            _remembered.clear()
        _remembered[host] = (now() + settings.TENANT_HOST_CACHE_SECONDS, found)
    return found


def normalize_host(host: str) -> str:
    """Return a host name as it is compared: lower case, no port, no trailing dot."""
    return split_domain_port(host.strip())[0].rstrip(".")


def forget_hosts() -> None:
    """Forget all answers, because organisations or domains have changed in this process."""
    _remembered.clear()


def _by_domain(host: str) -> OrganizationRef | None:
    return _ref(Organization.objects.filter(domains__domain=host, is_template=False)[:1])


def _only_one() -> OrganizationRef | None:
    """Return the organisation of an installation that has exactly one: any allowed host reaches it."""
    rows = list(Organization.objects.filter(is_template=False)[:2])
    return _ref(rows) if len(rows) == 1 else None


def _ref(rows: object) -> OrganizationRef | None:
    return next((OrganizationRef(row.schema_name, row.slug, row.name) for row in rows), None)  # type: ignore[attr-defined]
