"""Whence somebody may call: lists of networks in CIDR form, and whether an address is in one of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import Forbidden
from crm_platform.kit.json import loads

MAX_NETWORKS = 100
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class AddressNotAllowed(Forbidden):
    """The caller's profile may not be used from the caller's address."""

    message = _("Your profile may not be used from this network. Ask an administrator if you need access from here.")


def parse(text: str) -> Network:
    """Return the network of `10.1.0.0/16`, `2001:db8::/32` or a single address; raises ValueError."""
    return ipaddress.ip_network(text.strip(), strict=False)


def is_within(networks: Iterable[Network], address: str) -> bool:
    """Tell whether an address lies in one of the networks; one that can't be read lies in none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in network for network in networks if network.version == found.version)


def require_allowed(allowed: str | None, address: str) -> None:
    """Raise AddressNotAllowed unless the list, JSON as the database has it, names the address or nothing at all."""
    networks = _read(allowed) if allowed else ()
    if networks and not is_within(networks, address):
        raise AddressNotAllowed


@lru_cache(maxsize=512)
def _read(allowed: str) -> tuple[Network, ...]:
    return tuple(parse(item) for item in loads(allowed))
