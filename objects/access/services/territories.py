"""The tree of territories: grows, is renamed, moved and closed; deleted while nothing is shared with it.

What is shared with a territory is shared with its members and with those of all territories above it. Every change
of the tree or of members counts from the next request on.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal, uses
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services.access import bump_access_version, lock_identity, require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from objects.access.models import Territory, TerritoryMember
from objects.access.territories import get_territory, members_of, parent_of
from objects.access.territory_places import at_or_above

MAX_DEPTH = 20  # `path` has room for 63 levels; nobody can read more than these
MAX_TERRITORIES = 5_000
NAME = 100
IN_USE = _("The territory can't be deleted. It is used by: %(names)s")

Ids = frozenset[uuid.UUID]
Change = Callable[[Ids, Ids], Ids]  # from the members and the given users to the members that there shall be


@transaction.atomic
def create_territory(actor: Actor, name: str, parent_id: uuid.UUID | None = None) -> Territory:
    """Add a territory below another one, or at the top, after its siblings."""
    _begin(actor)
    parent = _open(parent_id)
    if Territory.objects.count() >= MAX_TERRITORIES:
        message = _("There are at most %(max)d territories.")
        raise ValidationFailed.single(None, "out_of_range", message, max=MAX_TERRITORIES)
    _require_depth(parent.depth + 1 if parent else 1)
    values = {"name": _valid_name(name, parent)}
    made: Territory = Territory.objects.add_child(parent, values) if parent else Territory.objects.add_root(values)
    bump_access_version()
    _tell(actor, "created", made, {"name": (None, made.name), "parent": (None, _name(parent))})
    return made


@transaction.atomic
def rename_territory(actor: Actor, territory_id: uuid.UUID, name: str) -> Territory:
    """Give a territory another name; its place stays."""
    _begin(actor)
    territory = get_territory(actor, territory_id)
    before, territory.name = territory.name, _valid_name(name, parent_of(territory), but=territory)
    if territory.name != before:
        territory.save(update_fields=["name"])
        _tell(actor, "changed", territory, {"name": (before, territory.name)})
    return territory


@transaction.atomic
def move_territory(actor: Actor, territory_id: uuid.UUID, parent_id: uuid.UUID | None) -> Territory:
    """Put a territory with everything below it under another one, or at the top."""
    _begin(actor)
    territory = get_territory(actor, territory_id)
    before = parent_of(territory)
    if parent_id == (before.pk if before else None):
        return territory
    parent = _open(parent_id)
    if parent and parent.path.startswith(territory.path):
        raise ValidationFailed.single("parent", "invalid_reference", _("A territory can't be moved below itself."))
    deepest = Territory.objects.filter(path__startswith=territory.path).order_by("-depth").first()
    assert deepest is not None, "a territory is among its own descendants"
    _require_depth((parent.depth if parent else 0) + 1 + deepest.depth - territory.depth)
    _valid_name(territory.name, parent, but=territory)
    if parent:
        Territory.objects.move(territory, parent, "last-child")
    else:
        Territory.objects.move(territory, Territory.objects.get_root_nodes().last(), "last-sibling")
    bump_access_version()
    _tell(actor, "moved", territory, {"parent": (_name(before), _name(parent))})
    return get_territory(actor, territory_id)


@transaction.atomic
def close_territory(actor: Actor, territory_id: uuid.UUID) -> Territory:
    """Close a territory and every one below it: what is shared with them is shared with nobody by that."""
    _begin(actor)
    territory = get_territory(actor, territory_id)
    if Territory.objects.filter(path__startswith=territory.path, is_active=True).update(is_active=False):
        bump_access_version()
        _tell(actor, "closed", territory, {})
    return get_territory(actor, territory_id)


@transaction.atomic
def reopen_territory(actor: Actor, territory_id: uuid.UUID) -> Territory:
    """Open a closed territory again, with those above it and without those below it."""
    _begin(actor)
    territory = get_territory(actor, territory_id)
    above = at_or_above([territory.path])
    if Territory.objects.filter(path__in=above, is_active=False).update(is_active=True):
        bump_access_version()
        _tell(actor, "reopened", territory, {})
    return get_territory(actor, territory_id)


@transaction.atomic
def delete_territory(actor: Actor, territory_id: uuid.UUID) -> None:
    """Delete a territory that has none below it and that nothing is shared with; raises StateConflict."""
    _begin(actor)
    territory = get_territory(actor, territory_id)
    if Territory.objects.filter(parent_path=territory.path).exists():
        raise StateConflict(_("There are territories below this one. Delete or move them first."))
    uses.require_unused(territory, str(IN_USE), ())
    members = _names(territory)
    _tell(actor, "deleted", territory, {"name": (territory.name, None), "members": (members, None)})
    territory.delete()
    bump_access_version()


def add_members(actor: Actor, territory_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Put users into a territory, besides those who are in it."""
    _change_members(actor, territory_id, user_ids, lambda present, given: present | given)


