"""From a document (JSON of any shape) to values of fields: paths, constants, defaults, and other names for choices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from workflows.intake.fields import INPUTS, offered
from workflows.intake.models import IntakeSource

PARTS = {"field": 40, "path": 200, "constant": 500, "default": 500}
MAX_ITEMS, MAX_CHOICES, MAX_CHOICE = 60, 100, 200
MAX_STEPS, MAX_LEAVES, SHOWN = 16, 300, 200
TYPES = frozenset({*INPUTS, "datetime"})
YES = frozenset({"true", "1", "yes", "y", "on", "是"})
MISSING: Any = object()
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d{1,6})\]|\["([^"\]]+)"\]')
_PLAIN = re.compile(r'[^.\[\]"]+')
Step = str | int


# --- paths ------------------------------------------------------------------------------------------------------
def steps(path: str) -> tuple[Step, ...]:
    """Return the steps of `contact.phones[0].number`; a name with a dot in it is `["a.b"]`. Raises ValueError."""
    found: list[Step] = []
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or (match[1] and not found and path.startswith(".")):
            raise ValueError(path)
        found.append(int(match[2]) if match[2] else (match[1] or match[3]))
        at = match.end()
    if not found or len(found) > MAX_STEPS:
        raise ValueError(path)
    return tuple(found)


def find(document: Any, path: str) -> Any:
    """Return what stands at a path of a document, MISSING where there is nothing."""
    for step in steps(path):
        if isinstance(document, dict):
            document = document.get(str(step), MISSING)
        elif isinstance(document, list) and str(step).isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return MISSING
        if document is MISSING:
            return MISSING
    return document


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line of a document's tree. `text` is None where more lines follow below."""

    path: str
    name: str
    depth: int
    text: str | None


def tree(document: Any) -> list[Leaf]:
    """Return a document line by line, the first MAX_LEAVES of them."""
    found: list[Leaf] = []
    for leaf in _walk(document, "", 0):
        found.append(leaf)
        if len(found) == MAX_LEAVES:
            break
    return found


def _walk(value: Any, path: str, depth: int) -> Iterator[Leaf]:
    inner: Iterator[tuple[str, str, Any]]
    if isinstance(value, dict):
        inner = ((name, _below(path, name), item) for name, item in value.items())
    else:
        inner = ((f"[{index}]", f"{path}[{index}]", item) for index, item in enumerate(value))
    for name, where, item in inner:
        is_open = isinstance(item, dict | list) and bool(item) and depth + 1 < MAX_STEPS
        yield Leaf(where, name, depth, None if is_open else _shown(item))
        if is_open:
            yield from _walk(item, where, depth + 1)


def _below(path: str, name: str) -> str:
    if _PLAIN.fullmatch(name):
        return f"{path}.{name}" if path else name
    return f'{path}["{name}"]'


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "…" if value else ""
    return "" if value is None else _text(value)[:SHOWN]


# --- values -----------------------------------------------------------------------------------------------------
def mappable(object_name: str) -> list[CompiledField]:
    """Return the fields that documents may fill."""
    return offered(current_snapshot().object(object_name), TYPES)


def mapped(source: IntakeSource, document: Any, *, fits: bool = False) -> dict[str, Any]:
    """Return the values that a source's mapping makes of a document; fields that are gone are left out.

    With `fits` texts that are too long for their field are cut.
    """
    known = {field.name: field for field in mappable(source.business_object.api_name)}
    values: dict[str, Any] = {}
    for item in source.mapping:  # type: ignore[attr-defined] # hooks and mailboxes have one
        field = known.get(item["field"])
        value = None if field is None else _value(field, item, document)
        if field is None or value in (None, "", []):
            continue
        most = field.spec.settings.get("max_length")
        values[field.name] = value[:most] if fits and most and isinstance(value, str) else value
    return values


def _value(field: CompiledField, item: Mapping[str, Any], document: Any) -> Any:
    if item.get("constant"):
        return _typed(field, item["constant"])
    found = find(document, item["path"])
    value = None if found is MISSING else _typed(field, _renamed(found, item.get("values", {})))
    return _typed(field, item.get("default", "")) if value in (None, "", []) else value


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(part, names) for part in value]
    if not names or value is None or isinstance(value, dict):
        return value
    return {name.strip().casefold(): choice for name, choice in names.items()}.get(_text(value).casefold(), value)


def _typed(field: CompiledField, value: Any) -> Any:
    """Return a value as the field's type takes it; objects within the document are none."""
    if isinstance(value, dict):
        return None
    if isinstance(value, list):
        parts = [_text(part) for part in value if part is not None and not isinstance(part, dict | list)]
        return parts if field.spec.type == "multi_picklist" else ", ".join(part for part in parts if part)
    text = "" if value is None else _text(value)
    if field.spec.type == "checkbox":
        return text.casefold() in YES if text else None
    if field.spec.type == "multi_picklist":
        return [part for raw in re.split(r"[,;，；、]", text) if (part := raw.strip())]
    return text


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value).strip()


# --- settling ---------------------------------------------------------------------------------------------------
def mapping_errors(source: IntakeSource) -> list[FieldError]:
    """Return what is wrong with a source's mapping."""
    given: Any = source.mapping  # type: ignore[attr-defined]
    if not all(_is_whole(item) for item in given):
        text = _("A field of a mapping is an object with field, path or constant, default and values.")
        return [FieldError("mapping", "invalid_type", text)]
    names = [item["field"] for item in given]
    known = {field.name for field in mappable(source.business_object.api_name)}
    unknown = sorted({name for name in names if name not in known})
    if unknown:
        message = _("These fields can't be filled: %(names)s")
        return [FieldError("mapping", "unknown_field", message, {"names": ", ".join(unknown)})]
    if len(set(names)) < len(names) or len(names) > MAX_ITEMS:
        return [FieldError("mapping", "invalid_choice", _("Fill each field once, and 60 fields at most."))]
    for item in given:
        if bool(item.get("path")) == bool(item.get("constant")):
            text = _("%(field)s needs either a path or a constant.")
            return [FieldError("mapping", "invalid_choice", text, {"field": item["field"]})]
        if item.get("path") and not is_path(item["path"]):
            text = _("%(path)s is no path: write it as contact.phones[0].number.")
            return [FieldError("mapping", "invalid_choice", text, {"path": item["path"]})]
    return []


def is_path(text: str) -> bool:
    try:
        return bool(steps(text))
    except ValueError:
        return False


def _is_whole(item: Any) -> bool:
    if not isinstance(item, dict) or not item.keys() <= {*PARTS, "values"} or "field" not in item:
        return False
    names = item.get("values", {})
    if not isinstance(names, dict) or len(names) > MAX_CHOICES:
        return False
    texts = [(item.get(name, ""), most) for name, most in PARTS.items()]
    texts += [(text, MAX_CHOICE) for pair in names.items() for text in pair]
    return all(isinstance(text, str) and len(text) <= most for text, most in texts)


def fitting(obj: CompiledObject, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return those items of a mapping whose field the object has and lets documents fill."""
    known = {field.name for field in mappable(obj.name)}
    return [item for item in wanted if item["field"] in known]
