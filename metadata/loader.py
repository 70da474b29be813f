"""Reading the metadata rows into one `SchemaSpec`: the only place where rows become specs."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from crm_platform.kit.frozen import FrozenDict, freeze
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.spec import (
    ChangedField,
    ChoiceSetSpec,
    ChoiceSpec,
    DuplicateRuleSpec,
    FieldSpec,
    Labels,
    MatcherSpec,
    MatchingRuleSpec,
    ObjectSpec,
    RecordTypeSpec,
    SchemaSpec,
    ValidationRuleSpec,
    with_record_types,
)
from metadata.field_types import field_types
from metadata.field_types.lookup_value import LookupValueType
from metadata.models import (
    BusinessField,
    BusinessObject,
    Choice,
    ChoiceSet,
    DuplicateRule,
    LabelTranslation,
    MatchingRule,
    RecordType,
    ValidationRule,
)

Texts = Mapping[tuple[uuid.UUID, str], Mapping[str, str]]


def load_spec() -> SchemaSpec:
    """Return the spec of all active objects and fields, in nine statements."""
    texts = _load_texts()
    choice_sets = _load_choice_sets(texts)
    fields = _load_fields(texts, choice_sets)
    rules = _load_rules(texts)
    types = _load_record_types(texts)
    matching, duplicates = _load_matching_rules(texts), _load_duplicate_rules(texts)
    objects = BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE).order_by("position", "id")
    made = SchemaSpec(
        objects=tuple(
            replace(
                _object_spec(row, texts, tuple(fields.active[row.id]), tuple(types[row.id])),
                validation_rules=tuple(rules[row.id]),
                matching_rules=tuple(matching[row.id]),
                duplicate_rules=tuple(duplicates[row.id]),
                successors=tuple(fields.successors[row.id]),
                former=tuple(fields.former[row.id]),
            )
            for row in objects
        ),
        choice_sets=tuple(sorted(choice_sets.values(), key=lambda item: item.id)),
    )
    return with_borrowed_choices(made)


def _load_texts() -> Texts:
    texts: dict[tuple[uuid.UUID, str], dict[str, str]] = defaultdict(dict)
    for target, attribute, locale, text in LabelTranslation.objects.order_by("locale").values_list(
        "target", "attribute", "locale", "text"
    ):
        texts[target, attribute][locale] = text
    return texts


def _labels(texts: Texts, target: uuid.UUID, attribute: str, plain: str) -> Labels:
    translated = texts.get((target, attribute), {})
    if not plain or plain in translated.values():
        return Labels(translated)
    return Labels({"": plain, **translated})


def _load_choice_sets(texts: Texts) -> dict[int, ChoiceSetSpec]:
    choices: dict[int, list[ChoiceSpec]] = defaultdict(list)
    for row in Choice.objects.order_by("choice_set_id", "position", "id"):
        choices[row.choice_set_id].append(
            ChoiceSpec(
                value=row.value,
                label=_labels(texts, row.uuid, "label", row.label),
                color=row.color,
                is_active=row.is_active,
                is_default=row.is_default,
                properties=FrozenDict(row.properties),
            )
        )
    return {
        row.id: ChoiceSetSpec(
            id=row.id,
            uuid=row.uuid,
            api_name=row.api_name,
            label=_labels(texts, row.uuid, "label", row.label),
            choices=tuple(choices[row.id]),
            is_shared=row.is_shared,
            is_custom=row.is_custom,
        )
        for row in ChoiceSet.objects.order_by("id")
    }


class _Fields:
    """The fields of each object: those in use, those that are prepared to replace one, those that were replaced."""

    def __init__(self) -> None:
        self.active: dict[int, list[FieldSpec]] = defaultdict(list)
        self.successors: dict[int, list[ChangedField]] = defaultdict(list)
        self.former: dict[int, list[ChangedField]] = defaultdict(list)


def _load_fields(texts: Texts, choice_sets: Mapping[int, ChoiceSetSpec]) -> _Fields:
    found, state = _Fields(), BusinessField.State
    rows = list(BusinessField.objects.order_by("position", "id"))
    heirs = {row.replaces_id: row for row in rows if row.replaces_id and row.state != state.PREPARING}
    for row in rows:
        owner = row.business_object_id
        if row.state == state.ACTIVE:
            found.active[owner].append(_field_spec(row, texts, choice_sets))
        elif row.state == state.PREPARING and row.replaces_id:
            # What the database would hold it to waits until it is complete.
            spec = replace(_field_spec(row, texts, choice_sets), is_unique=False, is_indexed=False, is_required=False)
            found.successors[owner].append(ChangedField(row.replaces_id, spec))
        elif row.id in heirs:
            heir = heirs[row.id]
            while heir.id in heirs:
                heir = heirs[heir.id]
            if heir.state == state.ACTIVE:
                label = _labels(texts, heir.uuid, "label", heir.label)
                spec = replace(_field_spec(row, texts, choice_sets), api_name=heir.api_name, label=label)
                found.former[owner].append(ChangedField(heir.id, spec))
    return found


def _field_spec(row: BusinessField, texts: Texts, choice_sets: Mapping[int, ChoiceSetSpec]) -> FieldSpec:
    return FieldSpec(
        id=row.id,
        uuid=row.uuid,
        api_name=row.api_name,
        type=row.type,
        label=_labels(texts, row.uuid, "label", row.label),
        help_text=_labels(texts, row.uuid, "help_text", row.help_text),
        settings=FrozenDict(row.settings),
        choice_set=choice_sets[row.choice_set_id] if row.choice_set_id else None,
        default=freeze(row.default),
        is_required=row.is_required,
        is_unique=row.is_unique,
        is_indexed=row.is_indexed,
        is_searchable=row.is_searchable,
        is_custom=row.is_custom,
        track_history=row.track_history,
        unique_scope=tuple(row.unique_scope),
        is_case_sensitive=row.is_case_sensitive,
        default_formula=row.default_formula,
        required_if=row.required_if,
        visible_if=row.visible_if,
        readonly_if=row.readonly_if,
        sensitivity=row.sensitivity,
        is_deprecated=row.is_deprecated,
        part=row.part,
    )


def _load_rules(texts: Texts) -> Mapping[int, list[ValidationRuleSpec]]:
    rules: dict[int, list[ValidationRuleSpec]] = defaultdict(list)
    for row in ValidationRule.objects.filter(is_active=True).order_by("position", "id"):
        rules[row.business_object_id].append(
            ValidationRuleSpec(
                uuid=row.uuid,
                api_name=row.api_name,
                label=_labels(texts, row.uuid, "label", row.label),
                condition=row.condition,
                message=_labels(texts, row.uuid, "message", row.message),
                location=row.location,
                severity=row.severity,
                events=tuple(row.events),
                can_be_bypassed=row.can_be_bypassed,
                record_types=tuple(row.record_types),
            )
        )
    return rules


def _load_record_types(texts: Texts) -> Mapping[int, list[RecordTypeSpec]]:
    types: dict[int, list[RecordTypeSpec]] = defaultdict(list)
    for row in RecordType.objects.order_by("position", "id"):
        types[row.business_object_id].append(
            RecordTypeSpec(
                uuid=row.uuid,
                api_name=row.api_name,
                label=_labels(texts, row.uuid, "label", row.label),
                description=_labels(texts, row.uuid, "description", row.description),
                color=row.color,
                is_active=row.is_active,
                is_default=row.is_default,
                choices=FrozenDict(row.choices),
            )
        )
    return types


def _load_matching_rules(texts: Texts) -> Mapping[int, list[MatchingRuleSpec]]:
    """Return the active rules whose other object exists, by the id of their object."""
    rules: dict[int, list[MatchingRuleSpec]] = defaultdict(list)
    found = MatchingRule.objects.filter(is_active=True, target__state=BusinessObject.State.ACTIVE)
    for row in found.select_related("target").order_by("position", "id"):
        rules[row.business_object_id].append(
            MatchingRuleSpec(
                uuid=row.uuid,
                api_name=row.api_name,
                label=_labels(texts, row.uuid, "label", row.label),
                target=row.target.api_name,
                matchers=tuple(
                    MatcherSpec(
                        method=item["method"],
                        fields=tuple(item["fields"]),
                        target_fields=tuple(item["target_fields"]),
                        threshold=item["threshold"],
                        blank=item["blank"],
                    )
                    for item in row.matchers
                ),
            )
        )
    return rules


def _load_duplicate_rules(texts: Texts) -> Mapping[int, list[DuplicateRuleSpec]]:
    rules: dict[int, list[DuplicateRuleSpec]] = defaultdict(list)
    for row in DuplicateRule.objects.filter(is_active=True).order_by("position", "id"):
        rules[row.business_object_id].append(
            DuplicateRuleSpec(
                uuid=row.uuid,
                api_name=row.api_name,
                label=_labels(texts, row.uuid, "label", row.label),
                matching_rules=tuple(row.matching_rules),
                actions=FrozenDict(row.actions),
                scope=row.scope,
                period_days=row.period_days,
                include_trashed=row.include_trashed,
                include_converted=row.include_converted,
                condition=row.condition,
                override=row.override,
                message=_labels(texts, row.uuid, "message", row.message),
                shown_fields=tuple(row.shown_fields),
            )
        )
    return rules


def _object_spec(
    row: BusinessObject, texts: Texts, fields: tuple[FieldSpec, ...], types: tuple[RecordTypeSpec, ...]
) -> ObjectSpec:
    return ObjectSpec(
        id=row.id,
        uuid=row.uuid,
        api_name=row.api_name,
        label=_labels(texts, row.uuid, "label", row.label),
        plural_label=_labels(texts, row.uuid, "plural_label", row.plural_label),
        description=_labels(texts, row.uuid, "description", row.description),
        fields=fields + with_record_types(SYSTEM_FIELDS, types),
        name_field=row.name_field,
        icon=row.icon,
        color=row.color,
        is_custom=row.is_custom,
        is_activity=row.is_activity,
        has_pools=row.has_pools,
        in_navigation=row.in_navigation,
        is_searchable=row.is_searchable,
        position=row.position,
        record_types=types,
    )


def with_borrowed_choices(schema: SchemaSpec) -> SchemaSpec:
    """Give fields that hold values of related records the choices of those."""
    objects = tuple(
        replace(spec, fields=tuple(_with_choices(schema, spec, item) for item in spec.fields))
        if any(_borrows_choices(item) for item in spec.fields)
        else spec
        for spec in schema.objects
    )
    return replace(schema, objects=objects)


def _borrows_choices(field: FieldSpec) -> bool:
    return isinstance(field_types.get(field.type), LookupValueType) and "picklist" in field.settings.get("returns", "")


def _with_choices(schema: SchemaSpec, spec: ObjectSpec, field: FieldSpec) -> FieldSpec:
    if not _borrows_choices(field):
        return field
    here: ObjectSpec | None = spec
    *steps, last = str(field.settings["path"]).split(".")
    for step in steps:
        hop = here.path_map.get(step) if here else None
        here = schema.object_map.get(str(hop.settings.get("target"))) if hop else None
    source = here.field_map.get(last) if here else None
    return replace(field, choice_set=source.choice_set) if source else field
