"""Forms of sharing: rules, restrictions, defaults, shares, members of teams, delegations, another owner."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.console.forms import DateInput, DateTimeInput
from metadata.compiler.current import current_snapshot
from metadata.field_types.target_filters import TargetFilterField
from objects.access.models import Level, SharingRule
from objects.access.principals import (
    EVERYONE,
    KINDS,
    NO_TERRITORIES,
    USER,
)
from objects.access.services.object_defaults import is_controlled_by_master
from objects.access.services.shares import NOTE
from objects.access.services.teams import LEVELS
from objects.access.services.teams import ROLE as TEAM_ROLE
from objects.display.principals import PrincipalForm, UserField

CONDITION_HELP = gettext_lazy("All conditions hold of the records that are meant; “me” is whoever looks.")


class ConditionField(TargetFilterField):
    """The condition of a rule, as rows in the console and JSON without scripts."""

    def __init__(self, target: str = "") -> None:
        super().__init__(label=gettext_lazy("Condition"), target=target)
        self.help_text = CONDITION_HELP
        editor = self.widget.editor  # type: ignore[attr-defined]
        editor["url"] = reverse("sharing-conditions")
        editor["target_from"] = "" if target else "object"


class SharingRuleForm(PrincipalForm):
    """A sharing rule; the object of one that exists is fixed."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    kind = forms.ChoiceField(label=gettext_lazy("Which records"), choices=SharingRule.Kind.choices)
    level = forms.TypedChoiceField(label=gettext_lazy("They may"), choices=Level.choices, coerce=int)
    starts_on = forms.DateField(label=gettext_lazy("First day"), required=False, widget=DateInput)
    ends_on = forms.DateField(label=gettext_lazy("Last day"), required=False, widget=DateInput)
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)

    def __init__(self, *args: Any, rule: SharingRule | None = None, shared_with: str = "", **kwargs: Any) -> None:
        """`shared_with` is the principal that a new rule begins with."""
        super().__init__(*args, **kwargs)
        target = rule.business_object.api_name if rule else ""
        self.fields["object"] = object_field(self.language, target)
        self.fields["condition"] = ConditionField(target)
        people = [kind for kind in KINDS if kind != EVERYONE]
        self.add_principal("owned_by", _("Owned by"), people, rule.owned_by if rule else "")
        self.add_principal("shared_with", _("Shared with"), KINDS, rule.shared_with if rule else shared_with)
        if rule is not None:
            for name in ("label", "kind", "level", "starts_on", "ends_on", "is_active", "condition"):
                self.fields[name].initial = getattr(rule, name)

    def values(self) -> dict[str, Any]:
        """Return what SharingRuleInput takes; only after `is_valid()`."""
        data, is_owner = self.cleaned_data, self.cleaned_data["kind"] == SharingRule.Kind.OWNER
        return {
            **{name: data[name] for name in ("label", "kind", "level", "starts_on", "ends_on", "is_active")},
            "owned_by": self.principal("owned_by") if is_owner else "",
            "condition": None if is_owner else data["condition"] or None,
            "shared_with": self.principal("shared_with"),
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        return {**data, "owned_by_kind": data.get("owned_by_kind") or USER}

    def full_clean(self) -> None:
        self.fields["owned_by_kind"].required = False  # hidden, and not sent, unless the rule is by owner
        super().full_clean()


class RestrictionRuleForm(PrincipalForm):
    """A restriction rule; the object of one that exists is fixed."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False, initial=True)

    def __init__(self, *args: Any, rule: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        target = rule.business_object.api_name if rule else ""
        self.fields["object"] = object_field(self.language, target, with_children=True)
        self.fields["condition"] = ConditionField(target)
        self.add_principal("applies_to", _("Who is restricted"), NO_TERRITORIES, rule.applies_to if rule else "")
        if rule is not None:
            for name in ("label", "is_active", "condition"):
                self.fields[name].initial = getattr(rule, name)

    def values(self) -> dict[str, Any]:
        """Return what RestrictionRuleInput takes; only after `is_valid()`."""
        data = self.cleaned_data
        return {
            "label": data["label"],
            "is_active": data["is_active"],
            "condition": data["condition"] or None,
            "applies_to": self.principal("applies_to"),
        }


class ShareForm(PrincipalForm):
    """With whom one record is shared."""

    level = forms.TypedChoiceField(label=gettext_lazy("They may"), choices=Level.choices, coerce=int)
    expires_at = forms.DateTimeField(label=gettext_lazy("Until"), required=False, widget=DateTimeInput)
    note = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=NOTE)
    ends_with_owner = forms.BooleanField(label=gettext_lazy("Ends when the record gets another owner"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.add_principal("principal", _("Share with"), NO_TERRITORIES)
        self.order_fields([name for name in self.fields if name.startswith("principal")])


class MemberForm(forms.Form):
    """A member of a team; who he is can't be changed later."""

    role = forms.CharField(label=gettext_lazy("Role on the team"), required=False, max_length=TEAM_ROLE)
    level = forms.TypedChoiceField(
        label=gettext_lazy("May"), choices=[(level.value, level.label) for level in LEVELS], coerce=int
    )

    def __init__(self, *args: Any, language: str, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_new:
            self.fields["user_id"] = UserField(language, _("Colleague"))
            self.order_fields(["user_id", "role", "level"])


class TransferForm(forms.Form):
    """A new owner, and what the present one keeps."""

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_id"] = UserField(language, _("New owner"))
        kept = [("", _("nothing")), *((str(level.value), level.label) for level in LEVELS)]
        self.fields["keep"] = forms.ChoiceField(
            label=_("The present owner stays on the team with"), choices=kept, required=False
        )


class DelegationForm(forms.Form):
    """Who stands in, and when; for those who manage users also for whom."""

    starts_at = forms.DateTimeField(label=gettext_lazy("Begins"), widget=DateTimeInput)
    ends_at = forms.DateTimeField(label=gettext_lazy("Ends"), widget=DateTimeInput)
    note = forms.CharField(label=gettext_lazy("Reason"), required=False, max_length=NOTE)

    def __init__(self, *args: Any, language: str, for_others: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = (("user_id", _("For whom")), ("delegate_id", _("Who stands in")))
        for name, label in names if for_others else names[1:]:
            self.fields[name] = UserField(language, label)
        self.order_fields([name for name, _label in names])


def object_field(language: str, fixed: str = "", *, with_children: bool = False) -> forms.ChoiceField:
    """Return the choice of an object; of the `fixed` one alone where there is one."""
    specs = [spec for spec in current_snapshot().objects() if not fixed or spec.api_name == fixed]
    choices = [
        (spec.api_name, spec.label.text(language))
        for spec in specs
        if fixed or with_children or not is_controlled_by_master(spec.api_name)
    ]
    return forms.ChoiceField(label=_("Object"), choices=choices)
