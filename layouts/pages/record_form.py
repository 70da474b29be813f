"""The form of a record, built for one request from the object's spec and layout."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import BaseRenderer

from crm_platform.console import forms as console_forms
from crm_platform.console.forms import as_choice
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.frozen import thaw
from layouts.documents import Layout
from metadata.choice_dependencies import dependent_fields
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.spec import RECORD_TYPE
from metadata.currencies import currencies_in_use
from metadata.field_types.address_input import RegionInput
from metadata.field_types.currency import CurrencyType
from metadata.field_types.dependent import ALLOWED, controlling_key, controlling_name
from metadata.field_types.hierarchy import HierarchyType
from metadata.field_types.labelled_input import LabelledInput
from metadata.field_types.link_inputs import LinksInput
from metadata.field_types.target_filters import target_filter
from metadata.field_types.values import DisplayContext
from metadata.field_types.widgets import OBJECT_SUFFIX, TEXT_SUFFIX, CheckInInput, LookupInput
from objects.access.masking import Masked
from objects.access.policy import AccessPolicy
from objects.access.type_grants import offered_field, offered_types
from objects.records.lookup_filters import operand_fields
from objects.records.trial import FieldState

CURRENCY = "currency"


@dataclass(frozen=True)
class FormPart:
    """A field of the form, or a computed one that it only shows; with its state where conditions decide on it."""

    name: str
    field: BoundField | None
    output: Any = None
    state: FieldState | None = None

    @property
    def is_closed(self) -> bool:
        """Tell whether nothing can be typed, so that nothing is sent."""
        return self.state is not None and (self.state.is_read_only or not self.state.is_visible)


@dataclass(frozen=True)
class FormSection:
    """The fields of one section."""

    label: str
    columns: int
    parts: tuple[FormPart, ...]


class RecordForm(forms.Form):
    """One form class for every object: the fields are the instance's own, so no class is made per request.

    `values` are the record's values (or a new record's defaults); `data` is what was posted, if anything.
    """

    def __init__(
        self,
        obj: CompiledObject,
        fields: Iterable[CompiledField],
        ctx: DisplayContext,
        *,
        values: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> None:
        super().__init__(data, renderer=renderer, auto_id="id_%s")
        self.obj = obj
        self.warned: Any = None  # what the form shows of duplicates that stood against saving
        self.states: Mapping[str, FieldState] = {}  # of the fields on which conditions decide
        self.outputs: Mapping[str, Any] = {}  # computed fields, which are only shown
        self.record_type: str | None = None  # what the record is, or is going to be where the form does not ask
        self.language = ctx.language
        self.values = values
        for field in fields:
            self.fields[field.name] = form_field(field, ctx.language)
            self._narrow(field)
            self.initial[field.name] = field.type.form_initial(field.spec, values.get(field.name), ctx)

    def _narrow(self, field: CompiledField) -> None:
        """Let the box of a lookup with a filter ask for what fits, sending the values on which that depends."""
        widget = self.fields[field.name].widget
        is_tree = isinstance(field.type, HierarchyType)
        if not (target_filter(field.spec) or is_tree) or not isinstance(widget, console_forms.LookupInput):
            return
        # What the form's reader does not see is not sent along.
        seen = {name for name, value in self.values.items() if not isinstance(value, Masked)} | self.fields.keys()
        names = tuple(name for name in operand_fields(field.spec) if name in seen)
        own = {name: self.obj.field(name) for name in names}
        known = {name: item.type.to_api(item.spec, self.values.get(name)) for name, item in own.items()}
        given = {name: value for name, value in known.items() if isinstance(value, str)}
        if is_tree and self.values.get("id"):
            given["record"] = str(self.values["id"])
        widget.url += f"?{urlencode({'for': f'{self.obj.name}.{field.name}', **given})}"
        widget.sent_fields = names

    def sections(self, layout: Layout, language: str) -> Iterator[FormSection]:
        """Yield the layout's sections with the fields that this form has."""
        for section, names in zip(layout.sections, with_currency(self.obj, layout), strict=True):
            parts = tuple(self._part(name) for name in names if name in self.fields or name in self.outputs)
            if parts:
                yield FormSection(section.label.text(language), section.columns, parts)

    def _part(self, name: str) -> FormPart:
        bound = self[name] if name in self.fields else None
        return FormPart(name, bound, self.outputs.get(name), self.states.get(name))

    def dependencies(self) -> Iterator[dict[str, str]]:
        """Yield what narrows the choices of each field of the form that depends on another."""
        for spec in dependent_fields(self.obj.spec):
            if spec.api_name in self.fields:
                controlling = controlling_name(spec)
                yield {
                    "field": spec.api_name,
                    "controlling": controlling,
                    "value": controlling_key(self.values.get(controlling)),
                    "allowed": json.dumps(thaw(spec.settings.get(ALLOWED) or {}), ensure_ascii=False),
                }

        yield from self._by_record_type()

    def _by_record_type(self) -> Iterator[dict[str, str]]:
        """Yield what the record's type leaves of the choices of each field that some type narrows."""
        types = self.obj.spec.record_types
        for name in dict.fromkeys(name for item in types for name in item.choices):
            known = self.obj.spec.field_map[name].choice_set if name in self.obj.spec.field_map else None
            if name in self.fields and known is not None:
                everything = list(known.by_value)
                allowed = {item.api_name: list(item.choices.get(name, everything)) for item in types}
                yield {
                    "field": name,
                    "controlling": RECORD_TYPE,
                    "value": self.record_type or "",
                    "allowed": json.dumps({"": everything, **allowed}, ensure_ascii=False),
                }

    def submitted(self) -> dict[str, Any]:
        """Return the cleaned values of the inputs that were sent; one that was not sent says nothing."""
        return {
            name: value for name, value in self.cleaned_data.items() if name in self.fields and self._was_sent(name)
        }

    def _was_sent(self, name: str) -> bool:
        return not self.fields[name].widget.value_omitted_from_data(self.data, self.files, self.add_prefix(name))

    def show_errors(self, failure: ValidationFailed) -> None:
        """Put each error at its field; those of fields that are not on the form go to the top."""
        known = set(self.errors)
        for error in failure.errors:
            if error.field in known:
                continue  # the form has said already what is wrong there
            self.add_error(*self.place_of(error))

    def place_of(self, error: FieldError) -> tuple[str | None, str]:
        """Return where an error is shown, None for the top, and its text, which says there which field it means."""
        if error.field in self.fields:
            return error.field, error.text
        spec = self.obj.spec.field_map.get(error.field or "")
        return None, error.text if spec is None else f"{spec.label.text(self.language)}: {error.text}"


