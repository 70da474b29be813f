"""The input of several links: chips with a box to find more, and boxes for what is said about each link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.console import forms as console_forms
from metadata.field_types.widgets import TEXT_SUFFIX

ATTRIBUTES = ROLE, LABEL, PRIMARY = ("role", "label", "primary")
ATTRIBUTE_LABELS: Mapping[str, Promise] = {ROLE: _("Role"), LABEL: _("Link label"), PRIMARY: _("Primary")}
HIDDEN_NAME = _("(not visible)")


NAMES = "shown" + TEXT_SUFFIX  # what chips show, sent along so that a form shown again shows it again


def part_name(name: str, attribute: str) -> str:
    """Return the name of an attribute's inputs; no API name has a dot in it."""
    return f"{name}.{attribute}"


@dataclass(frozen=True)
class ChosenLinks:
    """What the box sent: the chosen links as mappings with `id`, and text that was typed without choosing."""

    links: tuple[Mapping[str, Any], ...]
    text: str = ""

    def __iter__(self) -> Any:
        return iter(self.links)


class LinksInput(console_forms.LookupMultipleInput):
    """The console's lookup box for several records; with `attributes` every chip has inputs of its own."""

    def __init__(
        self,
        target: str,
        label: Callable[[], str],
        attributes: Sequence[str] = (),
        attrs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"/lookup/{target}", attrs=attrs)
        self.target, self.label, self.attributes = target, label, tuple(attributes)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        typed = value.text if isinstance(value, ChosenLinks) else ""
        context = super().get_context(name, value, {**(attrs or {}), "name": name + TEXT_SUFFIX})
        widget = context["widget"]
        widget["text"], widget["names"] = typed, part_name(name, NAMES)
        widget["blank_parts"] = self._parts(name, "", {}) if self.attributes else []
        widget["chosen"] = [self._chip(name, item) for item in value or ()]
        return context

    def _chip(self, name: str, item: Any) -> dict[str, Any]:
        """Return what a chip shows of a link, or of a mapping that a form sent."""
        said = item if isinstance(item, Mapping) else _mapping(item)
        key = str(said.get("id", ""))
        return {"id": key, "name": said.get("name") or HIDDEN_NAME, "parts": self._parts(name, key, said)}

    def _parts(self, name: str, key: str, said: Mapping[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "name": part_name(name, attribute),
                "label": ATTRIBUTE_LABELS[attribute],
                "value": key if attribute == PRIMARY else said.get(attribute, ""),
                "is_choice": attribute == PRIMARY,
                "is_checked": attribute == PRIMARY and bool(said.get(PRIMARY)),
            }
            for attribute in self.attributes
        ]

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        ids = _sent(data, name)
        texts = {item: _sent(data, part_name(name, item)) for item in self.attributes if item != PRIMARY}
        primary = _sent(data, part_name(name, PRIMARY))[:1]
        names = _sent(data, part_name(name, NAMES))
        links = []
        for place, (key, shown) in enumerate(zip_longest(ids, names[: len(ids)], fillvalue="")):
            link: dict[str, Any] = {"id": key, "name": shown}
            link.update({item: sent[place] if place < len(sent) else "" for item, sent in texts.items()})
            if PRIMARY in self.attributes:
                link[PRIMARY] = [key] == primary
            links.append(link)
        typed = data.get(name + TEXT_SUFFIX) or ""
        return ChosenLinks(tuple(links), typed.strip() if isinstance(typed, str) else "")

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and name + TEXT_SUFFIX not in data

    def posted(self, name: str, value: Any) -> dict[str, list[str]]:
        """Return what a browser sends for the box when it is left alone."""
        chips = [self._chip(name, item) for item in value or ()]
        sent: dict[str, list[str]] = {name: [chip["id"] for chip in chips], name + TEXT_SUFFIX: []}
        sent[part_name(name, NAMES)] = [str(chip["name"]) for chip in chips]
        for chip in chips:
            for part in chip["parts"]:
                if not part["is_choice"] or part["is_checked"]:
                    sent.setdefault(part["name"], []).append(str(part["value"]))
        for attribute in self.attributes:
            sent.setdefault(part_name(name, attribute), [])
        return sent


def _sent(data: Any, name: str) -> list[str]:
    found = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
    items = found if isinstance(found, list | tuple) else [found]
    return [str(item) for item in items]


def _mapping(link: Any) -> dict[str, Any]:
    if not hasattr(link, "id"):
        return {"id": link}
    return {
        "id": link.id,
        "name": link.name,
        ROLE: getattr(link, "role", ""),
        LABEL: getattr(link, "label", ""),
        PRIMARY: getattr(link, "is_primary", False),
    }
