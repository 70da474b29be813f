"""What the field types that hold files have in common; no field type by itself.

A value is a tuple of `FileRef`, None when there is none. The record keeps what lists show of a file; the file itself
is a row of the file store, given to the record by `objects.records.attachments`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import models
from django.db.models import BooleanField, Func, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from crm_platform.files.facts import size_text
from crm_platform.files.kinds import BY_MIME, KINDS, OTHER_TYPE, extensions_of, kind_of, mimes_of
from crm_platform.files.sniffing import clean_name
from crm_platform.kit.ids import parse_uuid
from crm_platform.kit.json import loads
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, SettingsForm, nullable
from metadata.field_types.file_input import FilesInput
from metadata.field_types.predicates import compare, like_pattern
from metadata.field_types.text import normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

MEGABYTE = 1024 * 1024
MAX_COUNT = 50
_UUID = r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}"
_NAMED = re.compile(rf"[^\n]*\(({_UUID})\)\s*")
_MIME = re.compile(r"[\w.+-]{1,60}/[\w.+-]{1,80}")
_BETWEEN = re.compile(r"[\s,;，；、]+")
COUNTS = {"count_eq": "eq", "count_gte": "gte", "count_lte": "lte"}


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file of a field, with what lists show of it. Two references to the same file are equal."""

    id: uuid.UUID
    name: str = part(default="", compare=False)
    size: int = part(default=0, compare=False)
    content_type: str = part(default=OTHER_TYPE, compare=False)

    @property
    def kind(self) -> str:
        return kind_of(self.content_type)

    def to_json(self) -> dict[str, Any]:
        return {"id": str(self.id), "name": self.name, "size": self.size, "content_type": self.content_type}


class AnyFile(Func):
    """True where one file of the column fits: `member` of it is `ILIKE`, or `= ANY` of, the parameter."""

    arity = 2
    output_field = BooleanField()

    def __init__(self, column: BaseExpression, member: str, comparison: str, param: BaseExpression) -> None:
        super().__init__(column, param)
        end = "))" if comparison.endswith("(") else ")"
        self.template = f"(EXISTS (SELECT 1 FROM jsonb_array_elements(%(expressions)s{end})"  # noqa: S608 (names of this module)
        self.arg_joiner = f") AS e WHERE e ->> '{member}' {comparison}"


class Count(Func):
    """How many files the column holds."""

    template = "COALESCE(jsonb_array_length(%(expressions)s), 0)"
    arity = 1
    output_field = models.IntegerField()


class FilesSettings(SettingsForm):
    """Parameters of a field with several files."""

    max_count = forms.IntegerField(
        label=_("How many files"), min_value=1, max_value=MAX_COUNT, required=False, widget=widgets.NumberInput
    )
    max_mb = forms.IntegerField(
        label=_("Size of a file, in MB, at most"), min_value=1, max_value=10_000, required=False,
        widget=widgets.NumberInput,
    )  # fmt: skip


class FilesField(forms.Field):
    """The files that the box on the page holds, in the API's form."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return [_id_of(item) for item in initial or ()] != [_id_of(item) for item in data or ()]


class KindField(forms.ChoiceField):
    """A kind of file; a MIME type, which programs may ask for, stays when the filter is edited."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.widget.known = {mime: mime for mime in BY_MIME}

    def valid_value(self, value: Any) -> bool:
        return super().valid_value(value) or value in BY_MIME


def _id_of(item: Any) -> str:
    return str(item.get("id") if isinstance(item, Mapping) else getattr(item, "id", item))


