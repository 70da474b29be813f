"""The forms of a pool: a short one to begin with, then everything in sections."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from metadata.compiler.current import current_snapshot
from objects.access.principals import NO_TERRITORIES
from objects.display.principals import PrincipalForm
from workflows.pools.models import Clock, OpenTasks, Pool
from workflows.pools.views.setup.fields import (
    ConditionField,
    DaysField,
    LinesField,
    masked_field,
    number,
    order_field,
)

SECTIONS: dict[str, tuple[str, ...]] = {
    "what": ("label", "description", "mode", "position", "order", "masked_fields", "is_active"),
    "taking": (
        "hold_cap", "daily_cap", "hourly_cap", "batch_size", "daily_views", "cool_down_days", "protection_hours",
        "own_department_hours", "cool_down_exempt",
    ),
    "returning": ("members_release", "keeps_team", "open_tasks", "reasons"),
    "recycling": (
        "recycles", "clock", "waits_for_leave", "recycles_to", "run_cap", "reminder_days", "reminds_manager",
        "extension_days", "protected_cap",
    ),
}  # fmt: skip


class NewPoolForm(PrincipalForm):
    """What a pool needs at least: for what, its name, and who may claim."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    description = forms.CharField(label=gettext_lazy("Description"), max_length=300, required=False)
    mode = forms.ChoiceField(label=gettext_lazy("How records are taken"), choices=Pool.Mode.choices)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        specs = [spec for spec in current_snapshot().objects() if spec.has_pools]
        choices = [(spec.api_name, spec.label.text(self.language)) for spec in specs]
        self.fields["object"] = forms.ChoiceField(label=_("Object"), choices=choices)
        self.add_principal("member", _("Members"), reversed(NO_TERRITORIES))
        self.order_fields(["object", "label"])


class PoolForm(forms.Form):
    """All settings of a pool but for its people and its recycle rules."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    description = forms.CharField(label=gettext_lazy("Description"), max_length=300, required=False)
    mode = forms.ChoiceField(label=gettext_lazy("How records are taken"), choices=Pool.Mode.choices)
    position = forms.IntegerField(
        label=gettext_lazy("Place in the order"),
        min_value=-1_000,
        max_value=1_000,
        help_text=gettext_lazy("A new record goes to the first pool by position whose conditions it meets."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    # What members may take
    hold_cap = number(gettext_lazy("Held by one person at most"), gettext_lazy("Empty: no limit."))
    daily_cap = number(gettext_lazy("Claimed in a day at most"), gettext_lazy("Empty: no limit."))
    hourly_cap = number(gettext_lazy("Claimed in an hour at most"), gettext_lazy("Empty: no limit."))
    batch_size = number(gettext_lazy("Claimed at once at most"), most=1_000, required=True)
    daily_views = number(gettext_lazy("Opened in a day at most"), gettext_lazy("Empty: no limit."))
    cool_down_days = number(
        gettext_lazy("Cool-down (days)"),
        gettext_lazy("For so long the last owner may not claim a record again."),
        least=0,
        most=3_650,
        required=True,
    )
    cool_down_exempt = LinesField(
        label=gettext_lazy("Reasons without cool-down"), help_text=gettext_lazy("One per line.")
    )
    protection_hours = number(
        gettext_lazy("Protection of new records (hours)"),
        gettext_lazy("For so long nobody claims what has just come in."),
        least=0,
        most=10_000,
        required=True,
    )
    own_department_hours = number(
        gettext_lazy("First for the last owner's department (hours)"), least=0, most=10_000, required=True
    )
    # How records return
    members_release = forms.BooleanField(label=gettext_lazy("Owners may give back what they hold"), required=False)
    keeps_team = forms.BooleanField(label=gettext_lazy("The record keeps its team when it returns"), required=False)
    open_tasks = forms.ChoiceField(
        label=gettext_lazy("Open tasks of the former owner about it"), choices=OpenTasks.choices
    )
    reasons = LinesField(
        label=gettext_lazy("Reasons for giving back"),
        help_text=gettext_lazy("One per line, of which one must be chosen. Empty: any text."),
    )
    recycles = forms.BooleanField(label=gettext_lazy("Records return by rules"), required=False)
    clock = forms.ChoiceField(label=gettext_lazy("Days are counted as"), choices=Clock.choices)
    waits_for_leave = forms.BooleanField(
        label=gettext_lazy("The clock stands still while the owner is away"),
        required=False,
        help_text=gettext_lazy("By the absences that are entered. Days of leave do not count."),
    )
    recycles_to = forms.ModelChoiceField(
        Pool.objects.none(), label=gettext_lazy("They return to"), required=False, empty_label=gettext_lazy("this pool")
    )
    run_cap = number(gettext_lazy("Returned in one run at most"), required=True)
    reminder_days = DaysField(
        label=gettext_lazy("Reminders, days before"), required=False, help_text=gettext_lazy("Such as 3, 1.")
    )
    reminds_manager = forms.BooleanField(label=gettext_lazy("Remind the owner's manager, too"), required=False)
    extension_days = number(
        gettext_lazy("Extension that owners may ask for (days)"), gettext_lazy("0: none."), least=0, most=365,
        required=True,
    )  # fmt: skip
    protected_cap = number(
        gettext_lazy("Records that one person may protect"), gettext_lazy("0: none."), least=0, most=10_000,
        required=True,
    )  # fmt: skip

    def __init__(self, data: Any, pool: Pool, language: str) -> None:
        super().__init__(data)
        target = pool.business_object.api_name
        others = Pool.objects.filter(business_object=pool.business_object).exclude(pk=pool.pk)
        self.fields["recycles_to"].queryset = others  # type: ignore[attr-defined]
        self.fields["masked_fields"] = masked_field(target, language)
        self.fields["order"] = order_field(target, language, pool.order)
        self.fields["scope"] = ConditionField(
            target, _("Which records belong here"), _("Without conditions: all. New records choose their pool by this.")
        )
        self.fields["uncounted"] = ConditionField(target, _("Records that take no room"))
        self.fields["exempt"] = ConditionField(target, _("Records that never return by rules"))
        for name, field in self.fields.items():
            field.initial = getattr(pool, name)
        self.fields["order"].initial = ",".join(pool.order)

    def section(self, key: str) -> list[forms.BoundField]:
        """Return the inputs of a section in their order."""
        return [self[name] for name in SECTIONS[key]]

    @property
    def what(self) -> list[forms.BoundField]:
        return self.section("what")

    @property
    def taking(self) -> list[forms.BoundField]:
        return self.section("taking")

    @property
    def returning(self) -> list[forms.BoundField]:
        return self.section("returning")

    @property
    def recycling(self) -> list[forms.BoundField]:
        return self.section("recycling")

    def changes(self) -> dict[str, Any]:
        """Return the settings by name; only after `is_valid()`."""
        data = dict(self.cleaned_data)
        target = data.pop("recycles_to")
        order = [part for part in data.pop("order").split(",") if part]
        return {**data, "order": order, "recycles_to": target.pk if target else None}
