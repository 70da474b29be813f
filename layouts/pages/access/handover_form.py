"""The form of a handover: who gets what, made from what the leaver owns; its input as the plan's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.field_types import widgets
from metadata.field_types.reference_lists import ReferenceListField
from metadata.field_types.references import ReferenceField
from objects.access.field_grants import FieldLevel
from objects.access.policy import AccessPolicy
from objects.handover.plan import (
    HEAD,
    KEEP,
    MANAGER,
    NOBODY,
    PARENT,
    PASS,
    POOL,
    REMOVE,
    ROUND_ROBIN,
    RULES,
    STAY,
    USER,
)
from objects.handover.pools import pool_choices
from objects.handover.preview import Owned, Preview

SAME = ""
PLACES = ((STAY, gettext_lazy("Keep")), (PASS, gettext_lazy("Pass on")), (REMOVE, gettext_lazy("Take back")))
FLAGS = (
    ("leave_groups", gettext_lazy("Take out of all groups and territories")),
    ("leave_permission_sets", gettext_lazy("Take all permission sets away")),
    ("end_delegations", gettext_lazy("End delegations")),
)


@dataclass(frozen=True)
class Line:
    """One object of the table: what there is, and the controls that say who gets it."""

    owned: Owned
    label: str
    mentions: str
    rule: BoundField | None
    user: BoundField | None
    pool: BoundField | None
    rewritten: BoundField | None  # which of the fields that name the person are rewritten


class HandoverForm(forms.Form):
    """`everything_…` is for all objects, `rule_<object>` and `user_<object>` for one that differs."""

    def __init__(self, actor: Actor, found: Preview, data: Any = None) -> None:
        super().__init__(data, auto_id="handover_%s")
        self.preview, self.language, self.actor = found, actor.language, actor
        self._add_everything(found.user)
        for item in self._movable():
            self._add_object(item)
        for item in found.objects:
            self._add_mentions(item)
        if any(name.startswith("mentions_") for name in self.fields):
            self._add_user("mentions_to", _("Who is named instead in the ticked fields"), "")
            self.fields["mentions_to"].help_text = _("Left empty: the one person who gets everything.")
        self._add_places(found)
        if found.user.is_active and found.user.pk != actor.user_id:
            label = _("Deactivate the account now: sessions and keys end at once")
            self.fields["deactivate"] = forms.BooleanField(label=label, required=False, initial=True)

    def _movable(self) -> Sequence[Owned]:
        return [item for item in self.preview.objects if item.owned and item.can_move]

    # --- the controls -------------------------------------------------------------------------------------------
    def _add_everything(self, user: User) -> None:
        rules = [USER, *([MANAGER] if _has_manager(user) else []), ROUND_ROBIN, HEAD, KEEP]
        self._add_choice("everything", _("Successor for everything"), [(rule, RULES[rule]) for rule in rules])
        self._add_user("everything_user", _("Successor"), "everything=user")
        people = ReferenceListField("user", self.language)
        people.label, people.required = _("Successors in turn"), False
        people.widget.attrs["data-show-when"] = "everything=round_robin"
        self.fields["everything_users"] = people
        if any(item.open is not None for item in self.preview.objects):
            label = _("Of activities only the unfinished ones")
            self.fields["only_open_activities"] = forms.BooleanField(label=label, required=False)

    def _add_object(self, item: Owned) -> None:
        name, user = item.object.name, self.preview.user
        wanted = {MANAGER: _has_manager(user), PARENT: item.has_parent, NOBODY: item.may_be_ownerless}
        pools = pool_choices(self.actor, name) if item.object.spec.has_pools else []
        wanted[POOL] = bool(pools)
        rules = [rule for rule in (USER, MANAGER, PARENT, HEAD, POOL, NOBODY, KEEP) if wanted.get(rule, True)]
        label = item.object.spec.label.text(self.language)
        if pools:
            options = [(str(pool.id), pool.label) for pool in pools]
            self._add_choice(f"pool_{name}", _("Pool: %(object)s") % {"object": label}, options, required=False)
        choices = [(SAME, _("As for everything")), *((rule, RULES[rule]) for rule in rules)]
        self._add_choice(f"rule_{name}", label, choices, required=False)
        self._add_user(f"user_{name}", _("Successor: %(object)s") % {"object": label}, "")
        for field in (f"rule_{name}", f"user_{name}", *([f"pool_{name}"] if pools else [])):
            self.fields[field].widget.attrs["aria-label"] = self.fields[field].label

    def _add_mentions(self, item: Owned) -> None:
        policy, name = AccessPolicy.of(self.actor), item.object.name
        changeable = [key for key in item.mentions if policy.field_level(item.object, key) == FieldLevel.EDIT]
        if changeable and policy.can(name, "edit"):
            self.fields[f"mentions_{name}"] = forms.MultipleChoiceField(
                label=_("Name somebody else in"),
                required=False,
                choices=[(key, self._mention(item, key)) for key in changeable],
                widget=widgets.Chips,
            )

    def _mention(self, item: Owned, name: str) -> str:
        return f"{item.object.field(name).spec.label.text(self.language)} {item.mentions[name]}"

    def _add_places(self, found: Preview) -> None:
        self._add_choice("teams", _("Places on teams"), PLACES)
        self._add_choice("shares", _("Records shared with this person"), PLACES)
        self._add_user("heir", _("Who takes over teams and shares"), "")
        self.fields["heir"].help_text = _("Left empty: the one person who gets everything.")
        if any(item.key == "reports" and item.count for item in found.holdings):
            self._add_user("reports_to", _("New manager of the people who report to this person"), "")
        for name, label in FLAGS:
            self.fields[name] = forms.BooleanField(label=label, required=False, initial=True)

    def _add_choice(self, name: str, label: str, choices: Any, *, required: bool = True) -> None:
        self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=required, widget=widgets.Select)

    def _add_user(self, name: str, label: str, when: str) -> None:
        field = ReferenceField(["user"], self.language)
        field.label, field.required = label, False
        if when:
            field.widget.attrs["data-show-when"] = when
        self.fields[name] = field

    # --- for the template ---------------------------------------------------------------------------------------
    @property
    def lines(self) -> Iterator[Line]:
        for item in self.preview.objects:
            spec, has_rule = item.object.spec, f"rule_{item.object.name}" in self.fields
            kept = (
                []
                if f"mentions_{spec.api_name}" in self.fields
                else [self._mention(item, name) for name in item.mentions]
            )
            yield Line(
                item,
                spec.label.text(self.language),
                ", ".join(kept),
                self[f"rule_{spec.api_name}"] if has_rule else None,
                self[f"user_{spec.api_name}"] if has_rule else None,
                self[f"pool_{spec.api_name}"] if f"pool_{spec.api_name}" in self.fields else None,
                self[f"mentions_{spec.api_name}"] if f"mentions_{spec.api_name}" in self.fields else None,
            )

    @property
    def general(self) -> list[BoundField]:
        return self._bound("everything", "everything_user", "everything_users", "only_open_activities", "mentions_to")

    @property
    def places(self) -> list[BoundField]:
        names = ("teams", "shares", "heir", "reports_to", *(name for name, _label in FLAGS), "deactivate")
        return self._bound(*names)

    def _bound(self, *names: str) -> list[BoundField]:
        return [self[name] for name in names if name in self.fields]

    # --- the plan -----------------------------------------------------------------------------------------------
    def plan_json(self) -> dict[str, Any]:
        """Return the input of a valid form in the JSON form of a plan."""
        given = self.cleaned_data
        everything: dict[str, Any] = {"to": given["everything"], "user": given.get("everything_user")}
        everything["users"] = given.get("everything_users") or []
        objects = {
            name: {"to": rule, "user": given.get(f"user_{name}"), "pool": given.get(f"pool_{name}")}
            for item in self._movable()
            if (rule := given.get(f"rule_{(name := item.object.name)}"))
        }
        immovable = {item.object.name: {"to": KEEP} for item in self.preview.objects if not item.can_move}
        flags = ("only_open_activities", "deactivate", *(name for name, _label in FLAGS))
        usual = given.get("everything_user") if given["everything"] == USER else None
        mentions = {item.object.name: given.get(f"mentions_{item.object.name}") for item in self.preview.objects}
        mentions = {name: fields for name, fields in mentions.items() if fields}
        return {
            "everything": everything,
            "objects": {**objects, **immovable},
            "teams": given["teams"],
            "shares": given["shares"],
            "heir": given.get("heir") or usual,
            "mentions": mentions,
            "mentions_to": (given.get("mentions_to") or usual) if mentions else None,
            "reports_to": given.get("reports_to"),
            **{name: bool(given.get(name)) for name in flags},
        }

    def show(self, failed: ValidationFailed) -> None:
        """Put errors of the plan beside the controls that they are about."""
        for error in failed.errors:
            place = (error.field or "").replace("objects.", "rule_")
            if place.startswith("rule_") and error.field and self.data.get(place) == USER:
                place = place.replace("rule_", "user_")
            place = place.replace("mentions.", "mentions_")
            if place == "everything" and self.data.get("everything") in (USER, ROUND_ROBIN):
                place = "everything_user" if self.data.get("everything") == USER else "everything_users"
            self.add_error(place if place in self.fields else None, error.text)


def _has_manager(user: User) -> bool:
    return user.manager is not None and user.manager.is_active
