"""A field for people: chosen from the picker, or typed as names where there are no scripts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User

TEXT = "_text"
PICKER = "/lookup/user"


class PeopleInput(forms.Widget):
    """The console's lookup box over users, for several of them."""

    template_name = "console/widgets/lookup.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, {**(attrs or {}), "name": name + TEXT})
        chosen = list(User.objects.filter(pk__in=value).only("pk", "name")) if value else []
        context["widget"].update(
            url=PICKER, is_multiple=True, chosen=[{"id": str(user.pk), "name": user.name} for user in chosen]
        )
        return context

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, Any], name: str) -> list[str]:
        values = data.getlist(name) if hasattr(data, "getlist") else list(data.get(name) or [])
        typed = str(data.get(name + TEXT) or "").strip()
        return [*values, *([typed] if typed else [])]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return False  # nobody chosen sends nothing at all


class PeopleField(forms.Field):
    """Cleans to the ids of active users; a text that is no id must be exactly one person's name or user name."""

    widget = PeopleInput

    def to_python(self, value: Any) -> list[uuid.UUID]:
        found = [_one(text) for text in value or []]
        return list(dict.fromkeys(found))

    def bound_data(self, data: Any, initial: Any) -> Any:
        return [text for text in data or [] if _id_of(text)]


def _one(text: str) -> uuid.UUID:
    key, active = _id_of(text), User.objects.filter(is_active=True)
    rows = active.filter(pk=key) if key else active.filter(name=text) | active.filter(username=text.lower())
    ids = list(rows.values_list("pk", flat=True)[:2])
    if len(ids) != 1:
        raise forms.ValidationError(_("There is nobody called “%(text)s”, or more than one."), params={"text": text})
    return ids[0]


def _id_of(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
