"""What callers hand to `metadata.services`: plain descriptions of objects, fields and choices."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

LabelInput = str | Mapping[str, str]  # one text, or texts by locale


@dataclass(frozen=True)
class ChoiceInput:
    value: str
    label: LabelInput
    color: str = ""
    is_active: bool = True
    is_default: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class ChoiceSetInput:
    api_name: str
    label: LabelInput
    choices: Sequence[ChoiceInput] = ()
    is_custom: bool = True
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class FieldInput:
    """A new field. `choices` makes a private set, `choice_set` names a shared one."""

    api_name: str
    type: str
    label: LabelInput
    help_text: LabelInput = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    choices: Sequence[ChoiceInput] = ()
    choice_set: str = ""
    default: Any = None
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    is_searchable: bool = False
    track_history: bool = True
    unique_scope: Sequence[str] = ()  # unique among the records that are equal in these fields
    is_case_sensitive: bool = False
    default_formula: str = ""
    required_if: str = ""
    visible_if: str = ""
    readonly_if: str = ""
    sensitivity: str = "normal"  # "normal" | "personal" | "secret"
    is_deprecated: bool = False
    is_custom: bool = True
    backfill: bool = False  # give existing records the default, too
    uuid: uuid.UUID | None = None


@dataclass(frozen=True)
class ObjectInput:
    """A new object. Its name field comes first among `fields`, or is made from `name_label` and `name_type`."""

    api_name: str
    label: LabelInput
    plural_label: LabelInput = ""
    description: LabelInput = ""
    icon: str = "box"
    color: str = "blue"
    fields: Sequence[FieldInput] = ()
    name_field: str = "name"
    name_label: LabelInput = field(default_factory=lambda: {"en": "Name", "zh-hans": "名称"})
    name_type: str = "text"  # "text" | "auto_number"
    name_settings: Mapping[str, Any] = field(default_factory=dict)
    is_custom: bool = True
    is_activity: bool = False
    has_pools: bool = False
    in_navigation: bool = True
    is_searchable: bool = True
    open_to_profiles: bool = False  # whether every profile may work with its records from the start
    uuid: uuid.UUID | None = None
