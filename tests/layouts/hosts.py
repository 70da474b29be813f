"""The host name of a test organisation."""

from __future__ import annotations

from crm_platform.tenancy.models import Domain
from tests.objects.world import World


def host_of(world: World) -> str:
    """Return the primary host name that leads to the organisation."""
    return Domain.objects.filter(tenant__schema_name=world.schema_name, is_primary=True).get().domain
