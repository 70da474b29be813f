"""The form of a department."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.forms.base import DepartmentField, open_departments
from crm_platform.identity.models import Department


class DepartmentForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100)
    parent = DepartmentField(label=_("Belongs to"), queryset=Department.objects.none())
    code = forms.CharField(
        label=_("Code"), max_length=40, required=False, help_text=_("Short and unique, for imports and reports.")
    )

    def __init__(self, *args: Any, department: Department | None = None, **kwargs: Any) -> None:
        """`department` is the one that is being changed: it can't move below itself, the root not at all."""
        super().__init__(*args, **kwargs)
        if department is not None and department.is_root():
            del self.fields["parent"]
            return
        choices = open_departments()
        if department is not None:
            choices = choices.exclude(path__startswith=department.path)
        self.fields["parent"].queryset = choices  # type: ignore[attr-defined]
        self.fields["parent"].empty_label = None  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Where a department shall stand; the tree's menu and drag and drop both send it."""

    parent = DepartmentField(label=_("Move below"), queryset=Department.objects.none(), empty_label=None)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = open_departments()  # type: ignore[attr-defined]


class OtherDepartmentForm(forms.Form):
    """One more department of a user."""

    department = DepartmentField(label=_("Also belongs to"), queryset=Department.objects.none())
    title = forms.CharField(label=_("Job title there"), max_length=100, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].queryset = open_departments()  # type: ignore[attr-defined]
