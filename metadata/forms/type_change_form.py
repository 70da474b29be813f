"""What to do with values that do not become one of the new type."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata.retyping.requests import BLOCK, EMPTY


class OnFailureForm(forms.Form):
    on_failure = forms.ChoiceField(
        label=_("Values that do not convert"),
        choices=[
            (BLOCK, _("stop the change until they are corrected")),
            (EMPTY, _("are left empty; the old field keeps them for 30 days")),
        ],
        initial=BLOCK,
    )
