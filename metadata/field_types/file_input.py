"""The box of a form that holds files: uploads what is dropped or chosen, and sends the files' facts as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from crm_platform.files.facts import size_text
from crm_platform.files.kinds import KINDS, kind_of
from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.json import dumps, loads

SHOWN_SUFFIX = "_shown"  # says that the box was on the page, also when it holds nothing


class FilesInput(forms.Widget):
    """One hidden input for each file; the behaviour `files` adds and removes them."""

    template_name = "fields/files.html"

    def __init__(
        self, *, max_count: int, max_bytes: int, kinds: Sequence[str], accept: Sequence[str], tool: str = ""
    ) -> None:
        super().__init__()
        self.max_count, self.max_bytes, self.kinds = max_count, max_bytes, tuple(kinds)
        self.accept, self.tool = ",".join(accept), tool

    def use_required_attribute(self, initial: Any) -> bool:
        return False  # the visible input is empty once its file is uploaded

    def get_context(self, name: str, value: Any, attrs: Mapping[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, dict(attrs or {}))
        context["widget"]["attrs"].pop("class", None)
        context["widget"] |= {
            "files": [shown for item in value or () if (shown := _shown(item))["id"]],
            "shown_name": name + SHOWN_SUFFIX,
            "max_count": self.max_count,
            "max_bytes": self.max_bytes,
            "max_size": size_text(self.max_bytes),
            "kinds": ",".join(self.kinds),
            "kind_labels": ", ".join(str(KINDS[kind]) for kind in self.kinds),
            "accept": self.accept,
            "tool": self.tool,
        }
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        sent = data.getlist(name) if hasattr(data, "getlist") else data.get(name) or []
        return [_read(item) for item in (sent if isinstance(sent, list | tuple) else [sent]) if item not in ("", None)]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and name + SHOWN_SUFFIX not in data


def _read(sent: Any) -> Any:
    """Return the facts of one file; what is no JSON object comes as it was sent, to be refused as a value."""
    try:
        found = loads(sent) if isinstance(sent, str) and sent.startswith("{") else sent
    except (ValueError, RecursionError):
        return sent
    return found if isinstance(found, dict) else sent


def _shown(item: Any) -> dict[str, Any]:
    facts = item if isinstance(item, Mapping) else item.to_json() if hasattr(item, "to_json") else {"id": str(item)}
    name = str(facts.get("name") or _("File"))
    kept = {key: facts[key] for key in ("id", "name", "size", "content_type") if key in facts}
    size = facts.get("size")
    return {
        "id": str(parse_uuid(str(facts.get("id", ""))) or ""),
        "name": name,
        "size": size_text(size) if isinstance(size, int) and size > 0 else "",
        "kind": kind_of(str(facts.get("content_type", ""))),
        "json": dumps(kept).decode() if facts.get("id") else str(item),
    }
