"""Forms of sign-in after the password, of proving who one is, and of what the organisation asks of both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import Profile, User
from crm_platform.identity.people import visible_people
from crm_platform.identity.services import SignInPolicy
from crm_platform.identity.services.passwords import KINDS
from crm_platform.identity.services.sign_in_policy import RANGES
from crm_platform.identity.sign_in_models import OUTCOMES
from crm_platform.kit.context import Actor

CODE_BOX = {"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}


class CodeForm(forms.Form):
    """A code of the authenticator app, or where it says so one of the recovery codes."""

    code = forms.CharField(
        label=_("Sign-in code"), max_length=40, widget=forms.TextInput(attrs={**CODE_BOX, "autofocus": True})
    )


class ProofForm(forms.Form):
    """Password, and code where the account has a second factor."""

    current = forms.CharField(
        label=_("Present password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(label=_("Sign-in code"), max_length=40, widget=forms.TextInput(attrs=CODE_BOX))

    def __init__(self, *args: Any, with_code: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        if not with_code:
            del self.fields["code"]


class PolicyForm(forms.Form):
    """What the organisation asks of those who sign in."""

    password_min_length = forms.IntegerField(label=_("Shortest password"), help_text=_("Characters."))
    password_kinds = forms.MultipleChoiceField(
        label=_("Must contain"), required=False, widget=forms.CheckboxSelectMultiple
    )
    password_history = forms.IntegerField(
        label=_("Former passwords that can't come back"), help_text=_("0: any may be chosen again.")
    )
    password_max_days = forms.IntegerField(
        label=_("Days until a new one is due"), help_text=_("0: passwords stay good. Asked for at sign-in.")
    )
    password_change_first = forms.BooleanField(
        label=_("Change it at the first sign-in"),
        required=False,
        help_text=_("When an administrator has set it."),
    )
    requires_second_factor = forms.BooleanField(
        label=_("Everybody needs two-factor sign-in"),
        required=False,
        help_text=_("Who has not set it up does so before anything else. A profile can ask for it, too."),
    )
    session_idle_minutes = forms.IntegerField(
        label=_("Minutes without use until signed out"), help_text=_("0: as long as the session lasts.")
    )
    session_max_hours = forms.IntegerField(label=_("Hours until signed out in any case"))
    sign_in_keep_days = forms.IntegerField(label=_("Days to keep the sign-in history"))
    audit_keep_days = forms.IntegerField(label=_("Days to keep the audit trail"))

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password_kinds"].choices = [(name, kind.label) for name, kind in KINDS.items()]  # type: ignore[attr-defined]
        for name, (low, high) in RANGES.items():
            self.fields[name].widget.attrs.update(min=low, max=high)

    def policy(self) -> SignInPolicy:
        """Return what the service wants; only after `is_valid()`."""
        return SignInPolicy(**self.cleaned_data)


class ProfileSignInForm(forms.Form):
    """Whence users with a profile may call, and whether they need a second factor."""

    allowed_networks = forms.CharField(
        label=_("Allowed networks"),
        required=False,
        max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_(
            "One a line, such as 10.1.0.0/16 or 203.0.113.7. Empty: from everywhere. Holds for pages and API keys."
        ),
    )
    requires_second_factor = forms.BooleanField(label=_("Two-factor sign-in is required"), required=False)

    def networks(self) -> list[str]:
        """Return the lines of the list; only after `is_valid()`."""
        text: str = self.cleaned_data["allowed_networks"]
        return text.replace(",", " ").replace("，", " ").split()

    @staticmethod
    def initial_of(profile: Profile) -> dict[str, Any]:
        return {
            "allowed_networks": "\n".join(profile.allowed_networks),
            "requires_second_factor": profile.requires_second_factor,
        }


class HistoryForm(forms.Form):
    """Whose attempts, with what end, from where; everything may be left open."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("User"), required=False)
    outcome = forms.ChoiceField(label=_("Outcome"), required=False)
    address = forms.CharField(label=_("Address"), required=False, max_length=45)

    def __init__(self, actor: Actor, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        users: Any = self.fields["user"]
        users.queryset = User.objects.filter(visible_people(actor)).order_by("name")
        users.empty_label = _("All")
        users.label_from_instance = lambda user: f"{user.name} ({user.username})"
        self.fields["outcome"].choices = [("", _("All")), *OUTCOMES.items()]  # type: ignore[attr-defined]

    def wanted(self) -> dict[str, Any]:
        """Return the filter; what can't be read is left open."""
        cleaned = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        return {name: cleaned.get(name) or None for name in ("user", "outcome", "address")}
