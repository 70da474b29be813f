"""Formulas of an object: where they are, what uses them, and a place to try one on a record. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.console.access import function_required
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage, usages
from metadata.expressions import Traced
from metadata.field_types import field_types, widgets
from metadata.field_types.computed import ComputedType
from metadata.field_types.formula import FormulaType
from metadata.publishing import CUSTOMIZE
from metadata.views.object_tabs import object_tabs
from objects.records.explaining import sql_of
from objects.records.trial import Trial, try_expression

AROUND = 24  # characters shown on both sides of a sub-expression


class TryForm(forms.Form):
    """An expression, and the record on which it is tried."""

    def __init__(self, *args: Any, spec: ObjectSpec, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["record"] = forms.Field(
            label=spec.label.text(language),
            required=False,
            help_text=_("Left empty, the expression is only checked."),
            widget=widgets.LookupInput([(spec.api_name, lambda: spec.label.text(language))]),
        )
        self.fields["expression"] = forms.CharField(
            label=_("Expression"),
            max_length=10_000,
            strip=False,
            widget=widgets.ExpressionInput(attrs={"data-object": spec.api_name, "rows": 5}),
        )
        self.fields["blank_as_zero"] = forms.BooleanField(
            label=_("Empty numbers count as zero"), required=False, initial=True
        )

    def clean_record(self) -> Any:
        chosen = self.cleaned_data["record"]
        found = parse_uuid(chosen.id) if chosen else None
        if chosen and found is None:
            raise forms.ValidationError(gettext_lazy("Choose a record from the list."))
        return found


@dataclass(frozen=True)
class ShownStep:
    """A sub-expression within its surroundings, and what it gives."""

    before: str
    text: str
    after: str
    type: Any
    value: str


@dataclass(frozen=True)
class ShownFormula:
    """A computed field with what it is made of and what uses it."""

    field: FieldSpec
    label: str
    type: Any
    text: str
    usages: list[Usage]


@function_required(CUSTOMIZE)
def formulas(request: ActorRequest, object_name: str) -> HttpResponse:
    """Show the object's computed fields, and what an expression gives."""
    obj = current_snapshot().object(object_name)
    language, spec = request.actor.language, obj.spec
    form = TryForm(request.POST or None, spec=spec, language=language)
    context: dict[str, Any] = {
        "spec": spec,
        "label": spec.label.text(language),
        "tabs": object_tabs(object_name, "formulas"),
        "form": form,
        "formulas": list(_computed(spec, language)),
    }
    if request.method == "POST" and form.is_valid():
        context.update(_tried(request.actor, obj, form))
    return render(request, "layouts/formulas/page.html", context, status=422 if form.errors else 200)


def _tried(actor: Actor, obj: CompiledObject, form: TryForm) -> dict[str, Any]:
    given = form.cleaned_data
    blank_as_zero = bool(given["blank_as_zero"])
    try:
        trial = try_expression(
            actor, obj.name, given["expression"], blank_as_zero=blank_as_zero, record_id=given["record"]
        )
    except NotFound:
        form.add_error("record", _("There is no such record."))
        return {}
    if trial.error is not None or trial.expression is None:
        line, column = trial.error.line_and_column(trial.text) if trial.error else (1, 1)
        where = _("Line %(line)d, column %(column)d") % {"line": line, "column": column}
        form.add_error("expression", f"{where}: {trial.error.message if trial.error else ''}")
        return {}
    return {
        "trial": trial,
        "found": trial.expression,
        "is_on_record": given["record"] is not None,
        "value": shown_value(trial.value, actor),
        "steps": [_step(trial, item, actor) for item in trial.steps],
        "paths": sorted(trial.expression.paths),
        "sql": sql_of(actor, obj, trial.expression),
        "not_compilable": sorted(trial.expression.not_compilable),
    }


def _step(trial: Trial, item: Traced, actor: Actor) -> ShownStep:
    before, after = trial.text[: item.start], trial.text[item.end :]
    return ShownStep(
        before=("…" if len(before) > AROUND else "") + before[-AROUND:],
        text=trial.text[item.start : item.end],
        after=after[:AROUND] + ("…" if len(after) > AROUND else ""),
        type=item.type.label,
        value=shown_value(item.value, actor),
    )


def shown_value(value: Any, actor: Actor) -> str:
    """Return a value of the language as people read it, "" for blank."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("true") if value else _("false")
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    if isinstance(value, datetime):
        return date_format(value.astimezone(actor.zone), "Y-m-d H:i:s")
    if isinstance(value, tuple):
        return ", ".join(shown_value(item, actor) for item in value)
    if isinstance(value, time | timedelta):
        return str(value)
    return str(getattr(value, "name", None) or value)


def _computed(spec: ObjectSpec, language: str) -> Iterator[ShownFormula]:
    for field in spec.business_fields:
        definition = field_types.get(field.type)
        if isinstance(definition, ComputedType):
            text = definition.expression(field) if isinstance(definition, FormulaType) else _summary(field)
            yield ShownFormula(field, field.label.text(language), definition.label, text, usages(spec, field))


def _summary(field: FieldSpec) -> str:
    """Return what a roll-up summarises, written like a call."""
    told = [field.settings.get(name) for name in ("object", "lookup", "field", "filter")]
    return f"{str(field.settings.get('operation', '')).upper()}({', '.join(str(item) for item in told if item)})"
