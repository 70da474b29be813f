"""Taking the members out of a JSON body: unknown members and wrong types are all named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid

LOCALES = {"zh-CN": "zh-hans", "zh-Hans": "zh-hans", "default": ""}


class MemberReader:
    """Takes members out of a JSON object by type, collecting what is wrong."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.left = dict(data)
        self.errors: list[FieldError] = []

    def words(self, *names: str) -> dict[str, str]:
        return self._take(names, lambda value: isinstance(value, str), _("Enter text."))

    def flags(self, *names: str) -> dict[str, bool]:
        return self._take(names, lambda value: isinstance(value, bool), _("True or false."))

    def objects(self, *names: str) -> dict[str, Mapping[str, Any]]:
        return self._take(names, lambda value: isinstance(value, dict), _("Send a JSON object."))

    def lists(self, *names: str) -> dict[str, list[Any]]:
        return self._take(names, lambda value: isinstance(value, list), _("Send a JSON array."))

    def integers(self, *names: str) -> dict[str, int]:
        return self._take(
            names, lambda value: isinstance(value, int) and not isinstance(value, bool), _("Enter a whole number.")
        )

    def texts(self, *names: str) -> dict[str, Any]:
        """Labels: one text, or texts by language tag."""
        found = self._take(names, is_label, _("A text, or texts by language."))
        return {name: locales(value) for name, value in found.items()}

    def ids(self, *names: str) -> dict[str, list[UUID]]:
        """Lists of ids."""
        found = self._take(names, _are_ids, _("Send an array of ids."))
        return {name: [UUID(item) for item in value] for name, value in found.items()}

    def references(self, *names: str) -> dict[str, UUID | None]:
        """Single ids, null where there is none."""
        found = self._take(
            names, lambda value: value is None or parse_uuid(value) is not None, _("Send an id or null.")
        )
        return {name: parse_uuid(value) for name, value in found.items()}

    def done(self) -> None:
        """Raise ValidationFailed for wrong types and for members that nobody took."""
        self.errors += [FieldError(name, "unknown_field", _("Unknown member.")) for name in self.left]
        if self.errors:
            raise ValidationFailed(self.errors)

    def _take(self, names: Sequence[str], fits: Any, message: str) -> dict[str, Any]:
        found = {}
        for name in names:
            if name in self.left:
                value = self.left.pop(name)
                if fits(value):
                    found[name] = value
                else:
                    self.errors.append(FieldError(name, "invalid_type", message))
        return found


def is_label(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(text, str) for text in value.values())
    return isinstance(value, str)


def locales(value: Any) -> Any:
    return {LOCALES.get(key, key): text for key, text in value.items()} if isinstance(value, dict) else value


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(parse_uuid(item) is not None for item in value)
