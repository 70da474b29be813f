"""What callers hand to the services of record types, and of validation, matching and duplicate rules."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metadata.inputs import LabelInput


@dataclass(frozen=True)
class RecordTypeInput:
    """A new record type. `choices`: for picklists that it narrows, the values that it allows."""

    api_name: str
    label: LabelInput
    description: LabelInput = ""
    color: str = ""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    is_active: bool = True
    is_default: bool = False
    is_custom: bool = True
    position: int = 0
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class ValidationRuleInput:
    """A new validation rule: `condition` is true when a record is wrong; `location` names a field or is empty."""

    api_name: str
    label: LabelInput
    condition: str
    message: LabelInput
    location: str = ""
    severity: str = "error"  # "error" | "warning"
    events: Sequence[str] = ("create", "edit")
    can_be_bypassed: bool = False
    record_types: Sequence[str] = ()  # of which the records are judged; none: of any
    is_active: bool = True
    is_custom: bool = True
    position: int = 0
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class MatchingRuleInput:
    """A new matching rule. A matcher is `{"method", "fields", "target_fields", "threshold", "blank"}`;

    the last three may be left out: the same fields, the method's usual threshold, "no_match".
    """

    api_name: str
    label: LabelInput
    target: str
    matchers: Sequence[Mapping[str, Any]]
    is_active: bool = True
    is_custom: bool = True
    position: int = 0
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class DuplicateRuleInput:
    """A new duplicate rule; events that `actions` leaves out are off."""

    api_name: str
    label: LabelInput
    matching_rules: Sequence[str]
    actions: Mapping[str, str]
    scope: str = "all"
    period_days: int = 0
    include_trashed: bool = False
    include_converted: bool = True
    condition: str = ""
    override: str = ""
    message: LabelInput = ""
    shown_fields: Sequence[str] = field(default=())
    is_active: bool = True
    is_custom: bool = True
    position: int = 0
    uuid: uuid.UUID | None = None
