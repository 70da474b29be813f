"""The description of all shapes of one organisation at one version: frozen, hashable, free of any ORM."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from crm_platform.kit.frozen import FrozenDict, freeze, thaw

FALLBACK_LOCALE = "en"
RECORD_TYPE, TYPE_ID = "record_type", "id"  # the system field, and the property of its choices that is the type's UUID


class Labels(FrozenDict):
    """Texts by locale (`zh-hans`, `en`); the key `""` holds what the admin typed without naming a language."""

    def text(self, locale: str) -> str:
        """Return the text for `locale`, else the untagged one, else English, else any; never fails."""
        for key in (locale, "", FALLBACK_LOCALE):
            if self.get(key):
                return str(self[key])
        return next((str(value) for value in self.values() if value), "")


@dataclass(frozen=True)
class ChoiceSpec:
    value: str
    label: Labels
    color: str = ""
    is_active: bool = True
    is_default: bool = False
    properties: FrozenDict = field(default_factory=FrozenDict)


@dataclass(frozen=True)
class ChoiceSetSpec:
    id: int
    uuid: uuid.UUID
    api_name: str
    label: Labels
    choices: tuple[ChoiceSpec, ...]
    is_shared: bool = True
    is_custom: bool = True

    @cached_property
    def by_value(self) -> Mapping[str, ChoiceSpec]:
        return {choice.value: choice for choice in self.choices}


@dataclass(frozen=True)
class FieldSpec:
    """A field. `id` is stable and positive for business fields, negative for system fields."""

    id: int
    uuid: uuid.UUID | None
    api_name: str
    type: str
    label: Labels
    help_text: Labels = field(default_factory=Labels)
    settings: FrozenDict = field(default_factory=FrozenDict)
    choice_set: ChoiceSetSpec | None = None
    default: Any = None
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    is_searchable: bool = False
    is_custom: bool = True
    track_history: bool = True
    is_read_only: bool = False  # system fields that no form or API call writes
    unique_scope: tuple[str, ...] = ()  # unique among the records that are equal in these fields
    is_case_sensitive: bool = False  # whether unique text differs by its case
    default_formula: str = ""
    required_if: str = ""  # conditions: expressions over the record
    visible_if: str = ""
    readonly_if: str = ""
    sensitivity: str = "normal"  # "normal" | "personal" | "secret"
    is_deprecated: bool = False  # stays readable, is offered nowhere for new uses
    part: int = 0  # which of the object's tables holds it: 0 the main one, 1 the second one

    @property
    def is_system(self) -> bool:
        return self.id < 0

    @cached_property
    def path_name(self) -> str:
        """The name that steps through a lookup: `account_id` → `account`, `project__c` → `project__r`."""
        if self.api_name.endswith("__c"):
            return self.api_name[:-3] + "__r"
        return self.api_name.removesuffix("_id")


@dataclass(frozen=True)
class ChangedField:
    """A field on the hidden side of a change of type; `partner` is the id of the one that everybody sees."""

    partner: int
    field: FieldSpec


@dataclass(frozen=True)
class ValidationRuleSpec:
    """A rule: a record may not be saved (or only after confirmation) while `condition` is true."""

    uuid: uuid.UUID
    api_name: str
    label: Labels
    condition: str
    message: Labels  # may hold {field_api_name}
    location: str = ""  # API name of the field beside which the message stands; empty: top of the page
    severity: str = "error"  # "error" | "warning"
    events: tuple[str, ...] = ("create", "edit")  # create edit delete convert import
    can_be_bypassed: bool = False
    record_types: tuple[str, ...] = ()  # of which the records are judged; empty: of any


@dataclass(frozen=True)
class MatcherSpec:
    """One comparison of a matching rule: by `method`, any of `fields` with any of the target's `target_fields`."""

    method: str
    fields: tuple[str, ...]
    target_fields: tuple[str, ...]
    threshold: int = 100  # how alike two texts must be, in percent; of phones: how many digits
    blank: str = "no_match"  # "no_match" | "match" (both blank) | "ignore" (as if the matcher were not there)


@dataclass(frozen=True)
class MatchingRuleSpec:
    """When a record is the same as one of the object `target`: all matchers agree."""

    uuid: uuid.UUID
    api_name: str
    label: Labels
    target: str
    matchers: tuple[MatcherSpec, ...]


@dataclass(frozen=True)
class DuplicateRuleSpec:
    """What happens to a record that matches another one by any of `matching_rules` (API names)."""

    uuid: uuid.UUID
    api_name: str
    label: Labels
    matching_rules: tuple[str, ...]
    actions: FrozenDict  # event → action
    scope: str = "all"  # "all" | "owner" | "department" | "record_type"
    period_days: int = 0
    include_trashed: bool = False
    include_converted: bool = True
    condition: str = ""
    override: str = ""  # the function permission to save in spite of a warning; empty: everybody
    message: Labels = field(default_factory=Labels)
    shown_fields: tuple[str, ...] = ()  # told, masked, of records that the caller may not read


