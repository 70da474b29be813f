"""Forms to sign in, to write users and to reset their passwords."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.forms.base import DepartmentField, open_departments, time_zone_choices
from crm_platform.identity.models import Department, Profile, Role, User
from crm_platform.identity.services import UserInput
from crm_platform.identity.services.passwords import PasswordPolicy


class SignInForm(forms.Form):
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class PasswordForm(forms.Form):
    password = forms.CharField(
        label=_("New password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = PasswordPolicy.current().help_text()


class OwnPasswordForm(PasswordForm):
    """One's own password, which one proves to know first."""

    current = forms.CharField(
        label=_("Present password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    field_order = ("current", "password")


class PreferencesForm(forms.Form):
    """Language and time zone of one's own account."""

    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _fill_preferences(self)


class UserForm(forms.Form):
    """Everything about a user but the password."""

    name = forms.CharField(label=_("Name"), max_length=100)
    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        help_text=_("For signing in; lower case."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
    )
    department = DepartmentField(label=_("Department"), queryset=Department.objects.none())
    manager = forms.ModelChoiceField(label=_("Manager"), queryset=User.objects.none(), required=False)
    role = forms.ModelChoiceField(
        label=_("Role"), queryset=Role.objects.none(), help_text=_("Which records the user sees.")
    )
    profile = forms.ModelChoiceField(
        label=_("Profile"), queryset=Profile.objects.none(), help_text=_("What the user may do.")
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=40, required=False)
    title = forms.CharField(label=_("Job title"), max_length=100, required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = open_departments()  # type: ignore[attr-defined]
        self.fields["manager"].queryset = User.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]
        self.fields["role"].queryset = Role.objects.order_by("id")  # type: ignore[attr-defined]
        self.fields["profile"].queryset = Profile.objects.order_by("id")  # type: ignore[attr-defined]
        _fill_preferences(self)

    def user_input(self) -> UserInput:
        """Return what the service wants; only after `is_valid()`."""
        names = UserInput.__dataclass_fields__
        return UserInput(**{name: self.cleaned_data[name] for name in names})


class NewUserForm(UserForm):
    """A new user; with the first password, or without one for an invitation."""

    password = forms.CharField(
        label=_("First password"),
        max_length=1000,
        strip=False,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        invitation = _("Leave it empty to invite the user by a link.")
        self.fields["password"].help_text = f"{invitation} {PasswordPolicy.current().help_text()}"


def user_initial(user: User) -> dict[str, Any]:
    """Return a user's present values for UserForm."""
    return {name: getattr(user, name) for name in UserInput.__dataclass_fields__}


def _fill_preferences(form: forms.Form) -> None:
    default = [("", _("As the organisation"))]
    form.fields["language"].choices = [*default, *settings.LANGUAGES]  # type: ignore[attr-defined]
    form.fields["time_zone"].choices = [*default, *time_zone_choices()]  # type: ignore[attr-defined]
