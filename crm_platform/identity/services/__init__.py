"""All writes to users, departments, profiles and the organisation's settings."""

from crm_platform.identity.services.access import (
    bump_access_version,
    grant_function,
    require_function,
    revoke_function,
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
    "UserInput",
    "bump_access_version",
    "change_own_password",
    "change_own_preferences",
    "create_department",
    "create_user",
    "deactivate_department",
    "deactivate_user",
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
    "set_logo",
    "update_organization",
    "update_user",
]
