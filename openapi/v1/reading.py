"""Taking the members out of a JSON body: unknown members and wrong types are all named."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
Item = TypeVar("Item")
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

    def counts(self, *names: str) -> dict[str, int | None]:
        """Whole numbers, null for none."""
        return self._take(
            names,
            lambda value: value is None or (isinstance(value, int) and not isinstance(value, bool)),
            _("Enter a whole number."),
        )

    def strings(self, *names: str) -> dict[str, list[str]]:
        """Lists of texts."""
        return self._take(names, are_strings, _("Send an array of texts."))

    def trees(self, *names: str) -> dict[str, Any]:
        """Conditions: JSON objects, or null."""
        return self._take(names, lambda value: value is None or isinstance(value, dict), _("Send a JSON object."))

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

    def reference(self, name: str) -> UUID:
        """An id that must be given; where it is not, what is returned is never used."""
        found = self._take((name,), lambda value: parse_uuid(value) is not None, _("Send an id."))
        if name not in found and not any(error.field == name for error in self.errors):
            self.errors.append(FieldError(name, "required", _("This member is required.")))
        return UUID(found[name]) if found else UUID(int=0)

    def tables(self, *names: str) -> dict[str, dict[str, list[str]]]:
        """JSON objects of lists of texts."""
        return self._take(names, _is_table, _("Send a JSON object of arrays of texts."))

    def each(self, name: str, read: Callable[[Self], Item]) -> dict[str, list[Item]]:
        """A list of JSON objects, each taken apart by `read`; what is wrong with one is told at `members.0.weight`."""
        items = self._take((name,), _are_objects, _("Send an array of JSON objects."))
        return {
            key: [self._one(f"{key}.{place}", item, read) for place, item in enumerate(items[key])] for key in items
        }

    def _one(self, place: str, item: Mapping[str, Any], read: Callable[[Self], Item]) -> Item:
        reader = type(self)(item)
        found = read(reader)
        self.errors += [dataclasses.replace(error, field=f"{place}.{error.field}") for error in reader.problems()]
        return found

    def problems(self) -> list[FieldError]:
        """Return wrong types and the members that nobody took."""
        return [*self.errors, *unknown_members(self.left, ())]

    def done(self) -> None:
        """Raise ValidationFailed for wrong types and for members that nobody took."""
        self.errors = self.problems()
        if self.errors:
            raise ValidationFailed(self.errors)

    def _take(self, names: Sequence[str], fits: Any, message: str) -> dict[str, Any]:
        found = {}
        for name in names:
            if name in self.left:
                value = self.left.pop(name)
                if not is_storable(value):
                    message = _("The text holds a character that can't be stored.")
                    self.errors.append(FieldError(name, "invalid_type", message))
                elif fits(value):
                    found[name] = value
                else:
                    self.errors.append(FieldError(name, "invalid_type", message))
        return found


def unknown_members(given: Mapping[str, Any], known: Collection[str], place: str = "") -> list[FieldError]:
    """Return an error for each member that nobody has a use for, called by its place: `contact.nickname`."""
    unknown = (name for name in given if name not in known)
    return [FieldError(f"{place}{name}"[:120], "unknown_field", _("Unknown member.")) for name in unknown]


def refuse_unknown(given: Mapping[str, Any], known: Collection[str], place: str = "") -> None:
    """Raise ValidationFailed for members that nobody has a use for."""
    errors = unknown_members(given, known, place)
    if errors:
        raise ValidationFailed(errors)


def is_storable(value: Any) -> bool:
    """Tell whether PostgreSQL can store all texts in some JSON: none holds a NUL or half of a surrogate pair."""
    if isinstance(value, dict):
        return all(is_storable(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return all(map(is_storable, value))
    return not isinstance(value, str) or _UNSTORABLE.search(value) is None


def is_label(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(text, str) for text in value.values())
    return isinstance(value, str)


def locales(value: Any) -> Any:
    return {LOCALES.get(key, key): text for key, text in value.items()} if isinstance(value, dict) else value


def are_strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(are_strings(item) for item in value.values())


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(parse_uuid(item) is not None for item in value)


def user_ids(data: Mapping[str, Any]) -> list[UUID]:
    """Return the users that `{"members": [ids]}` names; raises ValidationFailed for anything else."""
    reader = MemberReader(data)
    people = reader.ids("members")
    reader.done()
    if "members" not in people:
        raise ValidationFailed.single("members", "required", _("This field is required."))
    return people["members"]