def remove_members(actor: Actor, territory_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Take users out of a territory; who is not in it is passed over."""
    _change_members(actor, territory_id, user_ids, lambda present, given: present - given)


def set_members(actor: Actor, territory_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    """Let exactly these users be in a territory."""
    _change_members(actor, territory_id, user_ids, lambda _present, given: given)


@transaction.atomic
def _change_members(actor: Actor, territory_id: uuid.UUID, user_ids: Collection[uuid.UUID], change: Change) -> None:
    _begin(actor)
    territory = get_territory(actor, territory_id)
    given = frozenset(User.objects.filter(pk__in=user_ids).values_list("pk", flat=True))
    if len(given) != len(set(user_ids)):
        raise ValidationFailed.single("members", "invalid_reference", _("There is no such user."))
    present = frozenset(territory.members.values_list("user_id", flat=True))
    wanted = change(present, given)
    if wanted == present:
        return
    before = _names(territory)
    territory.members.filter(user__in=present - wanted).delete()
    TerritoryMember.objects.bulk_create(
        TerritoryMember(territory=territory, user_id=user_id) for user_id in sorted(wanted - present)
    )
    bump_access_version()
    _tell(actor, "members_changed", territory, {"members": (before, _names(territory))})


def _begin(actor: Actor) -> None:
    require_function(actor, MANAGE_USERS)
    lock_identity()


def _open(parent_id: uuid.UUID | None) -> Territory | None:
    """Return the open territory of an id, None for the top."""
    found: Territory | None = Territory.objects.filter(pk=parent_id, is_active=True).first() if parent_id else None
    if parent_id and found is None:
        raise ValidationFailed.single("parent", "invalid_reference", _("Choose an open territory."))
    return found


def _valid_name(name: str, parent: Territory | None, *, but: Territory | None = None) -> str:
    """Return the trimmed name; raises ValidationFailed when it is bad or taken beside it."""
    name = name.strip()
    if not name:
        raise ValidationFailed.single("name", "required", _("Give a name."))
    if len(name) > NAME:
        raise ValidationFailed.single("name", "too_long", _("Give a name of at most 100 characters."))
    beside = Territory.objects.filter(parent_path=parent.path if parent else None, name=name)
    if (beside.exclude(pk=but.pk) if but else beside).exists():
        raise ValidationFailed.single("name", "not_unique", _("There is a territory of this name beside it."))
    return name


def _require_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        message = _("Territories may be at most %(max)d levels deep.")
        raise ValidationFailed.single("parent", "out_of_range", message, max=MAX_DEPTH)


def _name(territory: Territory | None) -> str | None:
    return territory.name if territory else None


def _names(territory: Territory) -> list[str]:
    return list(members_of(territory).values_list("name", flat=True))


def _tell(actor: Actor, what: str, territory: Territory, changes: journal.Changes) -> None:
    journal.tell(actor, journal.Event(f"territory.{what}", territory.name, territory.pk, changes))
