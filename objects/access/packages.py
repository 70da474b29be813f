"""The section of packages that says what profiles may do with the objects that a package brings, and their fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from crm_platform.identity.models import Profile
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import Actor
from metadata.models import (
    BusinessField,
    BusinessFieldGroupPermission,
    BusinessObject,
    BusinessObjectGroupPermission,
)
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from objects.access.field_grants import LEVELS
from objects.access.grants import GRANTABLE, permissions_for
from objects.access.services.field_levels import field_permissions, level_name, level_named

KEY = "grants"


def export(object_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the grants on the named objects, one document for each object and profile.

    `fields` holds the level of every field that the profile may see, where its grants name fields.
    """
    rows = BusinessObjectGroupPermission.objects.filter(
        content_object__api_name__in=object_names, group__profile__isnull=False
    ).values_list("content_object__api_name", "group__profile__api_name", "permission__codename")
    found: dict[tuple[str, str], set[str]] = {}
    for object_name, profile, action in rows:
        found.setdefault((object_name, profile), set()).add(action)
    profiles = list(Profile.objects.order_by("id").values_list("api_name", flat=True))
    fields = _field_levels(object_names)
    return [
        {
            "object": name,
            "profile": profile,
            "actions": [a for a in GRANTABLE if a in found[name, profile]],
            **({"fields": fields[name, profile]} if (name, profile) in fields else {}),
        }
        for name in object_names
        for profile in profiles
        if (name, profile) in found
    ]


def _field_levels(object_names: Sequence[str]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the levels of fields by object and profile, in the fields' order."""
    rows = BusinessFieldGroupPermission.objects.filter(
        content_object__business_object__api_name__in=object_names,
        content_object__state=BusinessField.State.ACTIVE,
        group__profile__isnull=False,
    ).order_by("content_object__position", "content_object_id")
    found: dict[tuple[str, str], dict[str, str]] = {}
    for object_name, profile, field, codename in rows.values_list(
        "content_object__business_object__api_name",
        "group__profile__api_name",
        "content_object__api_name",
        "permission__codename",
    ):
        found.setdefault((object_name, profile), {})[field] = level_name(LEVELS[codename])
    return found


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
        told: dict[str, tuple[object, object]] = {"actions": (None, actions)}
        if wanted.get("fields"):
            told["fields"] = (None, dict(wanted["fields"]))
        changes.append(PackageChange("add", KEY, name, objects.get(wanted["object"]), told))
    return changes


def apply(actor: Actor, documents: Documents) -> None:
    """Grant what `diff` says: actions on objects in one statement, levels of fields in another."""
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
    fields = _field_rows(documents, objects.keys() - settled, groups)
    if rows:
        BusinessObjectGroupPermission.objects.bulk_create(rows)
        BusinessFieldGroupPermission.objects.bulk_create(fields)
        bump_access_version()


def _field_rows(
    documents: Documents, open_objects: Collection[str], groups: Mapping[str, int]
) -> list[BusinessFieldGroupPermission]:
    wanted = [item for item in documents if item.get("fields") and item["object"] in open_objects]
    if not wanted:
        return []
    permissions = field_permissions()
    known = BusinessField.objects.filter(business_object__api_name__in=[item["object"] for item in wanted])
    ids = {(owner, name): pk for pk, owner, name in known.values_list("pk", "business_object__api_name", "api_name")}
    return [
        BusinessFieldGroupPermission(
            content_object_id=ids[item["object"], name],
            group_id=groups[item["profile"]],
            permission=permissions[level],
        )
        for item in wanted
        if item["profile"] in groups
        for name, text in item["fields"].items()
        if (level := level_named(text)) and (item["object"], name) in ids
    ]


def _settled() -> set[str]:
    """Return the API names of the objects on which somebody has been granted something."""
    return set(BusinessObjectGroupPermission.objects.values_list("content_object__api_name", flat=True))


def register() -> None:
    """Register the section; called once from AppConfig.ready()."""
    package_sections.register(PackageSection(KEY, export, diff, apply, rows=(KEY,)))
