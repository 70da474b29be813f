"""Which fields of an object a form may ask for, and how a form's fields are shown to strangers."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from crm_platform.files.facts import size_text
from crm_platform.files.kinds import extensions_of, mimes_of
from crm_platform.kit.context import system_actor
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType
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
FILE = "file"
FORM_INPUTS = {**INPUTS, "file": FILE, "image": FILE}  # visitors may send files, programs and mails fill no such field
LONGEST = 5_000  # characters of any text
MAX_FILES, MAX_BYTES = 5, 10 * 1024 * 1024  # of one field, and of one file; the field may allow less


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
    accept: str = ""  # of files: types and extensions, as browsers take them
    max_count: int = 0
    max_bytes: int = 0

    @property
    def is_file(self) -> bool:
        return self.input == FILE

    @property
    def max_size(self) -> str:
        return size_text(self.max_bytes)


def offered(obj: CompiledObject, types: Container[str] = FORM_INPUTS) -> list[CompiledField]:
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
        input=FORM_INPUTS[field.spec.type],
        required=bool(item.get("required")) and not item.get("hidden"),
        hidden=bool(item.get("hidden")),
        default=item.get("default", ""),
        parameter=item.get("parameter", ""),
        choices=choices,
        **_file_limits(field),
    )


def _file_limits(field: CompiledField) -> dict[str, Any]:
    if not isinstance(field.type, AttachmentType):
        return {}
    kinds = field.type.kinds(field.spec)
    named = [name for kind in kinds for name in (*mimes_of(kind), *extensions_of(kind))]
    return {
        "accept": "" if "other" in kinds else ",".join(named),
        "max_count": min(field.type.max_count(field.spec), MAX_FILES),
        "max_bytes": min(field.type.max_bytes(field.spec), MAX_BYTES),
    }
