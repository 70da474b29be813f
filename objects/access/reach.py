"""What actions mean for the reach over records: which scope of a role decides, and how much a share must allow."""

from __future__ import annotations

from objects.access.models import Level

READ, EDIT, DELETE, EXPORT, TRANSFER = "read", "edit", "delete", "export", "transfer"
SHARE, RESTORE = "share", "restore"
SCOPED_ACTIONS = (READ, EDIT, DELETE, EXPORT, TRANSFER)

# Other actions on records reach as far as the one that they resemble.
_RESEMBLES = {
    "create": READ,
    "mass_update": EDIT,
    "convert": EDIT,
    "merge": DELETE,
    "move": TRANSFER,
    RESTORE: DELETE,
    SHARE: READ,
}
_LEVELS = {READ: Level.READ, EXPORT: Level.READ, EDIT: Level.EDIT, DELETE: Level.FULL, TRANSFER: Level.FULL}
_DEFAULTS = {"private": 0, "read": Level.READ, "edit": Level.EDIT, "full": Level.FULL}


def scoped(action: str) -> str:
    """Return the action whose scope decides about `action`; raises KeyError for one that concerns no record."""
    return action if action in _LEVELS else _RESEMBLES[action]


def level_for(action: str) -> Level:
    """Return the level that a share or an object's default must have to allow a scoped action."""
    return _LEVELS[action]


def default_level(sharing: str) -> int:
    """Return what everybody may do with others' records of an object, 0 for nothing."""
    return _DEFAULTS[sharing]
