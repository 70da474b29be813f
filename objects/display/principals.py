"""Forms in which people are chosen: one user, or a user, role, group, department, territory or everybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from crm_platform.identity.forms.base import INDENT, DepartmentField, open_departments
from crm_platform.identity.models import Role, User, UserGroup
from crm_platform.kit.ids import parse_uuid
from metadata.field_types.references import ReferenceField
from metadata.field_types.values import Reference
from objects.access.models import Territory
from objects.access.principals import (
    DEPARTMENT,
    DEPARTMENT_BELOW,
    EVERYONE,
    GROUP,
    KINDS,
    ROLE,
    ROLE_BELOW,
    TERRITORY,
    TERRITORY_BELOW,
    USER,
    Principal,
)

# Kinds that share an input with the kind that they widen.
WIDER = {ROLE_BELOW: ROLE, DEPARTMENT_BELOW: DEPARTMENT, TERRITORY_BELOW: TERRITORY}


class UserField(ReferenceField):
    """The choice of a user; returns his id."""

    def __init__(self, language: str, label: Any = "") -> None:
        super().__init__(["user"], language)
        self.label = label

    def prepare_value(self, value: Any) -> Any:
        """Return a chosen user with his name, in the place of a bare id."""
        key = parse_uuid(value) if isinstance(value, str | UUID) else None
        user = User.objects.filter(pk=key).only("name").first() if key else None
        return Reference("user", user.pk, user.name) if user else value

    def clean(self, value: Any) -> UUID | None:
        chosen = super().clean(value)
        found = parse_uuid(chosen) if chosen else None
        if chosen and found is None:
            raise forms.ValidationError(self.error_messages["not_chosen"], "not_chosen")
        return found


class TerritoryField(forms.ModelChoiceField):
    """The choice of an open territory, shown as the indented tree."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Territory.objects.filter(is_active=True).order_by("path"), **options)

    def label_from_instance(self, obj: Any) -> str:
        return f"{INDENT * (obj.depth - 1)}{obj.name}"


class TerritoriesField(forms.ModelMultipleChoiceField):
    """Several open territories, in the order of the tree; chips have no room to indent."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Territory.objects.filter(is_active=True).order_by("path"), **options)


class PrincipalForm(forms.Form):
    """A form in which people are chosen: a user, role, group, department, territory or everybody.

    `add_principal` adds a kind and an input for each kind that is offered, of which the one that fits shows.
    """

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language = language

    def add_principal(self, name: str, label: Any, kinds: Iterable[str], initial: str = "") -> None:
        chosen = Principal.parse(initial) if initial else None
        offered = [(kind, KINDS[kind]) for kind in kinds]
        first = chosen.kind if chosen else offered[0][0]
        self.fields[f"{name}_kind"] = forms.ChoiceField(label=label, choices=offered, initial=first)
        inputs = {
            USER: (UserField(self.language), _("User"), USER),
            ROLE: (
                forms.ModelChoiceField(Role.objects.order_by("id"), to_field_name="uuid"),
                _("Role"),
                f"{ROLE},{ROLE_BELOW}",
            ),
            GROUP: (
                forms.ModelChoiceField(UserGroup.objects.order_by("name"), to_field_name="uuid"),
                _("Group"),
                GROUP,
            ),
            DEPARTMENT: (DepartmentField(open_departments()), _("Department"), f"{DEPARTMENT},{DEPARTMENT_BELOW}"),
            TERRITORY: (TerritoryField(), _("Territory"), f"{TERRITORY},{TERRITORY_BELOW}"),
        }
        for kind, (field, text, shown) in inputs.items():
            if kind == TERRITORY and kind not in dict(offered):
                continue
            field.label, field.required = text, False
            field.widget.attrs["data-show-when"] = f"{name}_kind={shown}"
            if chosen is not None and chosen.id is not None and chosen.kind in shown.split(","):
                field.initial = _shown(chosen)
            self.fields[f"{name}_{kind}"] = field

    def principal(self, name: str) -> str:
        """Return who was chosen, in written form; "" with nobody; only after `is_valid()`."""
        kind = self.cleaned_data[f"{name}_kind"]
        if kind == EVERYONE:
            return EVERYONE
        group = WIDER.get(kind, kind)
        found = self.cleaned_data.get(f"{name}_{group}")
        if not found:
            return ""
        key = found if isinstance(found, UUID) else getattr(found, "uuid", None) or found.pk
        return f"{kind}:{key}"

    def place_of(self, field: str | None) -> str | None:
        """Return the input that a mistake of the service at `field` is shown at."""
        if field is not None and f"{field}_kind" in self.fields:
            kind = self.data.get(f"{field}_kind")
            group = WIDER.get(str(kind), str(kind))
            return f"{field}_{group}" if f"{field}_{group}" in self.fields else f"{field}_kind"
        return field if field in self.fields else None


def _shown(principal: Principal) -> Any:
    if principal.kind != USER:
        return principal.id
    assert principal.id is not None
    name = User.objects.filter(pk=principal.id).values_list("name", flat=True).first()
    return Reference("user", principal.id, name or "")
