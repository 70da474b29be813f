"""Addresses of sign-in, users, departments and the organisation's settings."""

from django.urls import path

from crm_platform.identity.views import account, departments, organization, session, users

urlpatterns = [
    path("sign-in", session.SignIn.as_view(), name="sign-in"),
    path("sign-out", session.sign_out, name="sign-out"),
    path("account", account.Account.as_view(), name="account"),
    path("organization/logo", organization.logo, name="organization-logo"),
    path("setup/organization/", organization.OrganizationSettingsPage.as_view(), name="organization-settings"),
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
