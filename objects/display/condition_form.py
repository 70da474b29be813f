"""The form in which a person builds one condition: a field, an operator that it has, and the operands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.validators import DecimalValidator, MaxValueValidator, MinValueValidator
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm_platform.console.forms import LookupMultipleInput
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.field_types import widgets
from metadata.field_types.choices import all_choices, label_of
from metadata.field_types.contexts import clean_context
from metadata.field_types.department import MINE
from metadata.field_types.operators import Arity, operators
from metadata.field_types.ranges import PERIODS
from metadata.field_types.references import clean_reference
from metadata.field_types.values import InvalidValue, Reference
from objects.display.chips import operand_items, targets_of
from objects.display.desk import RecordDesk
from objects.display.names import names_of
from objects.query.conditions import Condition
from objects.records.lookup_filters import own_field

PATH, OPERATOR, SOURCE = "path", "op", "source"
OPERAND, COUNT = "_operand", "_count"  # an API name never starts so: they can't be taken for filters
LIST_OF_TEXTS = {"rows": 3}
OWN_FIELD = "field"  # the source of an operand that is the value of a field of the record being edited
# The operators whose operand may be the value of a field of the record.
COMPARING = frozenset({"eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "any", "all", "none", "under", "above"})
COMPARING_TEXTS = frozenset({"contains", "ncontains", "starts", "ends"})

LIMITS = (MinValueValidator, MaxValueValidator, DecimalValidator)


class IdsField(forms.Field):
    """Returns the chosen ids as a list, and the word that stands for the caller's own department."""

    def to_python(self, value: Any) -> list[str]:
        return [str(item) for item in value or () if item == MINE or parse_uuid(item) is not None]


