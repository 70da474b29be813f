"""The form of an API key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from openapi.keys import MANAGE
from openapi.scopes import SCOPES

DAYS = [("90", _("In 90 days")), ("365", _("In one year")), ("", _("Never"))]


class ApiKeyForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("What the key is for, such as: ERP sync."))
    scopes = forms.MultipleChoiceField(
        label=_("Scopes"), choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple, initial=["records:read"]
    )
    expires = forms.ChoiceField(label=_("Expires"), choices=DAYS, required=False)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if actor.has_function(MANAGE):
            people = User.objects.filter(is_active=True).order_by("name")
            self.fields["user"] = forms.ModelChoiceField(
                people, label=_("Acts as"), initial=actor.user_id, required=False
            )
            self.order_fields(["name", "user", "scopes", "expires"])

    def expires_at(self) -> Any:
        days = self.cleaned_data["expires"]
        return timezone.now() + timedelta(days=int(days)) if days else None
