"""`FieldType`: everything that makes a kind of field a kind of field, all facets in one class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as part
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import BaseExpression
from django.db.models.lookups import IsNull
from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.operators import Arity, checked_items, operators
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue

# The most that a value of a variable-length type keeps inside a crowded row: PostgreSQL moves out of line
# whatever is larger than this, leaving a pointer of 18 bytes.
INLINE_BYTES = 24


@dataclass(frozen=True)
class Column:
    """One physical column of a field.

    `suffix` is empty for the only or main column. `make` builds the Django field (without db_column);
    `references` makes it a foreign key to "user", "department" or a business object's table instead.
    `width` is the largest number of bytes that a value takes inside the row when the row is crowded.
    """

    db_type: str
    make: Callable[[], models.Field[Any, Any]] = part(compare=False)
    width: int
    suffix: str = ""
    not_null: bool = False
    default_sql: str | None = None  # a constant, so that adding the column rewrites no row
    references: str | None = None
    on_delete: str = "SET NULL"  # of the foreign key: "SET NULL" | "RESTRICT" | "CASCADE"
    is_internal: bool = False  # kept for the platform's own use, never part of an answer
    # How the column of an indexed field is indexed: "btree" (text by trigrams besides), "gin" or "gist", and
    # "trigram" alone where values may be too long for a b-tree.
    index: str = "btree"
    is_searched: bool = True  # filters read it, so that an index on the field covers it


def nullable(make: Callable[..., Any], *args: Any, **options: Any) -> Callable[[], models.Field[Any, Any]]:
    """Return what builds a Django field that may be NULL: empty is NULL in every column but a checkbox's."""
    return partial(make, *args, null=True, **options)