def form_field(field: CompiledField, language: str) -> forms.Field:
    """Return the form field of a record field with its label, help and mark of being required."""
    made = field.type.form_field(field.spec, language)
    made.label = field.spec.label.text(language)
    made.help_text = field.spec.help_text.text(language)
    made.required = field.type.is_mandatory(field.spec)
    return made


def form_fields(
    actor: Actor, obj: CompiledObject, layout: Layout, editable: Iterable[CompiledField]
) -> tuple[CompiledField, ...]:
    """Return the fields that go on a form: those of the layout which the caller may write, in its order."""
    allowed = {field.name: field for field in editable}
    if len(currencies_in_use(actor)) < 2:
        allowed.pop(CURRENCY, None)
    if RECORD_TYPE in allowed:
        policy = AccessPolicy.of(actor)
        allowed[RECORD_TYPE] = offered_field(policy, obj)
        if len(offered_types(policy, obj.spec).types) < 2:
            del allowed[RECORD_TYPE]
    placed = dict.fromkeys(name for names in with_currency(obj, layout) for name in names)
    return tuple(allowed[name] for name in placed if name in allowed)


def with_currency(obj: CompiledObject, layout: Layout) -> Iterator[tuple[str, ...]]:
    """Yield the names of each section's fields, the record's currency before the first amount that is in it."""
    placed = [name for section in layout.sections for name in section.fields]
    first = None if CURRENCY in placed else next((name for name in placed if _is_amount(obj.fields.get(name))), None)
    for section in layout.sections:
        yield tuple(shown for name in section.fields for shown in ([CURRENCY, name] if name == first else [name]))


def _is_amount(field: CompiledField | None) -> bool:
    """Tell whether a field is an amount in the record's currency."""
    return field is not None and isinstance(field.type, CurrencyType) and field.type.follows_record(field.spec)


def posted_form(widget: forms.Widget, name: str, value: Any) -> dict[str, list[str]]:
    """Return what a browser would send for a widget that starts with `value` and is left alone."""
    if isinstance(widget, LookupInput):
        return _posted_lookup(name, value)
    if isinstance(widget, LinksInput | LabelledInput | RegionInput | CheckInInput):
        return widget.posted(name, value)
    if isinstance(widget, forms.CheckboxInput):
        return {name: ["on"] if value else []}
    if isinstance(widget, forms.MultiWidget):
        return _posted_parts(widget, name, value)
    shown = widget.format_value(value) if hasattr(widget, "format_value") else value
    items = shown if isinstance(shown, list | tuple) else [shown]
    return {name: [str(item) for item in items if item not in (None, "")]}


def _posted_parts(widget: forms.MultiWidget, name: str, value: Any) -> dict[str, list[str]]:
    parts: Iterable[Any] = value if isinstance(value, list) else widget.decompress(value) or []
    endings: list[str] = widget.widgets_names  # type: ignore[attr-defined]  # the stubs do not know it
    named = zip(endings, widget.widgets, parts, strict=True)
    return {key: items for end, inner, part in named for key, items in posted_form(inner, name + end, part).items()}


def _posted_lookup(name: str, value: Any) -> dict[str, list[str]]:
    chosen = as_choice(value) if value not in (None, "") else None
    parts = {"": chosen.id, TEXT_SUFFIX: chosen.name, OBJECT_SUFFIX: chosen.object} if chosen else {}
    return {name + suffix: [parts[suffix]] if parts.get(suffix) else [] for suffix in ("", TEXT_SUFFIX, OBJECT_SUFFIX)}
