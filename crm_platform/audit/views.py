"""The page of the audit trail."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from crm_platform.audit.actions import actions
from crm_platform.audit.chain import newest_seals
from crm_platform.audit.models import AuditEntry
from crm_platform.audit.selectors import PERMISSION, AuditFilter, entries
from crm_platform.console.access import function_required
from crm_platform.console.forms import DateInput
from crm_platform.console.htmx import is_fragment
from crm_platform.identity.models import User
from crm_platform.identity.people import visible_people
from crm_platform.kit.context import Actor


class FilterForm(forms.Form):
    """Who, what and when; everything may be left open."""

    user = forms.ModelChoiceField(User.objects.none(), label=_("User"), required=False)
    action = forms.ChoiceField(label=_("Action"), required=False)
    day = forms.DateField(label=_("Day"), required=False, widget=DateInput)

    def __init__(self, actor: Actor, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["user"].queryset = User.objects.filter(visible_people(actor)).order_by("name")  # type: ignore[attr-defined]
        self.fields["action"].choices = [("", _("All")), *((item.key, item.label) for item in actions)]  # type: ignore[attr-defined]
        self.fields["user"].empty_label = _("All")  # type: ignore[attr-defined]
        self.fields["user"].label_from_instance = lambda user: f"{user.name} ({user.username})"  # type: ignore[attr-defined]

    def wanted(self) -> AuditFilter:
        """Return the filter; what can't be read is left open, and said at its field."""
        cleaned = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        user = cleaned.get("user")
        return AuditFilter(user.pk if user else None, cleaned.get("action") or "", cleaned.get("day"))


@require_safe
@function_required(PERMISSION)
def audit(request: HttpRequest) -> HttpResponse:
    """Show the entries, the newest first, by user, action and day."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form = FilterForm(actor, request.GET, auto_id="audit_%s")
    page = entries(actor, form.wanted(), request.GET.get("before"))
    kept = request.GET.copy()
    kept.pop("before", None)
    context = {"form": form, "page": page, "rows": [_row(item) for item in page.entries], "query": kept.urlencode()}
    context["seals"] = () if is_fragment(request) else newest_seals()
    return render(request, "audit/results.html" if is_fragment(request) else "audit/list.html", context)


def _row(entry: AuditEntry) -> dict[str, Any]:
    label = actions.get(entry.action).label if entry.action in actions else entry.action
    return {"entry": entry, "action": label, "short": str(entry.record_id)[-8:] if entry.record_id else ""}
