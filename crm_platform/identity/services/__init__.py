"""All writes to users, departments, profiles and the organisation's settings."""

from crm_platform.identity.services.access import (
    bump_access_version,
    grant_function,
    require_function,
    revoke_function,
    set_functions,
)
from crm_platform.identity.services.account import change_own_password, change_own_preferences
from crm_platform.identity.services.departments import (
    create_department,
    deactivate_department,
    move_department,
    reactivate_department,
    rename_department,
)
from crm_platform.identity.services.organization import (
    MAX_LOGO_BYTES,
    OrganizationInput,
    remove_logo,
    set_logo,
    update_organization,
)
from crm_platform.identity.services.permission_sets import (
    create_permission_set,
    delete_permission_set,
    set_permission_set_members,
    update_permission_set,
)
from crm_platform.identity.services.profiles import create_profile, delete_profile, update_profile
from crm_platform.identity.services.roles import RoleInput, create_role, delete_role, update_role
from crm_platform.identity.services.users import (
    UserInput,
    create_user,
    deactivate_user,
    end_sessions,
    reactivate_user,
    reset_password,
    update_user,
)

__all__ = [
    "MAX_LOGO_BYTES",
    "OrganizationInput",
    "RoleInput",
    "UserInput",
    "bump_access_version",
    "change_own_password",
    "change_own_preferences",
    "create_department",
    "create_permission_set",
    "create_profile",
    "create_role",
    "create_user",
    "deactivate_department",
    "deactivate_user",
    "delete_permission_set",
    "delete_profile",
    "delete_role",
    "end_sessions",
    "grant_function",
    "move_department",
    "reactivate_department",
    "reactivate_user",
    "remove_logo",
    "rename_department",
    "require_function",
    "reset_password",
    "revoke_function",
    "set_functions",
    "set_logo",
    "set_permission_set_members",
    "update_organization",
    "update_permission_set",
    "update_profile",
    "update_role",
    "update_user",
]