@dataclass(frozen=True)
class RecordTypeSpec:
    """A kind of an object's records. `choices` names, for picklists that it narrows, the values that it allows."""

    uuid: uuid.UUID
    api_name: str
    label: Labels
    description: Labels = field(default_factory=Labels)
    color: str = ""
    is_active: bool = True
    is_default: bool = False
    choices: FrozenDict = field(default_factory=FrozenDict)


@dataclass(frozen=True)
class ObjectSpec:
    id: int
    uuid: uuid.UUID
    api_name: str
    label: Labels
    plural_label: Labels
    fields: tuple[FieldSpec, ...]  # business fields in their order, then the system fields
    name_field: str = "name"
    description: Labels = field(default_factory=Labels)
    icon: str = "box"
    color: str = "blue"
    is_custom: bool = True
    is_activity: bool = False
    has_pools: bool = False
    in_navigation: bool = True
    is_searchable: bool = True
    position: int = 0
    validation_rules: tuple[ValidationRuleSpec, ...] = ()  # the active ones, in their order
    matching_rules: tuple[MatchingRuleSpec, ...] = ()  # of these, too, the active ones
    duplicate_rules: tuple[DuplicateRuleSpec, ...] = ()
    successors: tuple[ChangedField, ...] = ()  # being filled, to take the place of their partners
    former: tuple[ChangedField, ...] = ()  # whose place their partners took: old histories are read by them
    record_types: tuple[RecordTypeSpec, ...] = ()  # in their order, retired ones included

    @cached_property
    def record_type_map(self) -> Mapping[str, RecordTypeSpec]:
        return {spec.api_name: spec for spec in self.record_types}

    @cached_property
    def field_map(self) -> Mapping[str, FieldSpec]:
        return {spec.api_name: spec for spec in self.fields}

    @cached_property
    def field_by_id(self) -> Mapping[int, FieldSpec]:
        return {spec.id: spec for spec in self.fields}

    @cached_property
    def path_map(self) -> Mapping[str, FieldSpec]:
        """Lookup fields by the name that steps through them."""
        return {spec.path_name: spec for spec in self.fields if spec.path_name != spec.api_name}

    @cached_property
    def business_fields(self) -> tuple[FieldSpec, ...]:
        return tuple(spec for spec in self.fields if not spec.is_system)

    @cached_property
    def stored_fields(self) -> tuple[FieldSpec, ...]:
        """The fields that have columns to be read and written: the business fields, and successors."""
        return self.business_fields + tuple(item.field for item in self.successors)


@dataclass(frozen=True)
class SchemaSpec:
    """Every object of the organisation. Equal specs compile to equal shapes."""

    objects: tuple[ObjectSpec, ...] = ()
    choice_sets: tuple[ChoiceSetSpec, ...] = ()

    @cached_property
    def object_map(self) -> Mapping[str, ObjectSpec]:
        return {spec.api_name: spec for spec in self.objects}

    @cached_property
    def object_by_id(self) -> Mapping[int, ObjectSpec]:
        return {spec.id: spec for spec in self.objects}


def to_json(schema: SchemaSpec) -> dict[str, Any]:
    """Return the canonical JSON form, without system fields (those belong to the code, not the version)."""
    return {
        "format": 1,
        "choice_sets": [_dump(item, {"choices": [_dump(c) for c in item.choices]}) for item in schema.choice_sets],
        "objects": [_dump_object(item) for item in schema.objects],
    }


def from_json(data: Mapping[str, Any], system_fields: tuple[FieldSpec, ...]) -> SchemaSpec:
    """Build the spec from its canonical JSON form; `system_fields` are added to every object."""
    choice_sets = tuple(_load_choice_set(item) for item in data["choice_sets"])
    by_name = {item.api_name: item for item in choice_sets}
    return SchemaSpec(
        objects=tuple(_load_object(item, by_name, system_fields) for item in data["objects"]),
        choice_sets=choice_sets,
    )


def with_record_types(fields: tuple[FieldSpec, ...], types: tuple[RecordTypeSpec, ...]) -> tuple[FieldSpec, ...]:
    """Return an object's system fields, the one of record types with these types as its choices."""
    if not types:
        return fields
    choices = tuple(
        ChoiceSpec(item.api_name, item.label, item.color, item.is_active, False, FrozenDict({TYPE_ID: str(item.uuid)}))
        for item in types
    )
    made = ChoiceSetSpec(0, types[0].uuid, RECORD_TYPE, Labels(), choices, is_shared=False, is_custom=False)
    return tuple(replace(item, choice_set=made) if item.api_name == RECORD_TYPE else item for item in fields)


