"""Rows of records as HTML, made in Python and joined: a template per cell would cost more than the query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape  # Django's own is wrapped for lazy texts, which costs more than the escaping
from typing import Any
from uuid import UUID

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from metadata.compiler.compiled import CompiledField
from metadata.field_types.values import DisplayContext
from objects.display.desk import RecordDesk
from objects.query.pages import DisplayPage, DisplayRow

Painter = Callable[[DisplayRow, Any, DisplayContext], str]


@dataclass(frozen=True)
class Column:
    """A column of a table: its path, heading and field."""

    path: str
    label: str
    field: CompiledField

    @property
    def is_numeric(self) -> bool:
        return self.field.type.is_numeric


def columns(desk: RecordDesk, paths: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns for the paths that the caller may read."""
    found = []
    for path in paths:
        field = desk.field(path)
        if field is not None:
            found.append(Column(path, desk.path_label(path), field))
    return tuple(found)


def primary(desk: RecordDesk, shown: Sequence[Column]) -> str:
    """Return the path of the column that links to the record: the name where it is shown, else the first."""
    name = desk.obj.spec.name_field
    return name if any(column.path == name for column in shown) else shown[0].path


@dataclass(frozen=True)
class FurtherCells:
    """The cells of a column that is no field: its heading, and HTML by record."""

    label: str
    cells: Mapping[UUID, str]


def body_rows(
    desk: RecordDesk,
    page: DisplayPage,
    shown: Sequence[Column],
    *,
    selectable: bool = False,
    further: Sequence[FurtherCells] = (),
) -> SafeString:
    """Return the rows of a table body; every row links to its record, and can be selected where asked for."""
    lead = primary(desk, shown)
    painters = [
        _lead_painter(desk, column) if column.path == lead else _painter(column, _opening(column)) for column in shown
    ]
    select = _("Select %(name)s")
    pieces: list[str] = []
    for row in page.rows:
        pieces.append("<tr>")
        ctx = desk.display(row.values)
        if selectable:
            pieces.append(_checkbox(row, select, _plain(row.values[lead])))
        for column, paint in zip(shown, painters, strict=True):
            pieces.append(paint(row, row.values[column.path], ctx))
        for item in further:
            pieces.append(f'<td data-label="{escape(item.label)}">{item.cells.get(row.id, "")}</td>')
        pieces.append("</tr>\n")
    return mark_safe("".join(pieces))  # noqa: S308 (types escape their cells, everything else is escaped here)


def cell(desk: RecordDesk, field: CompiledField, value: Any, values: Any) -> SafeString:
    """Return one value as HTML, "" when it is empty."""
    return field.type.cell(field.spec, value, desk.display(values))


def text(desk: RecordDesk, field: CompiledField, value: Any, values: Any) -> str:
    """Return one value as text, "" when it is empty."""
    return field.type.to_text(field.spec, value, desk.display(values))


def title(desk: RecordDesk, values: Any) -> str:
    """Return what a record is called."""
    field = desk.field(desk.obj.spec.name_field)
    return (text(desk, field, values.get(field.name), values) if field else "") or _("(no name)")


def _opening(column: Column, name: str = "") -> str:
    classes = " ".join(filter(None, (name, "num" if column.is_numeric else "")))
    attribute = f' class="{classes}"' if classes else ""
    return f'<td{attribute} data-label="{escape(column.label)}">'


def _painter(column: Column, opening: str) -> Painter:
    """Return the function that makes the cells of a column.

    Equal values make equal cells, and many values of a column are equal (owners, choices), so each is made once;
    not so where a cell depends on other values of its record, or where a value can't be a key.
    """
    make, spec = column.field.type.cell, column.field.spec
    made: dict[Any, str] = {}

    def paint(row: DisplayRow, value: Any, ctx: DisplayContext) -> str:
        if value is None or value == "":
            return f"{opening}</td>"
        return f"{opening}{make(spec, value, ctx)}</td>"

    def paint_once(row: DisplayRow, value: Any, ctx: DisplayContext) -> str:
        found = made.get(value)
        if found is None:
            found = made[value] = paint(row, value, ctx)
        return found

    return paint if column.field.type.derives_from or column.field.type.expression_type == "choices" else paint_once


def _lead_painter(desk: RecordDesk, column: Column) -> Painter:
    """Return the function that makes the cells which link to their record."""
    to_text, spec, nameless = column.field.type.to_text, column.field.spec, _("(no name)")
    opening, address = _opening(column, "primary"), escape(desk.list_url)

    def paint(row: DisplayRow, value: Any, ctx: DisplayContext) -> str:
        shown = escape(to_text(spec, value, ctx) or nameless)
        return f'{opening}<a href="{address}{row.id}">{shown}</a></td>'

    return paint


def _checkbox(row: DisplayRow, select: str, name: str) -> str:
    return (
        '<td class="select"><input type="checkbox" class="form-check-input" name="ids" form="bulk-form"'
        f' data-select-row value="{row.id}" aria-label="{escape(select % {"name": name})}"></td>'
    )


def _plain(value: Any) -> str:
    return str(getattr(value, "name", value) or "")
