"""The packages that come with the platform, applied to organisations that ask for them when they are made."""

from __future__ import annotations

from crm_platform.kit.context import system_actor
from crm_platform.tenancy.hooks import NewOrganization
from metadata.packages.portable import CRM_PACKAGE, apply, load_package

SHIPPED = {"crm": CRM_PACKAGE}


def install_shipped(new: NewOrganization) -> None:
    """Apply the packages named in the request for the new organisation; runs inside its schema."""
    actor = system_actor("installer", via="command", language=new.language, time_zone=new.time_zone)
    for name in new.packages:
        apply(actor, load_package(SHIPPED[name]))