class ConditionForm:
    """One condition in the making, from the parameters of a request.

    `prefix` tells the rows of several conditions apart. `own_fields` are fields of a record whose values may stand
    where a value does: `{"field": "account_id"}`.
    """

    def __init__(
        self,
        opened: RecordDesk,
        data: Any,
        existing: Condition | None,
        *,
        is_sent: bool,
        prefix: str = "",
        own_fields: Sequence[CompiledField] = (),
    ) -> None:
        self.desk, self.data, self.existing = opened, data, existing
        self.is_sent, self.prefix, self.own_fields = is_sent, prefix, own_fields
        self.error = ""

    def _given(self, name: str) -> str:
        return str(self.data.get(self.html_name(name)) or "")

    def html_name(self, name: str) -> str:
        """Return the name of an input of this condition."""
        return f"{self.prefix}-{name}" if self.prefix else name

    # --- the field --------------------------------------------------------------------------------------------
    @cached_property
    def groups(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The offered paths by heading: the object's own fields, then those one lookup away."""
        readable = self.desk.policy.readable_fields(self.desk.obj)
        own = [(field.name, self._label(field)) for field in readable if self._fits(field)]
        offered = [(self.desk.label, own), *self._related()]
        known = {path for _heading, paths in offered for path, _label in paths}
        kept = self._given(PATH) or (self.existing.path if self.existing else "")
        if kept not in known and self._can_be_asked(kept):  # written by hand, further away than is offered
            offered.append((_("Other fields"), [(kept, self.desk.path_label(kept))]))
        return offered

    @cached_property
    def path(self) -> str:
        wanted = self._given(PATH) or (self.existing.path if self.existing else "")
        return wanted if self._can_be_asked(wanted) else self.groups[0][1][0][0]

    @cached_property
    def field(self) -> CompiledField:
        found = self.desk.field(self.path)
        assert found is not None, "`path` names readable fields only"
        return found

    def _related(self) -> Iterator[tuple[str, list[tuple[str, str]]]]:
        for lookup in self.desk.policy.readable_fields(self.desk.obj):
            target = lookup.main.references
            if lookup.spec.is_system or not target or target in ("user", "department"):
                continue
            if not self.desk.policy.can(target, "read"):
                continue
            fields = self._fields_of(self.desk.obj.target(target), lookup)
            if fields:
                yield self._label(lookup), fields

    def _fields_of(self, obj: CompiledObject, lookup: CompiledField) -> list[tuple[str, str]]:
        readable = self.desk.policy.readable_fields(obj)
        return [
            (f"{lookup.spec.path_name}.{field.name}", f"{self._label(lookup)} / {self._label(field)}")
            for field in readable
            if self._fits(field) and not field.spec.is_system
        ]

    def _label(self, field: CompiledField) -> str:
        return field.spec.label.text(self.desk.language)

    def _can_be_asked(self, path: str) -> bool:
        """Tell whether a path leads to a field with operators: what is masked has none."""
        field = self.desk.field(path) if path else None
        return field is not None and bool(field.type.filters(field.spec))

    @staticmethod
    def _fits(field: CompiledField) -> bool:
        return bool(field.type.filters(field.spec)) and field.type.key != "record_id"

    # --- the operator -----------------------------------------------------------------------------------------
    @property
    def operators(self) -> list[tuple[str, str]]:
        return [(key, str(self.field.type.operator_label(key))) for key in self.field.type.filters(self.field.spec)]

    @cached_property
    def operator(self) -> str:
        kept = self.existing.operator if self.existing and self.path == self.existing.path else ""
        wanted, offered = self._given(OPERATOR) or kept, [key for key, _label in self.operators]
        return wanted if wanted in offered else offered[0]

    @property
    def arity(self) -> Arity:
        return operators.get(self.operator).arity

    @property
    def _takes_list(self) -> bool:
        """Tell whether the operand is a list; "is exactly" compares with all references of a list at once."""
        return self.arity is Arity.MANY or (self.operator == "eq" and self.field.type.is_reference_list)

    # --- where the value comes from ---------------------------------------------------------------------------
    @cached_property
    def own_choices(self) -> list[tuple[str, str]]:
        """The fields of the record whose values can be compared with; with one that is named already."""
        offered = [(item.name, self._label(item)) for item in self.own_fields if self._is_comparable(item)]
        kept = self._kept_own
        if kept is not None and kept not in dict(offered):
            named = next((self._label(item) for item in self.own_fields if item.name == kept), kept)
            offered.append((kept, named))
        return offered

    @cached_property
    def source(self) -> str:
        """Whether the operand is the value of a field of the record (OWN_FIELD) or typed here ("")."""
        if not self.own_choices:
            return ""
        if self.html_name(SOURCE) in self.data:
            return OWN_FIELD if self._given(SOURCE) == OWN_FIELD else ""
        return "" if self._kept_own is None else OWN_FIELD

    @property
    def _kept_own(self) -> str | None:
        existing = self.existing
        if existing is None or (existing.path, existing.operator) != (self.path, self.operator):
            return None
        return own_field(existing.operand)

    def _is_comparable(self, own: CompiledField) -> bool:
        """Tell whether a field's value can be the operand: of the same kind, and a list where one is wanted."""
        mine, theirs = self.field.type, own.type
        is_list = theirs.is_reference_list or theirs.expression_type == "choices"
        if theirs.is_sealed or self.operator not in COMPARING | COMPARING_TEXTS or is_list != self._takes_list:
            return False
        if mine.has_targets:
            return bool(set(targets_of(self.field)) & set(targets_of(own)))
        return mine.expression_type.removesuffix("s") == theirs.expression_type.removesuffix("s")

    # --- the operands -----------------------------------------------------------------------------------------
    @cached_property
    def operand_form(self) -> forms.Form:
        """A form of the operands' inputs: none, `value`, or `value` and `value_2`."""
        data = self.data if self.is_sent else None
        form = forms.Form(data, initial=self._initial(), auto_id="filter_%s", prefix=self.prefix or None)
        form.use_required_attribute = not self.prefix  # a row that is not finished yet does not stop the form
        if self.source == OWN_FIELD:
            form.fields[OPERAND] = forms.ChoiceField(choices=self.own_choices, widget=widgets.Select, label=_("Value"))
        elif self.operator == "rel":
            form.fields[OPERAND] = forms.ChoiceField(choices=_periods, widget=widgets.Select, label=_("Period"))
            form.fields[COUNT] = forms.IntegerField(
                min_value=0, max_value=10_000, required=False, widget=widgets.NumberInput, label=_("Number (N)")
            )
        elif self._takes_list:
            form.fields[OPERAND] = self._many_field()
        elif self.arity is not Arity.NONE:
            form.fields[OPERAND] = self._one_field(_("From") if self.arity is Arity.TWO else _("Value"))
            if self.arity is Arity.TWO:
                form.fields[f"{OPERAND}_2"] = self._one_field(_("To"))
        return form

    def condition(self) -> Condition | None:
        """Return the finished condition; None, with `error` set, when its operands don't fit."""
        form = self.operand_form
        if not form.is_valid():
            return None
        if self.source == OWN_FIELD:
            return Condition(self.path, self.operator, {"field": form.cleaned_data[OPERAND]})
        try:
            condition = Condition(self.path, self.operator, self._operand(form.cleaned_data))
            raw = list(condition.operand) if isinstance(condition.operand, tuple) else condition.operand
            self.field.type.clean_operand(self.field.spec, self.operator, raw, clean_context(self.desk.actor))
        except InvalidValue as error:
            self.error = str(error.message)
            return None
        return condition

    def _operand(self, cleaned: dict[str, Any]) -> Any:
        if self.arity is Arity.NONE:
            return None
        if self.operator == "rel":
            period = PERIODS[cleaned[OPERAND]]
            return f"{period.key}:{cleaned.get(COUNT) or 0}" if period.takes_count else period.key
        if self.arity is Arity.TWO:
            return [self._plain(cleaned[OPERAND]), self._plain(cleaned[f"{OPERAND}_2"])]
        if self._takes_list:
            given = cleaned[OPERAND]
            items = given if isinstance(given, list) else str(given).splitlines()
            return [self._plain(item) for item in items if str(item).strip()]
        return self._plain(cleaned[OPERAND])

    def _plain(self, value: Any) -> Any:
        """Return an operand in the API's form, as addresses and stored views hold it."""
        if self.field.type.is_sealed:
            return self.field.type.kept_operand(self.field.spec, value)
        if self.operator in self.field.type.plain_operands and not isinstance(value, str):
            return value
        if isinstance(value, dict):
            return str(value["id"])
        if isinstance(value, bool | str | None):
            return value.strip() if isinstance(value, str) else value
        return self.field.type.to_api(self.field.spec, value)

    def _one_field(self, label: str) -> forms.Field:
        """Return the input of one operand: usually the field's own."""
        own = self.field.type.operand_field(self.field.spec, self.operator, self.desk.language)
        if own is not None:
            made: forms.Field = own
        elif self.field.type.expression_type == "boolean":
            made = forms.ChoiceField(choices=[("true", _("Yes")), ("false", _("No"))], widget=widgets.Select)
        elif self.operator in ("contains", "ncontains", "starts", "ends", "regex"):
            made = forms.CharField(widget=widgets.TextInput, max_length=200)
        elif self.field.type.expression_type == "datetime" and not self._has_clock():
            made = forms.CharField(widget=widgets.DateInput, max_length=40)  # a day stands for the whole day
        else:
            made = without_limits(self.field.type.form_field(self.field.spec, self.desk.language))
        made.label, made.required = label, True
        return made

    def _has_clock(self) -> bool:
        """Tell whether the condition that is edited speaks of moments instead of days."""
        items = operand_items(self.existing) if self.existing else []
        return any("T" in str(item).upper() for item in items)

    def _many_field(self) -> forms.Field:
        """Return the input of a list: check boxes of the choices, a picker of several records, lines of text."""
        if self.field.type.uses_choices:
            offered = [
                (item.value, label_of(item, item.value, self.desk.language)) for item in all_choices(self.field.spec)
            ]
            return forms.MultipleChoiceField(choices=offered, widget=widgets.Chips, label=_("Values"))
        if self.field.type.has_targets:
            return IdsField(widget=LookupMultipleInput(f"/lookup/{targets_of(self.field)[0]}"), label=_("Values"))
        textarea = widgets.Textarea(LIST_OF_TEXTS)
        return forms.CharField(widget=textarea, label=_("Values, one per line"))

    def _initial(self) -> dict[str, Any]:
        """Return what the inputs start with when an existing condition is edited."""
        if self.existing is None or (self.existing.path, self.existing.operator) != (self.path, self.operator):
            return {}
        if self._kept_own is not None:
            return {OPERAND: self._kept_own}
        items = operand_items(self.existing)
        if not items:
            return {}
        if self.field.type.is_sealed:
            return {OPERAND: "\n".join(self.field.type.kept_operand(self.field.spec, item) for item in items)}
        if self.operator == "rel":
            key, _colon, count = str(items[0]).partition(":")
            return {OPERAND: key, COUNT: count or None}
        if self.arity is Arity.MANY and not self.field.type.uses_choices and not self.field.type.has_targets:
            return {OPERAND: "\n".join(str(item) for item in items)}
        if self.field.type.uses_choices:
            is_list = self.arity is Arity.MANY or self.field.type.expression_type == "choices"
            return {OPERAND: [str(item) for item in items] if is_list else str(items[0])}
        shown = [self._shown(item) for item in items]
        if self._takes_list:
            return {OPERAND: shown}
        return dict(zip((OPERAND, f"{OPERAND}_2"), shown, strict=False))

    def _shown(self, item: Any) -> Any:
        if self.operator in self.field.type.plain_operands:
            return item
        if not self.field.type.has_targets:
            try:
                value = self.field.type.clean(self.field.spec, item, clean_context(self.desk.actor))
            except InvalidValue:
                return item
            if isinstance(value, bool):
                return "true" if value else "false"
            return self.field.type.form_initial(self.field.spec, value, self.desk.display())
        try:
            found = clean_reference(item, self.field.type.targets(self.field.spec))
        except InvalidValue:
            return item
        if found is None:
            return item
        names = names_of(self.desk.actor, [found])
        return Reference(found.object, found.id, names.get(found.id, ""))


def without_limits(field: forms.Field) -> forms.Field:
    """Take away the limits of a number: what can't be stored may still be compared with."""
    field.validators = [item for item in field.validators if not isinstance(item, LIMITS)]
    for name in ("min", "max", "step"):
        field.widget.attrs.pop(name, None)
    if isinstance(field, forms.DecimalField):
        field.widget.attrs["step"] = "any"
    return field


def _periods() -> list[tuple[str, str]]:
    """Return the periods for a select; the number of those that take one is typed beside it."""
    return [
        (period.key, str(period.label).replace("%(n)d", "N") if period.takes_count else str(period.label))
        for period in PERIODS.values()
    ]