def _dump(item: Any, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    names = item.__dataclass_fields__
    plain = {name: _plain(getattr(item, name)) for name in names if name not in (extra or {})}
    return {**plain, **(extra or {})}


def _dump_object(spec: ObjectSpec) -> dict[str, Any]:
    rules = [_dump(rule) for rule in spec.validation_rules]
    matching = [_dump(rule, {"matchers": [_dump(item) for item in rule.matchers]}) for rule in spec.matching_rules]
    parts = {
        "fields": [_dump_field(item) for item in spec.business_fields],
        "validation_rules": rules,
        "matching_rules": matching,
        "duplicate_rules": [_dump(rule) for rule in spec.duplicate_rules],
        "successors": [_dump(item, {"field": _dump_field(item.field)}) for item in spec.successors],
        "former": [_dump(item, {"field": _dump_field(item.field)}) for item in spec.former],
        "record_types": [_dump(item) for item in spec.record_types],
    }
    return _dump(spec, parts)


def _dump_field(spec: FieldSpec) -> dict[str, Any]:
    return _dump(spec, {"choice_set": spec.choice_set.api_name if spec.choice_set else None})


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else thaw(value)


def _load_choice_set(data: Mapping[str, Any]) -> ChoiceSetSpec:
    choices = tuple(
        ChoiceSpec(**{**c, "label": Labels(c["label"]), "properties": FrozenDict(c["properties"])})
        for c in data["choices"]
    )
    return ChoiceSetSpec(
        **{**data, "uuid": uuid.UUID(data["uuid"]), "label": Labels(data["label"]), "choices": choices}
    )


def _load_field(data: Mapping[str, Any], choice_sets: Mapping[str, ChoiceSetSpec]) -> FieldSpec:
    return FieldSpec(
        **{
            **data,
            "uuid": uuid.UUID(data["uuid"]),
            "label": Labels(data["label"]),
            "help_text": Labels(data["help_text"]),
            "settings": FrozenDict(data["settings"]),
            "choice_set": choice_sets[data["choice_set"]] if data["choice_set"] else None,
            "default": freeze(data["default"]),
            "unique_scope": tuple(data.get("unique_scope", ())),
        }
    )


def _load_rule(data: Mapping[str, Any]) -> ValidationRuleSpec:
    texts = {name: Labels(data[name]) for name in ("label", "message")}
    lists = {"events": tuple(data["events"]), "record_types": tuple(data.get("record_types", ()))}
    return ValidationRuleSpec(**{**data, **texts, **lists, "uuid": uuid.UUID(data["uuid"])})


def _load_record_type(data: Mapping[str, Any]) -> RecordTypeSpec:
    texts = {name: Labels(data[name]) for name in ("label", "description")}
    more = {"uuid": uuid.UUID(data["uuid"]), "choices": FrozenDict(data["choices"])}
    return RecordTypeSpec(**{**data, **texts, **more})


def _load_matching_rule(data: Mapping[str, Any]) -> MatchingRuleSpec:
    matchers = tuple(
        MatcherSpec(**{**item, "fields": tuple(item["fields"]), "target_fields": tuple(item["target_fields"])})
        for item in data["matchers"]
    )
    return MatchingRuleSpec(
        **{**data, "uuid": uuid.UUID(data["uuid"]), "label": Labels(data["label"]), "matchers": matchers}
    )


def _load_duplicate_rule(data: Mapping[str, Any]) -> DuplicateRuleSpec:
    texts = {name: Labels(data[name]) for name in ("label", "message")}
    lists = {name: tuple(data[name]) for name in ("matching_rules", "shown_fields")}
    more = {"uuid": uuid.UUID(data["uuid"]), "actions": FrozenDict(data["actions"])}
    return DuplicateRuleSpec(**{**data, **texts, **lists, **more})


def _load_object(
    data: Mapping[str, Any], choice_sets: Mapping[str, ChoiceSetSpec], system_fields: tuple[FieldSpec, ...]
) -> ObjectSpec:
    texts = {name: Labels(data[name]) for name in ("label", "plural_label", "description")}
    own = tuple(_load_field(item, choice_sets) for item in data["fields"])
    types = tuple(_load_record_type(item) for item in data.get("record_types", ()))
    rules = tuple(_load_rule(item) for item in data.get("validation_rules", ()))
    more = {
        "uuid": uuid.UUID(data["uuid"]),
        "fields": own + with_record_types(system_fields, types),
        "record_types": types,
        "validation_rules": rules,
        "matching_rules": tuple(_load_matching_rule(item) for item in data.get("matching_rules", ())),
        "duplicate_rules": tuple(_load_duplicate_rule(item) for item in data.get("duplicate_rules", ())),
        **{
            side: tuple(ChangedField(x["partner"], _load_field(x["field"], choice_sets)) for x in data.get(side, ()))
            for side in ("successors", "former")
        },
    }
    return ObjectSpec(**{**data, **texts, **more})