class AttachmentType(FieldType):
    """Files of the file store, denormalised in one column: `[{"id", "name", "size", "content_type"}, …]`."""

    group = "file"
    expression_type = "list"
    can_be_default = False
    is_sortable = False
    plain_operands = frozenset({"contains", "ncontains", "kind", *COUNTS})
    operator_labels = {
        "nempty": _("has a file"),
        "empty": _("has no file"),
        "contains": _("has a file whose name contains"),
        "ncontains": _("has no file whose name contains"),
    }
    default_count: ClassVar[int] = 10
    default_mb: ClassVar[int] = 20
    css: ClassVar[str] = "files"
    tool: ClassVar[str] = ""  # what the box on the page offers besides choosing files: "draw" or "record"

    # --- definition ---------------------------------------------------------------------------------------
    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        return (Column("jsonb", nullable(models.JSONField), INLINE_BYTES, is_searched=False),)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        return new.type == self.key

    def kinds(self, field: FieldSpec) -> tuple[str, ...]:
        """Return the kinds of content that the field takes."""
        raise NotImplementedError

    def max_count(self, field: FieldSpec) -> int:
        return int(field.settings.get("max_count") or self.default_count)

    def max_bytes(self, field: FieldSpec) -> int:
        """Return how large a file may be; never more than the whole installation allows."""
        return min(int(field.settings.get("max_mb") or self.default_mb) * MEGABYTE, settings.FILE_MAX_BYTES)

    def check_file(self, field: FieldSpec, file: FileRef) -> None:
        """Refuse a stored file that the field does not take; raises InvalidValue."""
        if file.kind not in self.kinds(field):
            message = _("%(name)s: the field takes no files of this type.") % {"name": file.name}
            raise InvalidValue("invalid_type", message)
        if file.size > self.max_bytes(field):
            limit = size_text(self.max_bytes(field))
            message = _("%(name)s is larger than %(max)s.") % {"name": file.name, "max": limit}
            raise InvalidValue("payload_too_large", message)

    # --- values -------------------------------------------------------------------------------------------
    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> tuple[FileRef, ...] | None:
        found = tuple({file.id: file for file in _files(value)}.values())
        limit = self.max_count(field)
        if len(found) > limit:
            raise InvalidValue("too_long", _("At most %(max)d files.") % {"max": limit}, max=limit)
        return found or None

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": [file.to_json() for file in value] if value else None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> tuple[FileRef, ...] | None:
        stored = loads(parts[""]) if isinstance(parts[""], str) else parts[""]
        return tuple(_from_json(item) for item in stored) if stored else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return [file.to_json() for file in value or ()]

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        """Return a line for each file: its name, and the id by which an import finds it again."""
        return "\n".join(f"{file.name} ({file.id})" for file in value or ())

    def names(self, value: Any) -> str:
        """Return the files' names, for people who need not find the files again."""
        return ", ".join(file.name or str(file.id) for file in value or ())

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        if not value:
            return SafeString()
        return format_html(
            '<ul class="{}">{}</ul>', self.css, format_html_join("", "<li>{}</li>", ((_shown(f),) for f in value))
        )

    def search_text(self, field: FieldSpec, value: Any) -> str:
        return " ".join(file.name for file in value or ())

    # --- forms and documents ------------------------------------------------------------------------------
    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        kinds = self.kinds(field)
        accepted = [mime for kind in kinds for mime in mimes_of(kind)]
        extensions = [extension for kind in kinds for extension in extensions_of(kind)]
        return FilesField(
            widget=FilesInput(
                max_count=self.max_count(field),
                max_bytes=self.max_bytes(field),
                kinds=kinds,
                accept=() if "other" in kinds else (*accepted, *extensions),
                tool=self.tool,
            )
        )

    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        file = {
            "type": "object",
            "description": "What is written is the id; the id alone does, too.",
            "required": ["id"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "name": {"type": "string"},
                "size": {"type": "integer"},
                "content_type": {"type": "string"},
            },
        }
        return {"type": "array", "maxItems": self.max_count(field), "items": file}

    # --- filters ------------------------------------------------------------------------------------------
    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("nempty", "empty", "contains", "ncontains", "kind", *COUNTS)

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        if operator == "kind":
            return KindField(choices=list(KINDS.items()), widget=widgets.Select)
        if operator in COUNTS:
            return forms.IntegerField(min_value=0, max_value=MAX_COUNT, widget=widgets.NumberInput)
        return None

    def operand_text(self, operator: str, item: Any) -> str:
        return str(KINDS.get(item, item)) if operator == "kind" else super().operand_text(operator, item)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        if operator in COUNTS:
            return _count(item)
        text = normal_text(item)
        if not text:
            raise InvalidValue("required", _("Enter a value to compare with."))
        if operator != "kind":
            return like_pattern(text, "contains")
        if text not in KINDS and text not in BY_MIME:
            raise InvalidValue("invalid_choice", _("There is no such type of file."))
        return mimes_of(text) if text in KINDS else [text]

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        if operator == "contains":
            return AnyFile(column, "name", "ILIKE ", params[0])
        if operator == "ncontains":
            return ~Q(AnyFile(column, "name", "ILIKE ", params[0]))
        if operator == "kind":
            return AnyFile(column, "content_type", "= ANY (", params[0])
        if operator in COUNTS:
            return compare(COUNTS[operator], Count(column), params)
        return IsNull(column, operator == "empty")