class SettingsForm(forms.Form):
    """Base of the forms in which an admin sets a field's parameters; cleaned data becomes `settings`.

    `fixed` names the parameters that shape columns in a way that can't be altered later.
    """

    fixed: ClassVar[tuple[str, ...]] = ()
    flags: ClassVar[tuple[str, ...]] = ()  # check boxes that are off unless they are given, and then left out

    def settings(self) -> dict[str, Any]:
        """Return the cleaned parameters as plain JSON, leaving out those that were not given."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [], {})}
        given = {name: value for name, value in given.items() if value or name not in self.flags}
        return {name: format(value, "f") if isinstance(value, Decimal) else value for name, value in given.items()}


class FieldType(ABC):
    """A kind of field. Instances hold no state: whatever differs between fields comes in as `FieldSpec`.

    A *value* is the one Python object by which a record knows the field (None when empty); columns are where
    it is kept. The DDL plan and the record pipeline own lifecycles, so there are no hooks here.
    """

    key: ClassVar[str]
    label: ClassVar[Promise | str]
    icon: ClassVar[str]
    group: ClassVar[str] = "text"  # section of the wizard: text number date choice place reference system
    expression_type: ClassVar[str] = "text"  # text number boolean date datetime choice choices reference references
    settings_form: ClassVar[type[SettingsForm]] = SettingsForm
    uses_choices: ClassVar[bool] = False
    is_reference: ClassVar[bool] = False
    is_reference_list: ClassVar[bool] = False  # a value is a tuple of references
    is_sealed: ClassVar[bool] = False  # what is read back is not what was written, and never spells it
    can_be_revealed: ClassVar[bool] = False  # a sealed value that `reveal` opens
    is_read_only: ClassVar[bool] = False  # numbers and computed values, which no caller writes
    can_be_required: ClassVar[bool] = True
    can_be_unique: ClassVar[bool] = False
    can_be_default: ClassVar[bool] = True
    is_sortable: ClassVar[bool] = True
    always_required: ClassVar[bool] = False  # whatever the admin chose
    is_always_indexed: ClassVar[bool] = False
    always_unique: ClassVar[bool] = False
    is_numeric: ClassVar[bool] = False  # shown at the right edge of its column
    is_wide: ClassVar[bool] = False  # too tall for a list cell or a half-width row
    derives_from: ClassVar[tuple[str, ...]] = ()  # other fields whose change rewrites this field's columns
    operator_labels: ClassVar[Mapping[str, Promise]] = {}  # where an operator reads differently for this type
    # operators whose operands are no values of the type: pieces of text, keys
    nameable_types: ClassVar[frozenset[str]] = frozenset()  # of the fields that `named_fields` may name
    plain_operands: ClassVar[frozenset[str]] = frozenset({"contains", "ncontains", "starts", "ends", "regex"})
    for_admins: ClassVar[bool] = True  # offered in the field wizard
    error_places: ClassVar[Mapping[str, str]] = {}  # at which parameter the wizard shows an error of another one
    converts_to: ClassVar[tuple[str, ...]] = ()  # types that its values can become; never inherited

    # --- definition ---------------------------------------------------------------------------------------
    def check_settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the cleaned settings; raises ValidationFailed with one error per bad parameter."""
        from metadata.field_types.settings import clean_settings  # kept apart: pulls in form rendering

        return clean_settings(self, settings)

    def admin_note(self, field: FieldSpec) -> str:
        """Return what an admin should know of a field besides its parameters, in the current language."""
        return ""

    @abstractmethod
    def columns(self, field: FieldSpec) -> tuple[Column, ...]:
        """Return the physical columns, the main one (suffix "") first where there is one."""

    def behaves_as(self, field: FieldSpec) -> FieldType:
        """Return the type of the field's values: for computed fields the one that they return."""
        return self

    def targets(self, field: FieldSpec) -> tuple[str, ...]:
        """Return what the references of a field may point at: API names, "user" or "department"."""
        return ()

    @property
    def has_targets(self) -> bool:
        """Tell whether values point at something."""
        return self.is_reference or self.is_reference_list

    def is_mandatory(self, field: FieldSpec) -> bool:
        """Tell whether a record can't be without a value."""
        return self.always_required or (field.is_required and self.can_be_required)

    def is_fixed(self, field: FieldSpec) -> bool:
        """Tell whether no caller writes the field."""
        return self.is_read_only

    def is_virtual(self, field: FieldSpec) -> bool:
        """Tell whether the field has no column: the database works its value out whenever it is read."""
        return False

    def named_fields(self, settings: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
        """Return the other fields of the object that the parameters name, by parameter."""
        return {}

    def is_unique(self, field: FieldSpec) -> bool:
        """Tell whether no two living records may have the same value."""
        return self.always_unique or (field.is_unique and self.can_be_unique)

    def can_change_to(self, field: FieldSpec, new: FieldSpec) -> bool:
        """Tell whether the column can be altered in place into `new` (only ever a widening)."""
        return new.type == self.key and self.columns(field) == self.columns(new)

    def can_convert_to(self, other_key: str) -> bool:
        """Tell whether a field's values can be carried over into a new field of another type.

        Its own type counts, too: with other parameters. Each class speaks for itself alone, so that a type
        whose values are kept secret does not become text because its base does.
        """
        return other_key in vars(type(self)).get("converts_to", ())

    # --- values -------------------------------------------------------------------------------------------
    @abstractmethod
    def clean(self, field: FieldSpec, value: Any, ctx: CleanContext) -> Any:
        """Return the value for input from any channel (JSON, form, file); None when it is empty.

        Raises InvalidValue, and nothing else whatever the input. Whether empty is allowed is not decided here.
        Only new input is cleaned: the record service leaves alone what a caller sends unchanged, so that a
        retired choice or a deactivated user stays where it is.
        """

    def rounded(self, field: FieldSpec, value: Any) -> Any:
        """Return what a formula has worked out in the precision that the field keeps."""
        return value

    def default(self, field: FieldSpec, ctx: CleanContext) -> Any:
        """Return the value of a new record for which none was given."""
        return None if field.default is None else self.clean(field, field.default, ctx)

    def to_columns(self, field: FieldSpec, value: Any, ctx: CleanContext) -> dict[str, Any]:
        """Return the database value of each column by its suffix; raises InvalidValue where one can't be made."""
        return {"": value}

    def from_columns(self, field: FieldSpec, parts: Mapping[str, Any]) -> Any:
        """Return the value for the database values of all columns, by suffix."""
        return parts[""]

    def to_api(self, field: FieldSpec, value: Any) -> Any:
        """Return the form of a value that any JSON encoder takes: the Open API, histories and events use it."""
        return value

    def to_text(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> str:
        """Return what a person reads, in their language; "" when empty. Also the text of exports."""
        return "" if value is None else str(value)

    def cell(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> SafeString:
        """Return the HTML shown in lists and record pages; everything from a user is escaped."""
        return mark_safe(escape(self.to_text(field, value, ctx)))  # noqa: S308 (escaped right here)

    def reveal(self, field: FieldSpec, value: Any) -> str:
        """Return what is behind a sealed value, where `can_be_revealed`. The caller writes down that it did."""
        raise InvalidValue("invalid_choice", _("This field can't be revealed."))

    def kept_operand(self, field: FieldSpec, item: Any) -> Any:
        """Return an operand that a person typed, in the form in which addresses and saved views may hold it."""
        return item

    def search_text(self, field: FieldSpec, value: Any) -> str:
        """Return the words by which the record is found through this field."""
        return ""

    def match_values(self, field: FieldSpec, value: Any) -> tuple[str, ...]:
        """Return every value in the form in which two spellings of the same thing are equal; () when empty.

        Duplicates are found by it: a phone is its E.164, an address its lower case. () for types without one.
        """
        return ()

    def is_same_input(self, field: FieldSpec, raw: Any, before: Any) -> bool:
        """Tell whether the input spells the present value: the API's form of it, or its text."""
        if raw is None or before is None:
            return raw is before
        present = self.to_api(field, before)
        if type(raw) is type(present):
            return bool(raw == present)
        return isinstance(raw, str) and raw == str(present)

    # --- forms and documents ------------------------------------------------------------------------------
    @abstractmethod
    def form_field(self, field: FieldSpec, language: str) -> forms.Field:
        """Return the form field (label and required are set by the caller)."""

    def form_initial(self, field: FieldSpec, value: Any, ctx: DisplayContext) -> Any:
        """Return what the form field starts with for a value."""
        return value

    @abstractmethod
    def json_schema(self, field: FieldSpec, language: str) -> dict[str, Any]:
        """Return the JSON Schema of the API form of a value (without nullability)."""

    # --- filters ------------------------------------------------------------------------------------------
    @abstractmethod
    def filters(self, field: FieldSpec) -> tuple[str, ...]:
        """Return the keys of the operators that apply, the usual one first."""

    def clean_operand(self, field: FieldSpec, operator: str, raw: Any, ctx: CleanContext) -> tuple[Any, ...]:
        """Return the values to bind, as they are, to the parameters of a filter: one for each parameter.

        An operator of many operands has one parameter, a list, which the driver sends as an array; so the SQL
        is the same for any number of operands. `empty` and `nempty` have none, `is_me` has the caller's id.
        Raises InvalidValue, and nothing else whatever the input.
        """
        if operator not in self.filters(field):
            raise InvalidValue("invalid_choice", _("This filter does not apply to the field."))
        items = [self.operand(field, operator, item, ctx) for item in checked_items(operator, raw)]
        return (items,) if operators.get(operator).arity is Arity.MANY else tuple(items)

    def operand(self, field: FieldSpec, operator: str, item: Any, ctx: CleanContext) -> Any:
        """Return the database value of one operand; raises InvalidValue. Usually it is cleaned as a value."""
        value = self.clean(field, item, ctx)
        if value is None:
            raise InvalidValue("required", _("Enter a value to compare with."))
        return value

    def operand_field(self, field: FieldSpec, operator: str, language: str) -> forms.Field | None:
        """Return the input of an operand that is no value of the field; None where it is one, or plain text."""
        return None

    def operand_text(self, operator: str, item: Any) -> str:
        """Return how people read an operand that is no value of the field."""
        return str(item)

    @abstractmethod
    def predicate(
        self, field: FieldSpec, operator: str, column: BaseExpression, params: Sequence[BaseExpression]
    ) -> BaseExpression | Q:
        """Return the boolean expression of a filter on the main column.

        `params` stand for the cleaned operands; they are placeholders without values, so that the SQL can be
        kept and used again. Negative operators (`ne`, `nin`, `ncontains`, `none`) hold for empty values too.
        """

    def operator_label(self, operator: str) -> Promise | str:
        """Return how an operator reads for this type."""
        return self.operator_labels.get(operator) or operators.get(operator).label

    def as_operand(self, field: FieldSpec, column: BaseExpression | F) -> BaseExpression | F:
        """Return the value of the main column as expressions in SQL take it."""
        return column

    def is_empty(self, column: BaseExpression) -> BaseExpression | Q:
        """Return the expression that is true where the field is empty."""
        return IsNull(column, True)

    def sort_key(self, field: FieldSpec, column: BaseExpression) -> BaseExpression:
        """Return the expression by which records are ordered (picklists: by the order of their choices)."""
        return column
