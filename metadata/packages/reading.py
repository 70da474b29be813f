"""From a folder of YAML documents to a `PackageSpec`, with all mistakes reported together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.frozen import FrozenDict, freeze
from metadata.compiler.record_base import SYSTEM_FIELDS
from metadata.compiler.spec import ChoiceSetSpec, ChoiceSpec, FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.field_types import field_types
from metadata.names import CUSTOM_SUFFIX, field_name_errors, object_name_errors
from metadata.packages.members import (
    Findings,
    Member,
    anything,
    flag,
    labels,
    mapping,
    names,
    read_list,
    read_mapping,
    stable_id,
    text,
)
from metadata.packages.package import PackageSpec, Tombstone
from metadata.packages.sections import package_sections
from metadata.packages.yaml_format import Parsed, YamlError, parse

MAIN_FILE = "package.yaml"
NO_LABEL = Labels()

HEADER = {"name": Member(text), "version": Member(text), "label": Member(labels)}
CHOICE_SET = {
    "api_name": Member(text),
    "uuid": Member(stable_id),
    "label": Member(labels),
    "choices": Member(anything),
}
CHOICE = {
    "value": Member(text),
    "label": Member(labels),
    "color": Member(text, ""),
    "is_active": Member(flag, True),
    "is_default": Member(flag, False),
    "properties": Member(mapping, FrozenDict()),
}
OBJECT = {
    "api_name": Member(text),
    "uuid": Member(stable_id),
    "label": Member(labels),
    "plural_label": Member(labels, NO_LABEL),
    "description": Member(labels, NO_LABEL),
    "icon": Member(text, "box"),
    "color": Member(text, "blue"),
    "name_field": Member(text, "name"),
    "is_activity": Member(flag, False),
    "has_pools": Member(flag, False),
    "in_navigation": Member(flag, True),
    "is_searchable": Member(flag, True),
    "fields": Member(anything),
    "removed": Member(anything, None),
}
FIELD = {
    "api_name": Member(text),
    "uuid": Member(stable_id),
    "type": Member(text),
    "label": Member(labels),
    "help_text": Member(labels, NO_LABEL),
    "settings": Member(mapping, FrozenDict()),
    "choice_set": Member(text, ""),
    "choices": Member(anything, None),
    "default": Member(anything, None),
    "is_required": Member(flag, False),
    "is_unique": Member(flag, False),
    "is_indexed": Member(flag, False),
    "is_searchable": Member(flag, False),
    "track_history": Member(flag, True),
    "unique_scope": Member(names, ()),
    "is_case_sensitive": Member(flag, False),
    "default_formula": Member(text, ""),
    "required_if": Member(text, ""),
    "visible_if": Member(text, ""),
    "readonly_if": Member(text, ""),
    "sensitivity": Member(text, "normal"),
    "is_deprecated": Member(flag, False),
}
REMOVED = {"uuid": Member(stable_id), "api_name": Member(text)}


def load_package(path: Path) -> PackageSpec:
    """Read the package in a folder; raises ValidationFailed, each error at `file:line /pointer`."""
    return PackageReader(path).read()


class PackageReader:
    """Reads one folder: `package.yaml` names the other files, whose order is the order of the objects."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.findings = Findings()
        self.choice_sets: dict[str, ChoiceSetSpec] = {}
        self.objects: list[ObjectSpec] = []
        self.removed: list[Tombstone] = []
        self.sections: dict[str, list[FrozenDict]] = {section.key: [] for section in package_sections}
        self._used: Counter[tuple[str, ...]] = Counter()

    def read(self) -> PackageSpec:
        main = self._parse(MAIN_FILE)
        header = None
        if main is not None:
            header = read_mapping(main, "/package", main.value.get("package"), HEADER, self.findings)
            files = main.value.get("files", [])
            documents = [main, *filter(None, (self._parse(name) for name in files))]
            self._read_documents(documents)
        if self.findings.errors or header is None:
            raise ValidationFailed(self.findings.errors, _("The package is not valid."))
        schema = SchemaSpec(tuple(self.objects), tuple(s for s in self.choice_sets.values() if s.is_shared))
        sections = {key: tuple(items) for key, items in self.sections.items() if items}
        return PackageSpec(**header, schema=schema, removed=tuple(self.removed), sections=sections)

    def _parse(self, name: str) -> Parsed | None:
        """Read a file of the folder itself: a name that leads out of it is as good as missing."""
        here = Parsed(str(name), {}, {})
        if Path(str(name)).name != name or not (self.path / name).is_file():
            self.findings.add(here, "", "required", _("The file is missing."))
            return None
        try:
            parsed = parse((self.path / name).read_text(encoding="utf-8"), name)
        except YamlError as error:
            self.findings.add(Parsed(name, {}, {"": error.line}), "", "malformed", str(error))
            return None
        if not isinstance(parsed.value, Mapping):
            self.findings.add(parsed, "", "invalid_type", _("This must be a mapping."))
            return None
        return parsed

    def _read_documents(self, documents: Iterable[Parsed]) -> None:
        documents = list(documents)
        known = {"package", "files", "choice_sets", "objects", *self.sections}
        for parsed in documents:
            for key in parsed.value:
                if key not in known:
                    self.findings.add(parsed, f"/{key}", "unknown_field", _("Unknown member."))
            for item in self._list(parsed, "choice_sets", self._choice_set):
                self.choice_sets[item.api_name] = item
        for parsed in documents:
            self.objects += self._list(parsed, "objects", self._object)
            for key, items in self.sections.items():
                items += self._list(parsed, key, self._section)

    def _list(self, parsed: Parsed, key: str, read: Any) -> list[Any]:
        return read_list(
            parsed, f"/{key}", parsed.value.get(key), lambda pointer, item: read(parsed, pointer, item), self.findings
        )

    def _choice_set(self, parsed: Parsed, pointer: str, given: Any) -> ChoiceSetSpec | None:
        found = read_mapping(parsed, pointer, given, CHOICE_SET, self.findings)
        if found is None:
            return None
        self._once(parsed, pointer, "uuid", found["uuid"])
        self._once(parsed, pointer, "choice set", found["api_name"])
        choices = self._choices(parsed, f"{pointer}/choices", found.pop("choices"))
        return ChoiceSetSpec(0, **found, choices=choices, is_custom=found["api_name"].endswith(CUSTOM_SUFFIX))

    def _choices(self, parsed: Parsed, pointer: str, given: Any) -> tuple[ChoiceSpec, ...]:
        def choice(at: str, item: Any) -> ChoiceSpec | None:
            found = read_mapping(parsed, at, item, CHOICE, self.findings)
            if found is not None:
                self._once(parsed, at, "choice", f"{parsed.file}{pointer}", found["value"])
            return ChoiceSpec(**found) if found is not None else None

        return tuple(read_list(parsed, pointer, given, choice, self.findings))

    def _object(self, parsed: Parsed, pointer: str, given: Any) -> ObjectSpec | None:
        found = read_mapping(parsed, pointer, given, OBJECT, self.findings)
        if found is None:
            return None
        name = found["api_name"]
        is_custom = name.endswith(CUSTOM_SUFFIX)
        for error in object_name_errors(name, is_custom=is_custom):
            self.findings.add(parsed, f"{pointer}/api_name", error.code, str(error.message))
        self._once(parsed, pointer, "uuid", found["uuid"])
        self._once(parsed, pointer, "object", name)
        removed = found.pop("removed")
        found["plural_label"] = found["plural_label"] or found["label"]
        fields = read_list(
            parsed,
            f"{pointer}/fields",
            found.pop("fields"),
            lambda at, item: self._field(parsed, at, item, name),
            self.findings,
        )
        if all(field.api_name != found["name_field"] for field in fields):
            message = _("The name field “%(name)s” is missing.") % {"name": found["name_field"]}
            self.findings.add(parsed, pointer, "required", message)
        spec = ObjectSpec(0, **found, fields=tuple(fields) + SYSTEM_FIELDS, is_custom=is_custom)
        self.removed += read_list(
            parsed,
            f"{pointer}/removed",
            removed,
            lambda at, item: self._tombstone(parsed, at, item, spec),
            self.findings,
        )
        return spec

    def _field(self, parsed: Parsed, pointer: str, given: Any, object_name: str) -> FieldSpec | None:
        found = read_mapping(parsed, pointer, given, FIELD, self.findings)
        if found is None:
            return None
        name = found["api_name"]
        is_custom = name.endswith(CUSTOM_SUFFIX)
        for error in field_name_errors(name, is_custom=is_custom):
            self.findings.add(parsed, f"{pointer}/api_name", error.code, str(error.message))
        self._once(parsed, pointer, "uuid", found["uuid"])
        self._once(parsed, pointer, "field", object_name, name)
        if found["type"] not in field_types:
            message = _("There is no field type “%(type)s”.") % {"type": found["type"]}
            self.findings.add(parsed, f"{pointer}/type", "invalid_choice", message)
            return None
        found["choice_set"] = self._choice_set_of(parsed, pointer, found)
        found["settings"] = self._settings(parsed, pointer, found)
        found["default"] = freeze(found["default"])
        return FieldSpec(0, is_custom=is_custom, **found)

    def _choice_set_of(self, parsed: Parsed, pointer: str, found: dict[str, Any]) -> ChoiceSetSpec | None:
        """Return the shared set that a field names, or a private one of the choices that it lists."""
        shared, own = found["choice_set"], found.pop("choices")
        if not field_types.get(found["type"]).uses_choices:
            if shared or own:
                self.findings.add(parsed, pointer, "unknown_field", _("A field of this type has no choices."))
            return None
        if bool(shared) == bool(own):
            self.findings.add(parsed, pointer, "required", _("Give either choices or the name of a choice set."))
            return None
        if own:
            choices = self._choices(parsed, f"{pointer}/choices", own)
            return ChoiceSetSpec(0, found["uuid"], "", found["label"], choices, is_shared=False, is_custom=False)
        if shared not in self.choice_sets:
            message = _("The package has no choice set “%(name)s”.") % {"name": shared}
            self.findings.add(parsed, f"{pointer}/choice_set", "invalid_choice", message)
        return self.choice_sets.get(shared)

    def _settings(self, parsed: Parsed, pointer: str, found: Mapping[str, Any]) -> FrozenDict:
        try:
            return FrozenDict(field_types.get(found["type"]).check_settings(found["settings"]))
        except ValidationFailed as failed:
            for error in failed.errors:
                at = f"{pointer}/{(error.field or 'settings').replace('.', '/')}"
                self.findings.add(parsed, at, error.code, str(error.message))
            return FrozenDict()

    def _tombstone(self, parsed: Parsed, pointer: str, given: Any, spec: ObjectSpec) -> Tombstone | None:
        found = read_mapping(parsed, pointer, given, REMOVED, self.findings)
        if found is None:
            return None
        self._once(parsed, pointer, "uuid", found["uuid"])
        return Tombstone(spec.uuid, **found)

    def _section(self, parsed: Parsed, pointer: str, given: Any) -> FrozenDict | None:
        members = {"uuid": Member(stable_id, None), "object": Member(text)}
        if not isinstance(given, Mapping):
            self.findings.add(parsed, pointer, "invalid_type", _("This must be a mapping."))
            return None
        keys = {name: given[name] for name in members if name in given}
        found = read_mapping(parsed, pointer, keys, members, self.findings)
        if found is None:
            return None
        if found["uuid"] is not None:
            self._once(parsed, pointer, "uuid", found["uuid"])
        return FrozenDict(given)

    def _once(self, parsed: Parsed, pointer: str, what: str, *key: Any) -> None:
        """Note a key that may be given once in the whole package."""
        self._used[what, *map(str, key)] += 1
        if self._used[what, *map(str, key)] == 2:
            message = _("“%(name)s” is given twice.") % {"name": key[-1]}
            self.findings.add(parsed, pointer, "not_unique", message)
