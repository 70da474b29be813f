"""Who may merge: he changes the one record, puts the others away, and has the right to merge at all."""

from __future__ import annotations

from objects.access.policy import AccessPolicy

NEEDED = ("edit", "delete", "merge")


def may_merge(policy: AccessPolicy, object_name: str) -> bool:
    """Tell whether the caller may merge records of an object, and undo merges."""
    return all(policy.can(object_name, action) for action in NEEDED)


def require_merge(policy: AccessPolicy, object_name: str) -> None:
    """Raise Forbidden (NotFound where the object does not exist for him) unless the caller may merge."""
    for action in NEEDED:
        policy.require(object_name, action)
