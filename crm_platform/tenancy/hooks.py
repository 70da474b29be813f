"""What other apps do when an organisation comes or goes: a plain list that they fill in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What is known about an organisation while it is being made."""

    slug: str
    name: str
    schema_name: str
    admin_username: str
    admin_password: str
    language: str
    base_currency: str
    time_zone: str
    packages: tuple[str, ...] = ()  # shipped packages of metadata to start with


@dataclass(frozen=True, slots=True)
class OrganizationHook:
    """One step of making an organisation; steps run by `position`, inside the new schema.

    All steps share the transaction that makes the schema, so a step that raises leaves nothing behind.
    """

    key: str
    position: int
    run: Callable[[NewOrganization], None]


organization_created: Registry[OrganizationHook] = Registry("organisation hook")
organization_migrated: list[Callable[[], object]] = []  # called inside a schema that new code has migrated
organization_deleted: list[Callable[[str], None]] = []  # called with the schema name, to drop caches


def creation_steps() -> list[OrganizationHook]:
    """Return the registered steps in the order in which they run."""
    return sorted(organization_created, key=lambda hook: hook.position)
