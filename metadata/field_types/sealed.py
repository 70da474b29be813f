"""What the types share whose values nobody reads by accident: sealed at the door, masked wherever they appear.

No field type itself. The plain text lives only inside `clean`; from there on a value knows its mask, the digest
by which it is found, and the sealed text, which `objects.records.revealing` opens and writes down that it did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.db.models.expressions import BaseExpression
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.sealing import digest, seal, unseal
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.base import INLINE_BYTES, Column, FieldType, nullable
from metadata.field_types.predicates import compare
from metadata.field_types.text import fold, normal_text
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

MASK = "******"
DIGEST_LENGTH = 64
DIGEST_MARK = "digest:"  # how filters keep an operand: `digest:<64 hexadecimal digits>`
SEAL = "_seal"
MAX_OPERAND = 2_000


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that can be shown masked and compared, and whose plain text is sealed in `token`."""

    shown: str
    digest: str
    token: str = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.shown


def not_a_mask() -> InvalidValue:
    """Return the error of input that is the mask instead of the value behind it."""
    return InvalidValue("invalid_type", _("Enter the value itself, not its mask."))


class SealedType(FieldType):
    """Base of masked and encrypted text. The digest is the main column: equality, uniqueness, indexes use it."""

    expression_type = ""  # no formula reads it: what it computed would give the value away
    is_sealed = True
    is_sortable = False
    can_be_unique = True
    can_be_default = False  # a default would stand in the data model for everybody to read
    can_be_revealed = True

    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        found_by = nullable(models.CharField, max_length=DIGEST_LENGTH)
        return (
            Column(f"varchar({DIGEST_LENGTH})", found_by, INLINE_BYTES),
            Column("text", nullable(models.TextField), INLINE_BYTES, suffix=SEAL, is_searched=False),
        )

    def plain(self, field: FieldSpec, value: Any) -> str | None:
        """Return the text to seal, in its canonical spelling; raises InvalidValue."""
        raise NotImplementedError

    def mask(self, field: FieldSpec, text: str) -> str:
        """Return what everybody may see of the text."""
        return MASK

    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Sealed | None:
        if isinstance(value, Sealed):
            return value
        text = self.plain(field, value)
        return None if text is None else Sealed(self.mask(field, text), digest(text), seal(text))

    def is_same_input(self, field: FieldSpec, raw: Any, before: Any) -> bool:
        """Tell whether the input is the mask of the present value, or its plain text again."""
        if super().is_same_input(field, raw, before):
            return True
        if before is None or raw is None or isinstance(raw, Sealed):
            return bool(raw == before)
        try:
            text = self.plain(field, raw)
        except InvalidValue:
            return False
        return text is not None and digest(text) == before.digest

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        return {"": value.digest, SEAL: value.token} if value else {"": None, SEAL: None}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Sealed | None:
        return Sealed(MASK, parts[""], parts[SEAL]) if parts[""] else None

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        return value.shown if value else None

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        return value.shown if value else ""

    def reveal(self, field: FieldSpec, value: Sealed) -> str:
        """Return the plain text; raises CannotOpen. Who calls this writes it into the audit trail."""
        return unseal(value.token)

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        return (value.digest,) if value else ()

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        return value.shown if value else None

    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        return ("eq", "in", "empty", "nempty")

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> str:
        if isinstance(item, Sealed):
            return item.digest
        return self.kept_operand(field, item).removeprefix(DIGEST_MARK)

    def kept_operand(self, field: FieldSpec, item: Any) -> str:
        """Return an operand as addresses and saved views may hold it: the digest instead of the text."""
        text = normal_text(item)
        if text is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        if text.startswith(DIGEST_MARK):
            return text[: len(DIGEST_MARK) + DIGEST_LENGTH]
        return DIGEST_MARK + digest(self.canonical(field, text))

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        return forms.CharField(max_length=MAX_OPERAND, widget=widgets.TextInput({"autocomplete": "off"}))

    def canonical(self, field: FieldSpec, text: str) -> str:
        """Return the spelling of a text of which the digest is made."""
        return text

    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        return compare(operator, column, params)


def bare(text: str) -> str:
    """Return a number of a document without what people put between its digits, in upper case."""
    return "".join(char for char in fold(text).upper() if char not in " -._/·")
