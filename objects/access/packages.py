"""The section of packages that says what profiles may do with the objects that a package brings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm_platform.identity.models import Profile
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from metadata.models import BusinessObject, BusinessObjectGroupPermission
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from objects.access.grants import GRANTABLE, permissions_for

KEY = "grants"


def export(object_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the grants on the named objects, one document for each object and profile."""
    rows = BusinessObjectGroupPermission.objects.filter(
        content_object__api_name__in=object_names, group__profile__isnull=False
    ).values_list("content_object__api_name", "group__profile__api_name", "permission__codename")
    found: dict[tuple[str, str], set[str]] = {}
    for object_name, profile, action in rows:
        found.setdefault((object_name, profile), set()).add(action)
    profiles = list(Profile.objects.order_by("id").values_list("api_name", flat=True))
    return [
        {"object": name, "profile": profile, "actions": [a for a in GRANTABLE if a in found[name, profile]]}
        for name in object_names
        for profile in profiles
        if (name, profile) in found
    ]


def diff(documents: Documents) -> list[PackageChange]:
    """Return the grants to be added.

    A package only speaks for objects on which nothing has been granted here yet: what an administrator has
    taken away must not come back with an update.
    """
    settled = _settled()
    objects = {row.api_name: row.uuid for row in BusinessObject.objects.all()}
    profiles = set(Profile.objects.values_list("api_name", flat=True))
    changes = []
    for wanted in documents:
        if wanted["object"] in settled or wanted["profile"] not in profiles:
            continue
        name, actions = f"{wanted['object']}.{wanted['profile']}", list(wanted["actions"])
        changes.append(PackageChange("add", KEY, name, objects.get(wanted["object"]), {"actions": (None, actions)}))
    return changes


def apply(actor: Actor, documents: Documents) -> None:
    """Grant what `diff` says, all of it in one statement."""
    settled = _settled()
    objects = {row.api_name: row.id for row in BusinessObject.objects.all()}
    groups = dict(Profile.objects.values_list("api_name", "group_id"))
    permissions = {row.codename: row.pk for row in permissions_for(GRANTABLE)}
    rows = [
        BusinessObjectGroupPermission(
            content_object_id=objects[wanted["object"]],
            group_id=groups[wanted["profile"]],
            permission_id=permissions[action],
        )
        for wanted in documents
        for action in wanted["actions"]
        if wanted["object"] in objects.keys() - settled and wanted["profile"] in groups
    ]
    if rows:
        BusinessObjectGroupPermission.objects.bulk_create(rows)
        bump_access_version()


def _settled() -> set[str]:
    """Return the API names of the objects on which somebody has been granted something."""
    return set(BusinessObjectGroupPermission.objects.values_list("content_object__api_name", flat=True))


def register() -> None:
    """Register the section; called once from AppConfig.ready()."""
    package_sections.register(PackageSection(KEY, export, diff, apply, rows=(KEY,)))
