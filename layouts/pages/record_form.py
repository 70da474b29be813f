"""The form of a record, built for one request from the object's spec and layout."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import BaseRenderer

from crm_platform.console.forms import as_choice
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.frozen import thaw
from layouts.documents import Layout
from metadata.choice_dependencies import dependent_fields
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.currencies import currencies_in_use
from metadata.field_types.address_input import RegionInput
from metadata.field_types.currency import CurrencyType
from metadata.field_types.dependent import ALLOWED, controlling_key, controlling_name
from metadata.field_types.labelled_input import LabelledInput
from metadata.field_types.link_inputs import LinksInput
from metadata.field_types.values import DisplayContext
from metadata.field_types.widgets import OBJECT_SUFFIX, TEXT_SUFFIX, CheckInInput, LookupInput

CURRENCY = "currency"


@dataclass(frozen=True)
class FormSection:
    """The fields of one section, bound to the form."""

    label: str
    columns: int
    fields: tuple[BoundField, ...]


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
        self.language = ctx.language
        self.values = values
        for field in fields:
            self.fields[field.name] = form_field(field, ctx.language)
            self.initial[field.name] = field.type.form_initial(field.spec, values.get(field.name), ctx)

    def sections(self, layout: Layout, language: str) -> Iterator[FormSection]:
        """Yield the layout's sections with the fields that this form has."""
        for section, names in zip(layout.sections, with_currency(self.obj, layout), strict=True):
            bound = tuple(self[name] for name in names if name in self.fields)
            if bound:
                yield FormSection(section.label.text(language), section.columns, bound)

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

    def submitted(self) -> dict[str, Any]:
        """Return the cleaned values of the inputs that were sent; one that was not sent says nothing."""
        return {
            name: value for name, value in self.cleaned_data.items() if name in self.fields and self._was_sent(name)
        }

    def _was_sent(self, name: str) -> bool:
        return not self.fields[name].widget.value_omitted_from_data(self.data, self.files, name)

    def show_errors(self, failure: ValidationFailed) -> None:
        """Put each error at its field; those of fields that are not on the form go to the top."""
        known = set(self.errors)
        for error in failure.errors:
            if error.field in known:
                continue  # the form has said already what is wrong there
            name = error.field if error.field in self.fields else None
            text = error.text
            spec = self.obj.spec.field_map.get(error.field or "")
            if name is None and spec is not None:
                text = f"{spec.label.text(self.language)}: {text}"
            self.add_error(name, text)


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
    parts = value if isinstance(value, list) else widget.decompress(value)
    named = zip(widget.widgets_names, widget.widgets, parts, strict=True)
    return {key: items for end, inner, part in named for key, items in posted_form(inner, name + end, part).items()}


def _posted_lookup(name: str, value: Any) -> dict[str, list[str]]:
    chosen = as_choice(value) if value not in (None, "") else None
    parts = {"": chosen.id, TEXT_SUFFIX: chosen.name, OBJECT_SUFFIX: chosen.object} if chosen else {}
    return {name + suffix: [parts[suffix]] if parts.get(suffix) else [] for suffix in ("", TEXT_SUFFIX, OBJECT_SUFFIX)}
