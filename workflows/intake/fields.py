"""Which fields of an object a form may ask for, and how a form's fields are shown to strangers."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.context import system_actor
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy

# How each type is asked for on a plain page; others, such as lookups, would show strangers what is in the CRM.
INPUTS: dict[str, str] = {
    "text": "text",
    "long_text": "textarea",
    "email": "email",
    "phone": "tel",
    "url": "url",
    "integer": "number",
    "decimal": "text",
    "currency": "text",
    "percent": "text",
    "checkbox": "checkbox",
    "date": "date",
    "picklist": "select",
    "multi_picklist": "checkboxes",
}
LONGEST = 5_000  # characters of any text


@dataclass(frozen=True, slots=True)
class Asked:
    """A field as a stranger sees it."""

    name: str
    label: str
    help: str
    input: str
    required: bool
    hidden: bool
    default: str
    parameter: str
    choices: tuple[tuple[str, str], ...] = ()


def offered(obj: CompiledObject, types: Container[str] = INPUTS) -> list[CompiledField]:
    """Return the fields that forms may ask for; other sources may fill those of more types."""
    editable = AccessPolicy.of(system_actor()).editable_fields(obj, for_create=True)
    return [field for field in editable if field.spec.type in types and not field.spec.is_system and not _hides(field)]


def _hides(field: CompiledField) -> bool:
    return field.spec.sensitivity == "secret" or field.spec.is_deprecated


def asked(object_name: str, fields: list[Mapping[str, Any]], language: str) -> list[Asked]:
    """Return a form's fields in a language; those that are gone are left out."""
    obj = current_snapshot().object(object_name)
    known = {field.name: field for field in offered(obj)}
    return [_asked(known[item["field"]], item, language) for item in fields if item["field"] in known]


def _asked(field: CompiledField, item: Mapping[str, Any], language: str) -> Asked:
    chosen = field.spec.choice_set.choices if field.spec.choice_set else ()
    choices = tuple((choice.value, choice.label.text(language)) for choice in chosen if choice.is_active)
    return Asked(
        name=field.name,
        label=item.get("label") or field.spec.label.text(language),
        help=item.get("help", ""),
        input=INPUTS[field.spec.type],
        required=bool(item.get("required")) and not item.get("hidden"),
        hidden=bool(item.get("hidden")),
        default=item.get("default", ""),
        parameter=item.get("parameter", ""),
        choices=choices,
    )
