"""What a change of type would do: how many values fit, which do not, and why; nothing is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import connection
from django.utils import timezone

from crm_platform.jobs.services import JobContext, JobFailed
from crm_platform.kit.context import Actor
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import CleanContext, DisplayContext, InvalidValue
from metadata.hooks import visible_records
from metadata.inputs import ChoiceInput
from metadata.retyping.conversion import convert, is_empty, organization_display, text_of
from metadata.retyping.requests import new_spec
from metadata.retyping.rows import Row, next_rows

EXAMPLES = 50
SMALL = 10_000  # records up to which a preview is made while the admin waits
BATCH = 2_000
SHOWN_TEXT = 200


@dataclass
class Preview:
    """Counts over all records, and the first of those that fail: id, title, text, reason."""

    total: int = 0
    empty: int = 0
    convertible: int = 0  # lossy ones included
    lossy: int = 0
    failing: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def seen_by(self, actor: Actor, object_name: str) -> Preview:
        """Return the preview with examples only of records that the actor may see."""
        ids = [uuid.UUID(item["id"]) for item in self.examples]
        seen = {str(item) for see in visible_records for item in see(actor, object_name, ids)}
        return Preview(**{**asdict(self), "examples": [item for item in self.examples if item["id"] in seen]})


class Converter:
    """Converts the values of one field for another, with the contexts of each record's currency kept."""

    def __init__(self, actor: Actor, old: FieldSpec, new: FieldSpec) -> None:
        self.actor, self.old, self.new = actor, old, new
        self._contexts: dict[str, tuple[CleanContext, DisplayContext]] = {}
        self._now = timezone.now()

    def context(self, currency: str) -> tuple[CleanContext, DisplayContext]:
        if currency not in self._contexts:
            clean = clean_context(self.actor, self._now, currency=currency)
            self._contexts[currency] = (clean, organization_display(self.actor, clean))
        return self._contexts[currency]

    def count(self, rows: Iterable[Row], into: Preview) -> dict[uuid.UUID, Any]:
        """Convert rows, count them into a preview, and return the values by record (None: empty or failed)."""
        values: dict[uuid.UUID, Any] = {}
        for row in rows:
            clean, display = self.context(row.currency)
            values[row.id] = None
            into.total += 1
            if is_empty(row.value):
                into.empty += 1
                continue
            try:
                converted = convert(self.old, self.new, row.value, clean, display)
            except InvalidValue as error:
                into.failing += 1
                if len(into.examples) < EXAMPLES:
                    into.examples.append(self._example(row, display, error))
                continue
            values[row.id] = converted.value
            into.convertible += 1
            into.lossy += converted.is_lossy
        return values

    def _example(self, row: Row, display: DisplayContext, error: InvalidValue) -> dict[str, str]:
        text = text_of(self.old, row.value, display)[:SHOWN_TEXT]
        return {"id": str(row.id), "title": row.title, "text": text, "reason": str(error.message)}


def is_small(obj: CompiledObject) -> bool:
    """Tell whether a preview of the whole table is quick."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM (SELECT 1 FROM {quote(obj.table)} LIMIT {SMALL + 1}) t")  # noqa: S608
        return bool(cursor.fetchone()[0] <= SMALL)


def preview_all(actor: Actor, obj: CompiledObject, field_: CompiledField, new: FieldSpec) -> Preview:
    """Return the preview over all records, made at once."""
    preview, converter, after = Preview(), Converter(actor, field_.spec, new), None
    while rows := next_rows(obj, field_, after, BATCH):
        converter.count(rows, preview)
        after = str(rows[-1].id)
    return preview


def preview_by_job(job: JobContext) -> dict[str, Any]:
    """Make the preview of a large table in batches; the result is that of `Preview.to_json`."""
    obj = current_snapshot().object(job.args["object"])
    old = obj.fields.get(job.args["field"])
    if old is None:
        raise JobFailed("the field is gone")
    choices = [ChoiceInput(**item) for item in job.args["choices"]]
    new = new_spec(old.spec, job.args["type"], job.args["settings"], choices, job.args["choice_set"])
    state = job.cursor or {"after": None, "preview": Preview().to_json()}
    preview, converter = Preview(**state["preview"]), Converter(job.actor, old.spec, new)
    while rows := next_rows(obj, old, state["after"], BATCH):
        converter.count(rows, preview)
        state = {"after": str(rows[-1].id), "preview": preview.to_json()}
        job.save_cursor(state, done=preview.total)
        job.check_abort()
    return preview.to_json()
