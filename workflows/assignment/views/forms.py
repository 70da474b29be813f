"""The forms of an assignment rule, of those who take part in it, and of absences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.console.forms import ChipSelect, DateTimeInput
from metadata.field_types.choices import active_choices, label_of
from objects.display.principals import UserField
from workflows.assignment.models import ENTRIES, AssignmentMember, AssignmentRule
from workflows.assignment.settings import LARGEST_WEIGHT, LONGEST_ACCEPT, MOST_TRIES, PLAIN, STICKY
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.views.setup.fields import ConditionField, choice_fields, compiled_fields, number

JOINT = "="  # between a field and a value in a tag


class RuleForm(forms.Form):
    """A rule but for its members."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    strategy = forms.ChoiceField(label=gettext_lazy("Who is chosen"), choices=AssignmentRule.Strategy.choices)
    entries = forms.MultipleChoiceField(label=gettext_lazy("Records that came by"), widget=ChipSelect())
    accept_minutes = number(
        gettext_lazy("To be taken on within minutes"),
        gettext_lazy("Else the next one gets it. 0: no need to."),
        least=0,
        most=LONGEST_ACCEPT,
        required=True,
    )
    most_tries = number(
        gettext_lazy("People one after the other, at most"),
        gettext_lazy("Then the record stays in the pool."),
        most=MOST_TRIES,
        required=True,
    )
    position = forms.IntegerField(
        label=gettext_lazy("Place in the order"),
        min_value=-1_000,
        max_value=1_000,
        help_text=gettext_lazy("The first rule whose conditions a record meets decides."),
    )
    only_in_hours = forms.BooleanField(label=gettext_lazy("Only within working hours"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In force"), required=False)

    def __init__(self, data: Any, pool: Pool, language: str, rule: AssignmentRule | None = None) -> None:
        super().__init__(data)
        target = pool.business_object.api_name
        entries: Any = self.fields["entries"]
        entries.choices = [(kind, PoolMovement.Kind(kind).label) for kind in ENTRIES]
        self.fields["condition"] = ConditionField(target, _("Only for records that fit"))
        together = [(f.name, f.spec.label.text(language)) for f in compiled_fields(target) if f.spec.type in STICKY]
        self.fields["sticky_fields"] = forms.MultipleChoiceField(
            choices=together,
            required=False,
            widget=ChipSelect(),
            label=_("Stays with who has one that is equal in"),
            help_text=_("Company or phone, say: another lead of theirs goes to the same person."),
        )
        kept = rule or AssignmentRule(entries=["create", "import"])
        for name, field in self.fields.items():
            field.initial = getattr(kept, name)

    def values(self) -> dict[str, Any]:
        """Return the rule; only after `is_valid()`."""
        return {name: self.cleaned_data[name] for name in PLAIN}


class MemberForm(forms.Form):
    """Somebody who takes part in a rule."""

    weight = number(gettext_lazy("Weight"), gettext_lazy("For rules by weight."), most=LARGEST_WEIGHT, required=True)
    capacity = number(gettext_lazy("Holds at most"), gettext_lazy("Empty: no limit."), least=0)

    def __init__(self, data: Any, pool: Pool, language: str, member: AssignmentMember | None = None) -> None:
        super().__init__(data)
        self.member = member
        if member is None:
            self.fields["user_id"] = UserField(language, _("Person"))
            self.order_fields(["user_id"])
        self.fields["tags"] = forms.MultipleChoiceField(
            choices=tag_choices(pool, language),
            required=False,
            widget=ChipSelect(),
            label=_("Is good at"),
            help_text=_("For rules by tags: a record that none of his choices of a field fits is not for him."),
        )
        self.fields["weight"].initial = member.weight if member else 1
        self.fields["capacity"].initial = member.capacity if member else None
        self.fields["tags"].initial = written_tags(member) if member else []

    def tags(self) -> dict[str, list[str]]:
        """Return the chosen tags by field; only after `is_valid()`."""
        found: dict[str, list[str]] = {}
        for tag in self.cleaned_data["tags"]:
            name, _joint, value = tag.partition(JOINT)
            found.setdefault(name, []).append(value)
        return found


class AbsenceForm(forms.Form):
    """A time in which somebody is given nothing."""

    starts_at = forms.DateTimeField(label=gettext_lazy("Begins"), widget=DateTimeInput)
    ends_at = forms.DateTimeField(label=gettext_lazy("Ends"), widget=DateTimeInput)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)

    def __init__(self, data: Any, language: str) -> None:
        super().__init__(data)
        self.fields["user_id"] = UserField(language, _("Person"))
        self.order_fields(["user_id"])


def tag_choices(pool: Pool, language: str) -> list[tuple[str, str]]:
    """Return the tags that people may have: every choice of every picklist of the pool's object."""
    return [
        (
            f"{field.name}{JOINT}{item.value}",
            f"{field.spec.label.text(language)}: {label_of(item, item.value, language)}",
        )
        for field in choice_fields(pool.business_object.api_name)
        for item in active_choices(field.spec)
    ]


def written_tags(member: AssignmentMember) -> list[str]:
    """Return a member's tags as the form writes them."""
    return [f"{name}{JOINT}{value}" for name, values in member.tags.items() for value in values]
