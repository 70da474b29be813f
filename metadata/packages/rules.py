"""The sections of packages that hold record types, and validation, matching and duplicate rules."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.frozen import thaw
from metadata import hooks
from metadata.compiler.spec import Labels, SchemaSpec
from metadata.loader import load_spec
from metadata.models import BusinessObject, DuplicateRule, LabelTranslation, MatchingRule, RecordType, ValidationRule
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from metadata.packages.writing import label_value
from metadata.rule_inputs import DuplicateRuleInput, RecordTypeInput, ValidationRuleInput
from metadata.services import rule_checks as checks
from metadata.services.labels import save_translations, set_labels
from metadata.services.record_types import record_type_errors
from metadata.services.validation_rules import validation_errors

Check = Callable[[SchemaSpec, str, Mapping[str, Any]], list[FieldError]]


@dataclass(frozen=True)
class RuleSection:
    """A section whose documents are rules of one kind: `parts` are the members that travel, with their usual value.

    Whether a rule is active is the organisation's own decision and does not travel.
    """

    key: str
    model: Any
    texts: tuple[str, ...]
    parts: Mapping[str, Any]
    check: Check
    flow: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    def section(self) -> PackageSection:
        return PackageSection(self.key, self.export, self.diff, self.apply, self.flow, self.rows)

    def export(self, object_names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the rules of the named objects."""
        order = {name: index for index, name in enumerate(object_names)}
        found = [row for row in self._rows() if row.business_object.api_name in order]
        found.sort(key=lambda row: order[row.business_object.api_name])
        texts = self._texts(row.uuid for row in found)
        return [self._document(row, texts) for row in found]

    def diff(self, documents: Documents) -> list[PackageChange]:
        """Return what applying the documents would add and change."""
        present = {row.uuid: row for row in self._rows()}
        texts = self._texts(present)
        changes = []
        for wanted in documents:
            key, name = uuid.UUID(wanted["uuid"]), f"{wanted['object']}.{wanted['api_name']}"
            if key not in present:
                changes.append(PackageChange("add", self.key, name, key))
                continue
            details = self._differences(self._document(present[key], texts), wanted)
            if details:
                changes.append(PackageChange("change", self.key, name, key, details))
        return changes

    def apply(self, actor: Actor, documents: Documents) -> None:
        """Insert and change rules so that they equal the documents; raises ValidationFailed for what is none."""
        schema = load_spec()
        objects = {row.api_name: row for row in BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE)}
        present = list(self._rows())
        known = {row.uuid: row for row in present} | {(row.business_object_id, row.api_name): row for row in present}
        errors: list[FieldError] = []
        texts: list[LabelTranslation] = []
        for wanted in documents:
            owner = objects.get(wanted["object"])
            if owner is None:
                continue
            found = self.check(schema, owner.api_name, wanted)
            errors += [FieldError(f"{self.key}.{wanted['api_name']}.{e.field}", e.code, e.message) for e in found]
            if not found:
                row = known.get(uuid.UUID(wanted["uuid"])) or known.get((owner.id, wanted["api_name"]))
                texts += self._write(row or self.model(business_object=owner, is_custom=False), wanted, objects)
        if errors:
            raise ValidationFailed(errors)
        save_translations(texts)
        for step in hooks.matching_changed:
            step(actor)

    def _write(
        self, row: Any, wanted: Mapping[str, Any], objects: Mapping[str, BusinessObject]
    ) -> list[LabelTranslation]:
        key = uuid.UUID(wanted["uuid"])
        if row.pk is not None and row.uuid != key:
            LabelTranslation.objects.filter(target=row.uuid).delete()
        row.uuid, row.api_name = key, wanted["api_name"]
        for name, usual in self.parts.items():
            value = thaw(wanted.get(name, usual))
            setattr(row, name, objects[value] if name == "target" else value)
        if self.model is MatchingRule:
            row.matchers = [checks.clean_matcher(item) for item in row.matchers]
        translations = set_labels(row, **{name: thaw(wanted.get(name, "")) for name in self.texts})
        row.save()
        return translations

    def _rows(self) -> list[Any]:
        rows = self.model.objects.select_related("business_object")
        if self.model is MatchingRule:
            rows = rows.select_related("target")
        return list(rows.order_by("business_object_id", "position", "id"))

    def _texts(self, keys: Iterable[uuid.UUID]) -> dict[tuple[uuid.UUID, str], dict[str, str]]:
        texts: dict[tuple[uuid.UUID, str], dict[str, str]] = {}
        found = LabelTranslation.objects.filter(target__in=list(keys), attribute__in=self.texts)
        for target, attribute, locale, text in found.values_list("target", "attribute", "locale", "text"):
            texts.setdefault((target, attribute), {})[locale] = text
        return texts

    def _document(self, row: Any, texts: Mapping[tuple[uuid.UUID, str], Mapping[str, str]]) -> dict[str, Any]:
        document = {"object": row.business_object.api_name, "uuid": str(row.uuid), "api_name": row.api_name}
        for name in self.texts:
            if getattr(row, name):
                document[name] = label_value(Labels({**texts.get((row.uuid, name), {}), "": getattr(row, name)}))
        values = {name: getattr(row, name) for name in self.parts}
        if "target" in values:
            values["target"] = row.target.api_name
        if "matchers" in values:
            values["matchers"] = [_short_matcher(item) for item in values["matchers"]]
        document.update({name: value for name, value in values.items() if value != self.parts[name]})
        return document

    def _differences(self, present: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, tuple[object, object]]:
        usual = {"api_name": "", **dict.fromkeys(self.texts), **self.parts}
        pairs = {name: (present.get(name, usual[name]), thaw(wanted.get(name, usual[name]))) for name in usual}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _short_matcher(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a matcher without what has its usual value."""
    usual = checks.clean_matcher({"method": item["method"], "fields": item["fields"]})
    return {name: value for name, value in item.items() if name in ("method", "fields") or value != usual[name]}


def _matching_errors(schema: SchemaSpec, object_name: str, wanted: Mapping[str, Any]) -> list[FieldError]:
    matchers = thaw(wanted.get("matchers", []))
    return checks.matching_errors(schema, schema.object_map[object_name], wanted.get("target", ""), matchers)


def _duplicate_errors(schema: SchemaSpec, object_name: str, wanted: Mapping[str, Any]) -> list[FieldError]:
    values = {name: thaw(wanted.get(name, usual)) for name, usual in DUPLICATE_RULES.parts.items()}
    known = {name: name for name in values["matching_rules"]}  # a rule may come with the same package
    given = DuplicateRuleInput(wanted["api_name"], "", **values)
    targets = {name: spec.api_name for name, spec in schema.object_map.items()}
    return checks.duplicate_errors(schema, schema.object_map[object_name], {**targets, **known}, given)


def _validation_errors(schema: SchemaSpec, object_name: str, wanted: Mapping[str, Any]) -> list[FieldError]:
    values = {name: thaw(wanted.get(name, usual)) for name, usual in VALIDATION_RULES.parts.items()}
    texts = {name: thaw(wanted.get(name, "")) for name in VALIDATION_RULES.texts}
    given = ValidationRuleInput(wanted["api_name"], **texts, **values)
    return validation_errors(schema.object_map[object_name], given)


def _record_type_errors(schema: SchemaSpec, object_name: str, wanted: Mapping[str, Any]) -> list[FieldError]:
    values = {name: thaw(wanted.get(name, usual)) for name, usual in RECORD_TYPES.parts.items()}
    texts = {name: thaw(wanted.get(name, "")) for name in RECORD_TYPES.texts}
    return record_type_errors(schema.object_map[object_name], RecordTypeInput(wanted["api_name"], **texts, **values))


RECORD_TYPES = RuleSection(
    "record_types",
    RecordType,
    ("label", "description"),
    {"color": "", "choices": {}, "position": 0},
    _record_type_errors,
)
VALIDATION_RULES = RuleSection(
    "validation_rules",
    ValidationRule,
    ("label", "message"),
    {
        "condition": "",
        "location": "",
        "severity": "error",
        "events": ["create", "edit"],
        "can_be_bypassed": False,
        "record_types": [],
        "position": 0,
    },
    _validation_errors,
    flow=("events", "record_types"),
)
MATCHING_RULES = RuleSection(
    "matching_rules",
    MatchingRule,
    ("label",),
    {"target": "", "matchers": [], "position": 0},
    _matching_errors,
    rows=("matchers",),
)
DUPLICATE_RULES = RuleSection(
    "duplicate_rules",
    DuplicateRule,
    ("label", "message"),
    {
        "matching_rules": [],
        "actions": {},
        "scope": "all",
        "period_days": 0,
        "include_trashed": False,
        "include_converted": True,
        "condition": "",
        "override": "",
        "shown_fields": [],
        "position": 0,
    },
    _duplicate_errors,
    flow=("actions", "shown_fields"),
)


def register() -> None:
    """Register the sections; called once from AppConfig.ready()."""
    package_sections.register(RECORD_TYPES.section())  # before what names them
    package_sections.register(VALIDATION_RULES.section())
    package_sections.register(MATCHING_RULES.section())
    package_sections.register(DUPLICATE_RULES.section())
