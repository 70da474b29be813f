"""Stage: the step of a pipeline; its choices say how likely a deal is there and whether it is open, won or lost."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.base import SettingsForm
from metadata.field_types.choices import find_choice
from metadata.field_types.picklist import PicklistType
from metadata.field_types.registry import field_types

CATEGORIES = OPEN, WON, LOST = ("open", "won", "lost")


class StageType(PicklistType):
    """A picklist whose choices carry `{"probability": 0–100, "category": "open" | "won" | "lost"}`."""

    key = "stage"
    label = _("Stage")
    icon = "progress-check"
    converts_to = ("picklist", "multi_picklist", "text", "long_text")
    settings_form = SettingsForm

    def category(self, field: FieldSpec, value: str | None) -> str:
        """Return whether a deal in this stage is open, won or lost; open when the choice does not say."""
        choice = find_choice(field, value) if value else None
        return str(choice.properties.get("category", OPEN)) if choice else OPEN

    def probability(self, field: FieldSpec, value: str | None) -> int:
        """Return the chance of winning in percent; without one, that of the category (0 while open)."""
        choice = find_choice(field, value) if value else None
        fallback = 100 if self.category(field, value) == WON else 0
        return int(choice.properties.get("probability", fallback)) if choice else 0


field_types.register(StageType())
