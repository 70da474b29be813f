"""The function permissions: what a profile may allow that is not about the records of one object."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Permission
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CUSTOMIZE = "metadata.customize"
BYPASS_VALIDATION = "metadata.bypass_validation"
MANAGE_USERS = "identity.manage_users"
MANAGE_ORGANIZATION = "identity.manage_organization"
MANAGE_API_KEYS = "identity.manage_api_keys"
VIEW_SYSTEM = "identity.view_system"
VIEW_ALL_DATA = "identity.view_all_data"
MODIFY_ALL_DATA = "identity.modify_all_data"
VIEW_AUDIT = "audit.view_entries"
REVEAL_SENSITIVE = "audit.reveal_sensitive"


@dataclass(frozen=True, slots=True)
class FunctionPermission:
    """One function; `name` is `app_label.codename` of the auth.Permission that carries it."""

    name: str
    label: Promise


FUNCTIONS: tuple[FunctionPermission, ...] = (
    FunctionPermission(CUSTOMIZE, _("Customise the data model")),
    FunctionPermission(BYPASS_VALIDATION, _("Bypass validation rules that allow it")),
    FunctionPermission(MANAGE_USERS, _("Manage users, departments, roles and profiles")),
    FunctionPermission(MANAGE_ORGANIZATION, _("Change the organisation's settings")),
    FunctionPermission(MANAGE_API_KEYS, _("Manage all users' API keys")),
    FunctionPermission(VIEW_SYSTEM, _("See jobs, workers and versions")),
    FunctionPermission(VIEW_ALL_DATA, _("Read all records of every object")),
    FunctionPermission(MODIFY_ALL_DATA, _("Change all records of every object")),
    FunctionPermission(VIEW_AUDIT, _("See the audit trail")),
    FunctionPermission(REVEAL_SENSITIVE, _("Reveal masked and encrypted values")),
)
FUNCTION_NAMES = frozenset(item.name for item in FUNCTIONS)


def permissions_of(functions: frozenset[str]) -> list[Permission]:
    """Return the permission rows of function names; the template schema brings all of them."""
    wanted = Q(pk__in=())
    for name in functions:
        app_label, codename = name.split(".")
        wanted |= Q(content_type__app_label=app_label, codename=codename)
    found = list(Permission.objects.filter(wanted))
    if len(found) != len(functions):
        raise LookupError(f"permission rows are missing: {sorted(functions)} needed, {len(found)} found")
    return found
