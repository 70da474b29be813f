"""The inputs of addresses and regions: selects that follow each other; no field type itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from metadata import regions

LABELS = {"country": _("Country"), "province": _("Province"), "city": _("City"), "district": _("District")}
TEXTS = {"street": _("Street"), "zip": _("Postcode")}


class RegionInput(forms.Widget):
    """One select for each level, whose choices come from `/regions?under=…` once the one before it is chosen."""

    template_name = "fields/region.html"
    texts: Sequence[str] = ()

    def __init__(self, language: str, *, with_country: bool, attrs: Any = None) -> None:
        super().__init__({"class": "form-select", **(attrs or {})})
        self.language, self.with_country = language, with_country

    @property
    def levels(self) -> tuple[str, ...]:
        return regions.LEVELS if self.with_country else regions.LEVELS[1:]

    @property
    def parts(self) -> tuple[str, ...]:
        return (*self.levels, *self.texts)

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, dict(attrs or {}))
        chosen = self.chosen(value)
        texts = [
            {"part": part, "name": f"{name}_{part}", "label": TEXTS[part], "value": chosen[part]} for part in self.texts
        ]
        context["widget"].update(selects=self._selects(name, chosen), texts=texts)
        return context

    def _selects(self, name: str, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
        selects, above = [], regions.CHINA
        for level in self.levels:
            options = list(regions.countries(self.language).items()) if level == "country" else regions.children(above)
            value = chosen[level]
            selects.append(
                {"level": level, "name": f"{name}_{level}", "label": LABELS[level], "options": options, "value": value}
            )
            above = value or "-"
        return selects

    def chosen(self, value: Any) -> dict[str, str]:
        """Return the value of each part for an Address, the code of a region, or what a form sent."""
        found = dict.fromkeys((*regions.LEVELS, *TEXTS), "")
        if isinstance(value, Mapping):
            found.update({part: str(item or "") for part, item in value.items() if part in found})
            return found
        region = value if isinstance(value, str) else getattr(value, "region", "")
        code = regions.known_code(region) if region else None
        found["country"] = regions.CHINA
        for item in regions.chain(code) if code else ():
            found[regions.level(item)] = item
        found.update({part: getattr(value, part, "") for part in TEXTS})
        return found

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str]:
        found = {part: data.get(f"{name}_{part}") for part in self.parts}
        sent = {part: item if isinstance(item, str) else "" for part, item in found.items()}
        if sent.get("country", regions.CHINA) != regions.CHINA:
            sent.update(dict.fromkeys(regions.LEVELS[1:], ""))
        return sent

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return not any(f"{name}_{part}" in data for part in self.parts)

    def posted(self, name: str, value: Any) -> dict[str, list[str]]:
        """Return what a browser sends for the inputs when they are left alone."""
        chosen = self.chosen(value)
        return {f"{name}_{part}": [chosen[part]] if chosen[part] else [] for part in self.parts}


class AddressInput(RegionInput):
    """A region with street and postcode."""

    texts = tuple(TEXTS)


class AddressField(forms.Field):
    """Returns a mapping of the parts, None when nothing but the country was chosen."""

    widget_class: type[RegionInput] = AddressInput

    def __init__(self, language: str, *, with_country: bool) -> None:
        super().__init__(widget=self.widget_class(language, with_country=with_country))

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value or None
        is_abroad = value.get("country", regions.CHINA) not in ("", regions.CHINA)
        given = any(item for part, item in value.items() if part != "country")
        return dict(value) if given or is_abroad else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        parts = self.widget.parts
        before, after = self.widget.chosen(initial), self.widget.chosen(data)
        return any(before[part] != after[part] for part in parts)


class RegionField(AddressField):
    """Returns the code of the deepest region that was chosen."""

    widget_class = RegionInput

    def to_python(self, value: Any) -> str | None:
        if not isinstance(value, Mapping):
            return value or None
        return next((value[level] for level in reversed(regions.LEVELS) if value.get(level)), None)
