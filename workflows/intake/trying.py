"""Trying out a mapping: what record would come out of a document. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from crm_platform.kit.errors import FieldError
from workflows.intake import making
from workflows.intake.mapping import mapped
from workflows.intake.models import Arrival, HookDelivery, InboundHook, IntakeSource


@dataclass(frozen=True, slots=True)
class Trial:
    """What would become of a document: a state and reason as of arrivals, the values, and what is wrong with them."""

    state: str
    reason: str
    values: Mapping[str, Any]
    errors: Sequence[FieldError]
    object: str = ""  # of the record that would be made or found

    def error(self, name: str) -> str:
        return " ".join(error.text for error in self.errors if error.field == name)


def try_out(hook: InboundHook, document: Any) -> Trial:
    """Take a document all the way, as if it had been posted, and roll all of it back."""
    values = mapped(hook, document)
    row: Arrival = HookDelivery(hook=hook, once="", values=values)
    with transaction.atomic():
        errors = making.make(row, values)
        transaction.set_rollback(True)
    return Trial(row.state, row.reason, values, errors, row.record_object)


def lines(source: IntakeSource, trial: Trial) -> list[dict[str, str]]:
    """Return the fields that would be filled, and those at which something is wrong, for people."""
    labels = making.field_labels(source)
    wrong = [str(error.field) for error in trial.errors if error.field]
    names = dict.fromkeys([*trial.values, *wrong])
    return [
        {
            "name": name,
            "label": labels.get(name, name),
            "value": making.plain(trial.values.get(name, "")),
            "error": trial.error(name),
        }
        for name in names
    ]