def _count(item: Any) -> int:
    text = str(item) if isinstance(item, int) and not isinstance(item, bool) else item
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,3}", text):
        raise InvalidValue("invalid_type", _("Enter a whole number."))
    return int(text)


def _files(value: Any) -> list[FileRef]:
    """Return the files that input names: ids, objects with an id, or lines of text as `to_text` writes them."""
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return _in_text(value)
    if not isinstance(value, list | tuple):
        return [_file(value)]
    if len(value) > MAX_COUNT:
        raise InvalidValue("too_long", _("At most %(max)d files.") % {"max": MAX_COUNT}, max=MAX_COUNT)
    return [_file(item) for item in value]


def _in_text(text: str) -> list[FileRef]:
    found: list[FileRef] = []
    for line in text[:100_000].splitlines():
        named = _NAMED.fullmatch(line)
        found += [_file(token) for token in ([named[1]] if named else _BETWEEN.split(line)) if token]
    return found


def _file(item: Any) -> FileRef:
    if isinstance(item, FileRef):
        return item
    if isinstance(item, Mapping):
        return _from_json(item)
    if not isinstance(item, str | uuid.UUID):
        raise InvalidValue("invalid_type", _("Enter ids of uploaded files."))
    return FileRef(_known_id(item))


def _known_id(item: Any) -> uuid.UUID:
    found = parse_uuid(item)
    if found is None:
        raise InvalidValue("invalid_reference", _("There is no such file."))
    return found


def _from_json(item: Mapping[str, Any]) -> FileRef:
    """Return a file from its API form; what it says besides the id is only as true as its source."""
    name, size, mime = item.get("name"), item.get("size"), item.get("content_type")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 2**50
    return FileRef(
        _known_id(item.get("id")),
        clean_name(name) if isinstance(name, str) and name else "",
        size if is_size and isinstance(size, int) else 0,
        mime if isinstance(mime, str) and _MIME.fullmatch(mime) else OTHER_TYPE,
    )


def _shown(file: FileRef) -> SafeString:
    """Return a file as a link: a small picture, a player, or its name and size."""
    if file.kind == "image":
        return format_html(
            '<a class="file-thumb" href="/files/{0}" title="{1}"><img src="/files/{0}?size=160" alt="" loading="lazy">'
            '<span class="visually-hidden">{1}</span></a>',
            file.id,
            file.name,
        )
    player = format_html('<audio controls preload="none" src="/files/{}"></audio>', file.id)
    return format_html(
        '{}<a class="file-link" href="/files/{}?download=1"><span class="file-name">{}</span> <small>{}</small></a>',
        player if file.kind == "audio" else "",
        file.id,
        file.name or str(file.id),
        size_text(file.size),
    )
