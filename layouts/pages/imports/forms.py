"""The forms of the import wizard: the file, what its columns mean, and what is done with its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.field_types import widgets
from objects.exchange import csv_files
from objects.exchange.fields import ID, ImportField, import_fields, unique_fields
from objects.exchange.models import Import
from objects.exchange.places import places_of
from objects.exchange.plan import BLANKS, CREATE, IGNORE, MODES, ON_DUPLICATE, Plan, Target, stored_plan
from objects.exchange.sources import XLSX, Head

ENCODINGS = {
    "": gettext_lazy("Find out"),
    csv_files.UTF8: "UTF-8",
    csv_files.GB18030: "GB18030 / GBK",
    csv_files.UTF16: "UTF-16",
}
SAMPLES = 3
BY = "|"  # between a field and the one by which what it points at is found


class UploadForm(forms.Form):
    """Asks for the file."""

    file = forms.FileField(
        allow_empty_file=True, widget=forms.FileInput(attrs={"class": "form-control", "accept": ".csv,.txt,.tsv,.xlsx"})
    )

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        self.fields["file"].label = _("File")
        self.fields["file"].help_text = _("CSV or Excel (.xlsx). The first row names the columns.")


class ReadingForm(forms.Form):
    """Asks how the file is to be read, where it was not found out right."""

    def __init__(self, data: Any, row: Import, head: Head) -> None:
        initial = {name: row.format.get(name, "") for name in ("encoding", "delimiter", "sheet")}
        super().__init__(data, initial=initial)
        if head.format.kind == XLSX:
            self._add("sheet", _("Sheet"), [(name, name) for name in head.sheets])
            return
        shown = {"\t": _("Tab"), "，": _("Chinese comma ，")}
        self._add("encoding", _("Encoding"), [(name, str(text)) for name, text in ENCODINGS.items()])
        delimiters = [(sign, shown.get(sign, sign)) for sign in csv_files.DELIMITERS]
        self._add("delimiter", _("Delimiter"), [("", _("Find out")), *delimiters])

    def _add(self, name: str, label: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name] = forms.ChoiceField(label=label, choices=choices, required=False, widget=widgets.Select)

    def wish(self) -> dict[str, str]:
        """Return what was chosen, of a valid form."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}


@dataclass(frozen=True)
class Line:
    """One column of the file beside the field that it becomes."""

    header: str
    samples: list[str]
    field: BoundField


class ColumnsForm(forms.Form):
    """Asks for the field of every column, and for what is done with the rows."""

    def __init__(self, data: Any, actor: Actor, obj: CompiledObject, row: Import, head: Head) -> None:
        self.row, self.head = row, head
        plan = stored_plan(row.plan)
        super().__init__(data, initial=_initial(plan, len(row.header)))
        known = import_fields(actor, obj)
        choices = _column_choices(known, actor.language)
        for index, header in enumerate(row.header):
            label = _("Field for %(name)s") % {"name": header or _("Column %(number)d") % {"number": index + 1}}
            self._add(f"column_{index}", label, choices)
        self._add("mode", _("What to do"), list(MODES.items()), required=True)
        keys = [(item.name, item.spec.label.text(actor.language)) for item in unique_fields(actor, obj)]
        id_label = obj.fields[ID].spec.label.text(actor.language)
        self._add("key", _("Find existing records by"), [("", "—"), (ID, id_label), *keys], when="mode=!create")
        self._add("duplicates", _("Where a record is there already"), list(ON_DUPLICATE.items()), required=True)
        self._add("blanks", _("Blank cells"), list(BLANKS.items()), when="mode=!create")
        places = places_of(actor, obj)
        if places:
            choices = [("", _("No: they get an owner")), *((str(place), label) for place, label in places)]
            self._add("pool_id", _("Put new records into a pool"), choices, when="mode=!update")

    def _add(self, name: str, label: str, choices: Any, *, required: bool = False, when: str = "") -> None:
        field = forms.ChoiceField(label=label, choices=choices, required=required, widget=widgets.Select)
        if when:
            field.widget.attrs["data-show-when"] = when
        self.fields[name] = field

    @property
    def lines(self) -> Iterator[Line]:
        """Return the columns with their first values."""
        for index, header in enumerate(self.row.header):
            samples = [
                cells[index] for _number, cells in self.head.rows[:SAMPLES] if index < len(cells) and cells[index]
            ]
            yield Line(header, samples, self[f"column_{index}"])

    @property
    def options(self) -> list[BoundField]:
        return [self[name] for name in self.fields if not name.startswith("column_")]

    def plan_json(self) -> dict[str, Any]:
        """Return the plan of a valid form."""
        chosen = self.cleaned_data
        columns = [_split(chosen[f"column_{index}"]) for index in range(len(self.row.header))]
        mode = chosen["mode"]
        return {
            "columns": columns,
            "mode": mode,
            "key": chosen.get("key", "") if mode != CREATE else "",
            "duplicates": chosen["duplicates"],
            "blanks": chosen.get("blanks") or IGNORE,
            "pool_id": chosen.get("pool_id") or None,
        }

    def show(self, failed: ValidationFailed) -> None:
        """Put what the service refused beside the inputs that it is about."""
        for error in failed.errors:
            place = (error.field or "").replace("columns.", "column_")
            self.add_error(place if place in self.fields else None, error.text)


def _initial(plan: Plan, width: int) -> dict[str, Any]:
    columns = [*plan.columns, *[None] * width][:width]
    return {**plan.options(), **{f"column_{index}": _joined(target) for index, target in enumerate(columns)}}


def _joined(target: Target | None) -> str:
    if target is None:
        return ""
    return f"{target.field}{BY}{target.match}" if target.match else target.field


def _split(value: str) -> dict[str, str] | None:
    name, _by, match = value.partition(BY)
    return {"field": name, "match": match} if name else None


def _column_choices(fields: list[ImportField], language: str) -> list[tuple[str, str]]:
    """Return the fields, those that point at something also once for each way to find it."""
    found = [("", _("Leave out"))]
    for item in fields:
        label = item.label(language) + ("*" if item.is_required else "")
        found.append((item.name, label))
        if len(item.match_names) > 1:
            names = {name: _match_label(item, name, language) for name in item.match_names}
            found += [(f"{item.name}{BY}{name}", f"{label} · {text}") for name, text in names.items()]
    return found


def _match_label(item: ImportField, name: str, language: str) -> str:
    people = {"username": _("user name"), "name": _("name"), "email": _("e-mail")}
    for target in item.compiled.type.targets(item.compiled.spec):
        if target not in ("user", "department"):
            obj = item.obj.target(target)
            if name in obj.fields:
                return obj.fields[name].spec.label.text(language)
    return str(people.get(name, name))
