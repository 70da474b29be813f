"""The forms of a group: its names, and the box by which people are put into it."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.forms.people import PeopleField


class GroupForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    api_name = forms.CharField(
        label=_("API name"), max_length=40, required=False, help_text=_("For programs; empty: a name is found.")
    )
    description = forms.CharField(label=_("Description"), max_length=500, required=False, widget=forms.Textarea)


class MembersForm(forms.Form):
    members = PeopleField(label=_("Add members"))

    def chosen(self) -> list[uuid.UUID]:
        """Return the ids of the chosen people; only after `is_valid()`."""
        people: Any = self.cleaned_data["members"]
        return list(people)
