"""Principals: whom records are shared with, and whose records are shared. Written `kind:id`, `everyone` alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.ids import parse_uuid

USER, ROLE, ROLE_BELOW, GROUP = "user", "role", "role_below", "group"
DEPARTMENT, DEPARTMENT_BELOW, EVERYONE = "department", "department_below", "everyone"
TERRITORY, TERRITORY_BELOW = "territory", "territory_below"

KINDS = {
    USER: _("User"),
    ROLE: _("Role"),
    ROLE_BELOW: _("Role and those below"),
    GROUP: _("Group"),
    DEPARTMENT: _("Department"),
    DEPARTMENT_BELOW: _("Department and below"),
    TERRITORY: _("Territory"),
    TERRITORY_BELOW: _("Territory and below"),
    EVERYONE: _("Everybody"),
}
# Sharing rules name territories, and nothing else does: what is meant for one is meant for those above it, too.
TERRITORIES = (TERRITORY, TERRITORY_BELOW)
NO_TERRITORIES = tuple(kind for kind in KINDS if kind not in TERRITORIES)


@dataclass(frozen=True, slots=True)
class Principal:
    """A user, role or group (by the UUID that travels), a department or territory, or everybody (without an id)."""

    kind: str
    id: uuid.UUID | None = None

    def __str__(self) -> str:
        return self.kind if self.id is None else f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str, field: str = "principal") -> Principal:
        """Read the written form; raises ValidationFailed at `field`."""
        kind, _colon, rest = text.partition(":")
        found = parse_uuid(rest) if rest else None
        if kind not in KINDS or (found is None) != (kind == EVERYONE):
            raise ValidationFailed.single(field, "invalid_reference", _("Choose whom this is about."))
        return cls(kind, found)


def written(kind: str, ids: Iterable[uuid.UUID]) -> list[str]:
    """Return the written forms of several principals of one kind."""
    return [f"{kind}:{item}" for item in ids]
