"""Rows of records as HTML, made in Python and joined: a template per cell would cost more than the query."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from layouts.pages.common import ObjectDesk
from metadata.compiler.compiled import CompiledField
from objects.query.pages import DisplayPage, DisplayRow


@dataclass(frozen=True)
class Column:
    """A column of a table: its path, heading and field."""

    path: str
    label: str
    field: CompiledField

    @property
    def is_numeric(self) -> bool:
        return self.field.type.is_numeric


def columns(desk: ObjectDesk, paths: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns for the paths that the caller may read."""
    found = []
    for path in paths:
        field = desk.field(path)
        if field is not None:
            found.append(Column(path, desk.path_label(path), field))
    return tuple(found)


def primary(desk: ObjectDesk, shown: Sequence[Column]) -> str:
    """Return the path of the column that links to the record: the name where it is shown, else the first."""
    name = desk.obj.spec.name_field
    return name if any(column.path == name for column in shown) else shown[0].path


def body_rows(desk: ObjectDesk, page: DisplayPage, shown: Sequence[Column], *, selectable: bool = False) -> SafeString:
    """Return the rows of a table body; every row links to its record, and can be selected where asked for."""
    lead = primary(desk, shown)
    prefix = escape(desk.list_url)
    opening = tuple(_opening(column, column.path == lead) for column in shown)
    pieces: list[str] = []
    for row in page.rows:
        pieces.append("<tr>")
        if selectable:
            pieces.append(_checkbox(desk, row, lead))
        ctx = desk.display(row.values)
        for column, start in zip(shown, opening, strict=True):
            value = row.values[column.path]
            if column.path == lead:
                pieces += (start, f'<a href="{prefix}{row.id}">', _lead_text(column, value, ctx), "</a></td>")
            else:
                pieces += (start, column.field.type.cell(column.field.spec, value, ctx), "</td>")
        pieces.append("</tr>\n")
    return mark_safe("".join(pieces))  # noqa: S308 (types escape their cells, everything else is escaped here)


def cell(desk: ObjectDesk, field: CompiledField, value: Any, values: Any) -> SafeString:
    """Return one value as HTML, "" when it is empty."""
    return field.type.cell(field.spec, value, desk.display(values))


def text(desk: ObjectDesk, field: CompiledField, value: Any, values: Any) -> str:
    """Return one value as text, "" when it is empty."""
    return field.type.to_text(field.spec, value, desk.display(values))


def title(desk: ObjectDesk, values: Any) -> str:
    """Return what a record is called."""
    field = desk.obj.name_field
    return text(desk, field, values.get(field.name), values) or _("(no name)")


def _opening(column: Column, is_lead: bool) -> str:
    classes = " ".join(filter(None, ("primary" if is_lead else "", "num" if column.is_numeric else "")))
    attribute = f' class="{classes}"' if classes else ""
    return f'<td{attribute} data-label="{escape(column.label)}">'


def _lead_text(column: Column, value: Any, ctx: Any) -> str:
    return escape(column.field.type.to_text(column.field.spec, value, ctx) or _("(no name)"))


def _checkbox(desk: ObjectDesk, row: DisplayRow, lead: str) -> str:
    name = escape(_("Select %(name)s") % {"name": row.values[lead]})
    return (
        '<td class="select"><input type="checkbox" class="form-check-input" name="ids" form="bulk-form"'
        f' data-select-row value="{row.id}" aria-label="{name}"></td>'
    )
