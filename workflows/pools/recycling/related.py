"""The objects that rules ask about beside the record: follow-ups, opportunities, contracts; found by their settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot

LOOKUPS = ("lookup", "master_detail", "poly_lookup")

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class RelatedObject:
    """Another object, and the lookup by which its records belong to a record."""

    object: CompiledObject
    lookup: CompiledField

    def read(self, field: CompiledField, alias: str = "a") -> str:
        return f"{alias}.{quote(field.main.column)}"

    def live(self, alias: str = "a") -> str:
        """Return what stands after FROM for the live ones that belong to the record `t`."""
        belongs = f"{self.read(self.lookup, alias)} = t.id AND {alias}.deleted_at IS NULL"
        return f"{quote(self.object.table)} {alias} WHERE {belongs}"

    def chosen(self, settings: Settings, key: str, types: tuple[str, ...], usual: str = "") -> CompiledField | None:
        """Return the field that `settings[key]` names, the usual one without; raises ValidationFailed."""
        name = settings.get(key)
        if name is None and usual in self.object.fields:
            name = usual
        return None if name is None else checked_field(self.object, str(name), types, key)


def related_object(
    snapshot: SchemaSnapshot, obj: CompiledObject, settings: Settings, usual: str, key: str = "object"
) -> RelatedObject:
    """Return the object that a rule names, or the usual one, with its lookup to `obj`; raises ValidationFailed."""
    name = str(settings.get(key) or usual)
    if name not in snapshot.spec.object_map:
        raise ValidationFailed.single(key, "invalid_reference", _("There is no such object."))
    other = snapshot.object(name)
    wanted = settings.get("lookup")
    for field in other:
        points = field.spec.type in LOOKUPS and not field.is_second and obj.name in _targets(field)
        if points and wanted in (None, "", field.name):
            return RelatedObject(other, field)
    message = _("Records of %(object)s do not point at these.")
    raise ValidationFailed.single("lookup", "invalid_reference", message, object=name)


def _targets(field: CompiledField) -> tuple[str, ...]:
    targets = field.spec.settings.get("targets")
    return tuple(targets) if targets else (str(field.spec.settings.get("target")),)


def checked_field(obj: CompiledObject, name: str, types: tuple[str, ...], key: str) -> CompiledField:
    """Return a stored field of the main table and one of the types; raises ValidationFailed at `key`."""
    field = obj.fields.get(name)
    if field is None or field.is_virtual or field.is_second or field.type.key not in types:
        message = _("Choose a field of %(object)s of the right type.")
        raise ValidationFailed.single(key, "unknown_field", message, object=obj.name)
    return field


def texts(settings: Settings, key: str) -> list[str]:
    """Return a list of texts of the settings; raises ValidationFailed."""
    given = settings.get(key) or []
    if not isinstance(given, list | tuple) or not all(isinstance(item, str) for item in given) or len(given) > 200:
        raise ValidationFailed.single(key, "invalid_type", _("Choose from the list."))
    return list(given)


def whole(settings: Settings, key: str, most: int) -> int:
    """Return a whole number of the settings, 0 without; raises ValidationFailed."""
    given = settings.get(key) or 0
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= most:
        message = _("Enter a whole number from 0 to %(max)d.")
        raise ValidationFailed.single(key, "out_of_range", message, max=most)
    return given
