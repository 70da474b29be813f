"""Addresses of sign-in, users, departments and the organisation's settings."""

from django.urls import path

from crm_platform.identity.views import (
    account,
    departments,
    organization,
    security,
    session,
    sign_in_policy,
    user_security,
    users,
)

urlpatterns = [
    path("sign-in", session.SignIn.as_view(), name="sign-in"),
    path("sign-in/code", session.SignInCode.as_view(), name="sign-in-code"),
    path("sign-in/password", session.SignInPassword.as_view(), name="sign-in-password"),
    path("sign-in/second-factor", session.SignInSecondFactor.as_view(), name="sign-in-second-factor"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("account", account.Account.as_view(), name="account"),
    path("account/security", security.security, name="account-security"),
    path("account/second-factor", security.SecondFactorPage.as_view(), name="account-second-factor"),
    path("account/confirm", security.Confirm.as_view(), name="account-confirm"),
    path("account/sessions/end", security.end_other_sessions, name="account-sessions-end"),
    path("account/sessions/<uuid:session_id>/end", security.end_session, name="account-session-end"),
    path("organization/logo", organization.logo, name="organization-logo"),
    path("setup/organization/", organization.OrganizationSettingsPage.as_view(), name="organization-settings"),
    path("setup/sign-in/", sign_in_policy.SignInPolicyPage.as_view(), name="sign-in-policy"),
    path(
        "setup/sign-in/profiles/<uuid:profile_id>",
        sign_in_policy.ProfileSignInPage.as_view(),
        name="profile-sign-in",
    ),
    path("setup/sign-ins/", sign_in_policy.history, name="sign-in-history"),
    path("setup/users/<uuid:user_id>/security", user_security.user_security, name="user-security"),
    path("setup/users/<uuid:user_id>/unlock", user_security.unlock, name="user-unlock"),
    path(
        "setup/users/<uuid:user_id>/second-factor/reset",
        user_security.reset_second_factor,
        name="user-second-factor-reset",
    ),
    path("setup/users/<uuid:user_id>/sessions/end", user_security.end_sessions, name="user-sessions-end"),
    path("setup/departments/", departments.department_list, name="departments"),
    path("setup/departments/new", departments.NewDepartment.as_view(), name="department-new"),
    path("setup/departments/<uuid:department_id>", departments.EditDepartment.as_view(), name="department-edit"),
    path("setup/departments/<uuid:department_id>/close", departments.close_department, name="department-close"),
    path("setup/departments/<uuid:department_id>/reopen", departments.reopen_department, name="department-reopen"),
    path("setup/users/", users.user_list, name="users"),
    path("setup/users/new", users.NewUser.as_view(), name="user-new"),
    path("setup/users/<uuid:user_id>", users.EditUser.as_view(), name="user-edit"),
    path("setup/users/<uuid:user_id>/password", users.ResetPassword.as_view(), name="user-password"),
    path("setup/users/<uuid:user_id>/deactivate", users.deactivate_user, name="user-deactivate"),
    path("setup/users/<uuid:user_id>/reactivate", users.reactivate_user, name="user-reactivate"),
]
