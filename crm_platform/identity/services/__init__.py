"""All writes to users, departments, profiles and the organisation's settings."""

from crm_platform.identity.services.access import (
    bump_access_version,
    grant_function,
    require_function,
    revoke_function,
    set_functions,
)
from crm_platform.identity.services.account import (
    change_own_password,
    change_own_preferences,
    replace_due_password,
)
from crm_platform.identity.services.departments import (
    create_department,
    deactivate_department,
    move_department,
    reactivate_department,
    rename_department,
)
from crm_platform.identity.services.groups import (
    add_group_members,
    create_group,
    delete_group,
    remove_group_members,
    set_group_members,
    update_group,
)
from crm_platform.identity.services.invitations import invite_user
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
from crm_platform.identity.services.second_factor import (
    begin_second_factor,
    confirm_second_factor,
    disable_second_factor,
    renew_recovery_codes,
    reset_second_factor,
)
from crm_platform.identity.services.sessions import end_other_sessions, end_session, end_sessions
from crm_platform.identity.services.sign_in import unlock_user
from crm_platform.identity.services.sign_in_policy import (
    SignInPolicy,
    update_profile_sign_in,
    update_sign_in_policy,
)
from crm_platform.identity.services.user_departments import add_user_department, remove_user_department
from crm_platform.identity.services.users import (
    UserInput,
    create_user,
    deactivate_user,
    reactivate_user,
    reset_password,
    update_user,
)

__all__ = [
    "MAX_LOGO_BYTES",
    "OrganizationInput",
    "RoleInput",
    "SignInPolicy",
    "UserInput",
    "add_group_members",
    "add_user_department",
    "begin_second_factor",
    "bump_access_version",
    "change_own_password",
    "change_own_preferences",
    "confirm_second_factor",
    "create_department",
    "create_group",
    "create_permission_set",
    "create_profile",
    "create_role",
    "create_user",
    "deactivate_department",
    "deactivate_user",
    "delete_group",
    "delete_permission_set",
    "delete_profile",
    "delete_role",
    "disable_second_factor",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "grant_function",
    "invite_user",
    "move_department",
    "reactivate_department",
    "reactivate_user",
    "remove_group_members",
    "remove_logo",
    "remove_user_department",
    "rename_department",
    "renew_recovery_codes",
    "replace_due_password",
    "require_function",
    "reset_password",
    "reset_second_factor",
    "revoke_function",
    "set_functions",
    "set_group_members",
    "set_logo",
    "set_permission_set_members",
    "unlock_user",
    "update_group",
    "update_organization",
    "update_permission_set",
    "update_profile",
    "update_profile_sign_in",
    "update_role",
    "update_sign_in_policy",
    "update_user",
]
