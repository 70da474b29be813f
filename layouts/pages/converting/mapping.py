"""Where the fields of leads go: one line for each, one choice for each kind of record that a lead becomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm_platform.console.access import function_required
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata.compiler.compiled import CompiledField
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.publishing import CUSTOMIZE
from metadata.views.object_tabs import object_tabs
from objects.conversion.mapping import LEAD, mapping, sources, takers, targets
from objects.conversion.models import Existing
from objects.conversion.settings import Choice, choices, set_choices

AUTOMATIC, NOWHERE = "", "-"
EXISTING = "existing"


@dataclass(frozen=True)
class Cell:
    """The choice for one field and one target: (value, label) options, which is chosen, what is wrong with it.

    `existing` is the choice of what records do that are there already; it counts where a field is chosen.
    """

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str
    existing: str
    error: str = ""

    @property
    def names_field(self) -> bool:
        return self.chosen not in (AUTOMATIC, NOWHERE)


@dataclass(frozen=True)
class Line:
    """One field of leads."""

    label: str
    api_name: str
    icon: str
    cells: tuple[Cell, ...]


@function_required(CUSTOMIZE)
def conversion_mapping(request: ActorRequest, object_name: str) -> HttpResponse:
    """Show where the fields of leads go, and save what is chosen in place of equal names."""
    if object_name != LEAD:
        raise NotFound
    snapshot = current_snapshot()
    spec = snapshot.object(LEAD).spec
    known = {f"{item.source}.{item.target}": item for item in choices()}
    said = {name: item.field or NOWHERE for name, item in known.items()}
    existing = {name: item.existing for name, item in known.items()}
    errors: dict[str, str] = {}
    if request.method == "POST":
        said, existing = _sent(request.POST)
        try:
            set_choices(request.actor, list(_choices(said, existing)))
        except ValidationFailed as failed:
            errors = {error.field or "": error.text for error in failed.errors}
        else:
            messages.success(request, _("Saved."))
            return redirect("conversion-mapping", LEAD)
    language = request.actor.language
    context = {
        "spec": spec,
        "label": spec.label.text(language),
        "tabs": object_tabs(LEAD, "conversion"),
        "targets": [snapshot.object(name).spec.label.text(language) for name in targets(snapshot)],
        "lines": list(_lines(snapshot, said, existing, errors, language)),
        "ways": Existing.choices,
        "errors": errors,
    }
    return render(request, "layouts/converting/mapping.html", context, status=422 if errors else 200)


def _sent(data: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Return what a form says by field and target: where values go, and what records do that are there already."""
    start = f"{EXISTING}:"
    said = {key: str(data[key]) for key in data if "." in key and not key.startswith(start)}
    existing = {key.removeprefix(start): str(data[key]) for key in data if key.startswith(start)}
    return {key: value for key, value in said.items() if value != AUTOMATIC}, existing


def _choices(said: Mapping[str, str], existing: Mapping[str, str]) -> Iterator[Choice]:
    for name, value in said.items():
        source, _dot, target = name.rpartition(".")
        if value == NOWHERE:
            yield Choice(source, target, None)
        else:
            yield Choice(source, target, value, existing.get(name) or Existing.FILL)


def _lines(
    snapshot: SchemaSnapshot,
    said: Mapping[str, str],
    existing: Mapping[str, str],
    errors: Mapping[str, str],
    language: str,
) -> Iterator[Line]:
    usual = _by_itself(snapshot, language)
    for source in sources(snapshot):
        cells = tuple(
            replace(
                _cell(snapshot, source, name, said, errors, usual, language),
                existing=existing.get(f"{source.name}.{name}") or Existing.FILL.value,
            )
            for name in targets(snapshot)
        )
        yield Line(source.spec.label.text(language), source.name, source.type.icon, cells)


def _by_itself(snapshot: SchemaSnapshot, language: str) -> Mapping[tuple[str, str], str]:
    """Return the label of where a field goes by itself, as things stand."""
    return {
        (pair.source.name, target): pair.target.spec.label.text(language)
        for target, pairs in mapping(snapshot).items()
        for pair in pairs
        if not pair.is_chosen
    }


def _cell(
    snapshot: SchemaSnapshot,
    source: CompiledField,
    target: str,
    said: Mapping[str, str],
    errors: Mapping[str, str],
    usual: Mapping[tuple[str, str], str],
    language: str,
) -> Cell:
    name, obj = f"{source.name}.{target}", snapshot.object(target)
    found = usual.get((source.name, target))
    by_itself = _("Automatic: %(field)s") % {"field": found} if found else _("Automatic: nowhere")
    options: list[tuple[str, Any]] = [(AUTOMATIC, by_itself), (NOWHERE, _("Nowhere"))]
    options += [(item.name, item.spec.label.text(language)) for item in takers(obj, source)]
    label = f"{source.spec.label.text(language)} → {obj.spec.label.text(language)}"
    error = errors.get(name) or errors.get(f"{name}.existing", "")
    return Cell(name, label, tuple(options), said.get(name, AUTOMATIC), Existing.FILL, error)
