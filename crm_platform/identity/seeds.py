"""What a new organisation starts with: settings, roles, profiles, the root department, the administrator."""

from __future__ import annotations

from django.contrib.auth.models import Group

from crm_platform.identity.functions import FUNCTION_NAMES, permissions_of
from crm_platform.identity.models import (
    AccessVersion,
    Department,
    OrganizationSettings,
    Profile,
    Role,
    User,
)
from crm_platform.identity.services.organization import preference_errors
from crm_platform.identity.services.users import user_errors
from crm_platform.kit.errors import ValidationFailed
from crm_platform.tenancy.hooks import NewOrganization

Scope = Role.DataScope
# Names are rows that admins may change later, so they are chosen once, by the organisation's language.
# Each role stands below the one before it.
ROLES: tuple[tuple[str, str, str, str], ...] = (
    ("everything", "All data", "全部数据", Scope.ALL),
    ("department_head", "Head of department", "部门负责人", Scope.DEPARTMENT_BELOW),
    ("individual", "Individual", "个人", Scope.OWN),
)
PROFILES: tuple[tuple[str, str, str, frozenset[str]], ...] = (
    ("administrator", "Administrator", "系统管理员", FUNCTION_NAMES),
    ("sales_manager", "Sales manager", "销售经理", frozenset()),
    ("sales_rep", "Sales representative", "销售代表", frozenset()),
)
WORK_DAYS = [1, 2, 3, 4, 5]
WORK_HOURS = [["09:00", "12:00"], ["13:00", "18:00"]]


def seed_identity(new: NewOrganization) -> None:
    """Fill a new organisation's identity tables; runs inside its schema. Raises ValidationFailed."""
    errors = preference_errors(new.base_currency, new.time_zone, new.language)
    if errors:
        raise ValidationFailed(errors)
    AccessVersion.objects.create()
    OrganizationSettings.objects.create(
        name=new.name,
        base_currency=new.base_currency,
        time_zone=new.time_zone,
        language=new.language,
        work_days=WORK_DAYS,
        work_hours=WORK_HOURS,
    )
    chinese = new.language.startswith("zh")
    roles = _roles(chinese)
    profiles = {
        api_name: _profile(api_name, zh if chinese else en, functions) for api_name, en, zh, functions in PROFILES
    }
    admin = User(
        username=User.objects.normalize(new.admin_username),
        name="管理员" if chinese else "Administrator",
        department=Department.objects.add_root({"name": new.name}),
        role=roles["everything"],
        profile=profiles["administrator"],
    )
    errors = user_errors(admin)
    if errors:
        raise ValidationFailed(errors)
    admin.set_password(new.admin_password)
    admin.save()


def _roles(chinese: bool) -> dict[str, Role]:
    found: dict[str, Role] = {}
    above = None
    for api_name, en, zh, scope in ROLES:
        above = Role.objects.create(api_name=api_name, name=zh if chinese else en, data_scope=scope, parent=above)
        found[api_name] = above
    return found


def _profile(api_name: str, name: str, functions: frozenset[str]) -> Profile:
    group = Group.objects.create(name=f"profile:{api_name}")
    group.permissions.set(permissions_of(functions))
    return Profile.objects.create(api_name=api_name, name=name, group=group)
