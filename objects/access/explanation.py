"""What an explanation of access consists of: layers in the order in which they are asked, and what each said."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _


class Outcome(StrEnum):
    """What one layer says. `silent`: it was asked and neither opens nor closes anything here."""

    ALLOWS = "allows"
    DENIES = "denies"
    SILENT = "silent"
    NOT_ASKED = "not_asked"


class Layer(StrEnum):
    ACCOUNT = "account"
    FUNCTIONS = "functions"
    OBJECT = "object"
    RECORD = "record"
    ALL_OF_OBJECT = "all_of_object"
    DEFAULT = "default"
    MASTER = "master"
    ROLE = "role"
    OWNER = "owner"
    STAND_IN = "stand_in"
    SHARING_RULE = "sharing_rule"
    SHARE = "share"
    PARENT = "parent"
    REACH = "reach"
    SEEN = "seen"
    RESTRICTION = "restriction"
    FIELD = "field"


LAYERS = {
    Layer.ACCOUNT: _("Account"),
    Layer.FUNCTIONS: _("All data"),
    Layer.OBJECT: _("Right on the object"),
    Layer.RECORD: _("Record"),
    Layer.ALL_OF_OBJECT: _("All records of the object"),
    Layer.DEFAULT: _("Organisation-wide default"),
    Layer.MASTER: _("Master record"),
    Layer.ROLE: _("Role"),
    Layer.OWNER: _("Owner"),
    Layer.STAND_IN: _("Standing in"),
    Layer.SHARING_RULE: _("Sharing rule"),
    Layer.SHARE: _("Team and shares"),
    Layer.PARENT: _("Owner of a related record"),
    Layer.REACH: _("Reach"),
    Layer.SEEN: _("Reading first"),
    Layer.RESTRICTION: _("Restriction rule"),
    Layer.FIELD: _("Field"),
}
ACTION_LABELS = {
    "read": _("Read"),
    "create": _("Create"),
    "edit": _("Edit"),
    "delete": _("Delete"),
    "import": _("Import"),
    "export": _("Export"),
    "mass_update": _("Mass update"),
    "merge": _("Merge"),
    "convert": _("Convert"),
    "transfer": _("Transfer"),
    "share": _("Share"),
    "restore": _("Restore"),
}
# Layers that may open a record to somebody: the first of them that does decides.
OPENING = (
    Layer.FUNCTIONS,
    Layer.ALL_OF_OBJECT,
    Layer.DEFAULT,
    Layer.MASTER,
    Layer.OWNER,
    Layer.ROLE,
    Layer.STAND_IN,
    Layer.SHARE,
    Layer.SHARING_RULE,
    Layer.PARENT,
)


@dataclass(frozen=True)
class Cause:
    """What a step names, so that it can be linked to: a role, a rule, a profile …"""

    kind: str
    id: str
    name: str

    def to_api(self) -> dict[str, str]:
        return {"kind": self.kind, "id": self.id, "name": self.name}


@dataclass(frozen=True)
class Step:
    """What one layer says, in words; `steps` are those of the master record that it went by."""

    layer: Layer
    outcome: Outcome
    text: str
    cause: Cause | None = None
    steps: tuple[Step, ...] = ()

    @property
    def label(self) -> str:
        return str(LAYERS[self.layer])

    def to_api(self) -> dict[str, Any]:
        made: dict[str, Any] = {"layer": self.layer.value, "outcome": self.outcome.value, "text": self.text}
        if self.cause:
            made["cause"] = self.cause.to_api()
        if self.steps:
            made["steps"] = [step.to_api() for step in self.steps]
        return made


@dataclass(frozen=True)
class Explanation:
    """Whether a user may do something, and every layer that had a say in it."""

    user_id: uuid.UUID
    user_name: str
    object_name: str
    record_id: uuid.UUID | None
    action: str
    field: str | None
    is_allowed: bool
    steps: tuple[Step, ...]

    @property
    def decided_by(self) -> Step:
        """The step that decided: the first that denies, else the strongest of those that open, else the right."""
        return deciding(self.steps, is_allowed=self.is_allowed)

    def to_api(self) -> dict[str, Any]:
        return {
            "user": {"id": self.user_id, "name": self.user_name},
            "object": self.object_name,
            "record": self.record_id,
            "action": self.action,
            "field": self.field,
            "allowed": self.is_allowed,
            "decided_by": self.decided_by.to_api(),
            "steps": [step.to_api() for step in self.steps],
        }


def deciding(steps: tuple[Step, ...], *, is_allowed: bool) -> Step:
    """Return the step that decided about the verdict."""
    if not is_allowed:
        return next((step for step in steps if step.outcome == Outcome.DENIES), steps[-1])
    return next(opening(steps), next(step for step in reversed(steps) if step.outcome == Outcome.ALLOWS))


def opening(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Yield the steps that open the record, the strongest first."""
    for layer in OPENING:
        yield from (step for step in steps if step.layer == layer and step.outcome == Outcome.ALLOWS)


def action_label(action: str) -> str:
    """Return what an action is called."""
    return str(ACTION_LABELS[action])
