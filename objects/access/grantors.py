"""Who grants what: the profiles, permission sets and groups behind a user's rights, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import Permission
from django.utils.translation import gettext as _

from crm_platform.identity.models import PermissionSet, Profile, UserGroup
from crm_platform.kit.context import Actor
from metadata.models import BusinessFieldGroupPermission, BusinessObjectGroupPermission
from objects.access.explanation import Cause
from objects.access.field_grants import LEVELS, FieldLevel

_OWNERS = (("profile", Profile), ("permission_set", PermissionSet), ("group", UserGroup))
# Fields that a group names on an object: none at all means that it keeps nothing back.
FieldGrants = Mapping[int, Mapping[str, FieldLevel]]


@dataclass(frozen=True)
class Grantors:
    """The groups behind some users, and which of them grants a function or an action on one object."""

    causes: Mapping[int, Cause]
    functions: Mapping[str, frozenset[int]]
    actions: Mapping[str, frozenset[int]]
    fields: FieldGrants = field(default_factory=dict)

    def of_function(self, actor: Actor, name: str) -> list[Cause]:
        """Return which of a user's profile, permission sets and groups grant a function."""
        return self._named(actor, self.functions.get(name, frozenset()))

    def of_action(self, actor: Actor, action: str) -> list[Cause]:
        """Return which of them grant an action on the object."""
        return self._named(actor, self.actions.get(action, frozenset()))

    def of_field(self, actor: Actor, name: str, level: FieldLevel) -> list[Cause]:
        """Return which of them allow this level, at least, on a field of the object."""
        reading = self.actions.get("read", frozenset())
        found = {
            group
            for group in actor.group_ids
            if (self.fields[group].get(name, FieldLevel.HIDDEN) >= level if group in self.fields else group in reading)
        }
        return self._named(actor, frozenset(found))

    def _named(self, actor: Actor, groups: frozenset[int]) -> list[Cause]:
        return [self.causes[item] for item in dict.fromkeys(actor.group_ids) if item in groups and item in self.causes]


def grantors_of(actors: Iterable[Actor], object_name: str) -> Grantors:
    """Read what is behind the rights of some users on one object: the same few statements for any number of them."""
    groups = {group for actor in actors for group in actor.group_ids}
    causes = {
        group_id: Cause(kind, str(key), name)
        for kind, model in _OWNERS
        for group_id, key, name in model._default_manager.filter(group__in=groups).values_list(
            "group_id", "uuid", "name"
        )
    }
    functions: dict[str, set[int]] = defaultdict(set)
    rows = Permission.objects.filter(group__in=groups, content_type__app_label="identity")
    for codename, group_id in rows.values_list("codename", "group"):
        functions[f"identity.{codename}"].add(group_id)
    return Grantors(causes, _frozen(functions), _actions(groups, object_name), _fields(groups, object_name))


def _actions(groups: set[int], object_name: str) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    rows = BusinessObjectGroupPermission.objects.filter(group__in=groups, content_object__api_name=object_name)
    for codename, group_id in rows.values_list("permission__codename", "group_id"):
        found[codename].add(group_id)
    return _frozen(found)


def _fields(groups: set[int], object_name: str) -> FieldGrants:
    found: dict[int, dict[str, FieldLevel]] = defaultdict(dict)
    rows = BusinessFieldGroupPermission.objects.filter(
        group__in=groups, content_object__business_object__api_name=object_name
    )
    for group_id, name, codename in rows.values_list("group_id", "content_object__api_name", "permission__codename"):
        found[group_id][name] = max(found[group_id].get(name, FieldLevel.HIDDEN), LEVELS[codename])
    return found


def _frozen(found: dict[str, set[int]]) -> dict[str, frozenset[int]]:
    return {name: frozenset(groups) for name, groups in found.items()}


def said(causes: Iterable[Cause]) -> str:
    """Return profiles, permission sets and groups in words."""
    kinds = {"profile": _("profile “%s”"), "permission_set": _("permission set “%s”"), "group": _("group “%s”")}
    return _(", ").join(kinds[cause.kind] % cause.name for cause in causes)
