"""API names and labels: what an admin may call things."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from metadata.compiler.record_base import SYSTEM_NAMES
from metadata.compiler.spec import Labels

API_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
CUSTOM_SUFFIX = "__c"
LABEL_LENGTH = 80

RESERVED_OBJECTS = frozenset(
    [
        "user",
        "department",
        "record",
        "object",
        "objects",
        "records",
        "meta",
        "metadata",
        "me",
        "query",
        "search",
        "composite",
        "jobs",
        "job",
        "pool",
        "pools",
        "new",
        "edit",
        "trash",
        "setup",
        "api",
        "admin",
        "system",
        "organization",
        "role",
        "profile",
        "group",
        "file",
        "files",
    ]
)
RESERVED_FIELDS = SYSTEM_NAMES | frozenset(
    [
        "object",
        "record_type_id",
        "created_by",
        "updated_by",
        "owner",
        "owner_department",
        "deleted_by",
        "errors",
        "pk",
        "url",
    ]
)
_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def object_name_errors(name: Any, *, is_custom: bool) -> list[FieldError]:
    """Return what is wrong with the API name of an object; [] when nothing is."""
    return _name_errors(name, is_custom=is_custom, reserved=RESERVED_OBJECTS)


def field_name_errors(name: Any, *, is_custom: bool) -> list[FieldError]:
    """Return what is wrong with the API name of a field; [] when nothing is."""
    return _name_errors(name, is_custom=is_custom, reserved=RESERVED_FIELDS)


def label_errors(labels: Mapping[str, str], attribute: str = "label", *, required: bool = True) -> list[FieldError]:
    """Return what is wrong with a label in any of its languages."""
    errors = []
    if required and not any(labels.values()):
        errors.append(FieldError(attribute, "required", _("Enter a label.")))
    limit = LABEL_LENGTH if "label" in attribute else 500
    for text in labels.values():
        if len(text) > limit:
            errors.append(FieldError(attribute, "too_long", _("At most %(max)d characters.") % {"max": limit}))
        if any(_is_unprintable(char) for char in text):
            errors.append(FieldError(attribute, "invalid_type", _("Control characters are not allowed.")))
    return errors


def normal_labels(value: Any) -> Labels:
    """Return labels by locale from a text (no locale) or a mapping, in Unicode NFC and trimmed."""
    if isinstance(value, str) or value is None:
        value = {"": value or ""}
    if not isinstance(value, Mapping):
        value = {"": str(value)}
    return Labels({str(k): unicodedata.normalize("NFC", str(v or "")).strip() for k, v in value.items()})


def _is_unprintable(char: str) -> bool:
    return (
        char in _BIDI_CONTROLS
        or unicodedata.category(char) == "Cs"
        or (unicodedata.category(char) == "Cc" and char != "\n")
    )


def _name_errors(name: Any, *, is_custom: bool, reserved: frozenset[str]) -> list[FieldError]:
    if not isinstance(name, str) or not API_NAME.match(name):
        message = _("Use a lower-case letter first, then letters, digits and underscores, at most 40 in all.")
        return [FieldError("api_name", "invalid_type", message)]
    stem = name.removesuffix(CUSTOM_SUFFIX)
    if is_custom and stem == name:
        return [FieldError("api_name", "invalid_type", _("The name of something you add ends in __c."))]
    if "__" in stem or stem.endswith("_"):
        return [FieldError("api_name", "invalid_type", _("Two underscores in a row are only for the ending __c."))]
    if name in reserved or stem in reserved or name.endswith("_base"):
        return [FieldError("api_name", "invalid_choice", _("This name is reserved."))]
    return []
