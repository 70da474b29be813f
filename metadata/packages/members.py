"""Reading one mapping of a package document member by member, with every mistake noted where it stands."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from crm_platform.kit.frozen import FrozenDict
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.spec import Labels
from metadata.packages.yaml_format import Parsed

REQUIRED: Any = object()


class Member(NamedTuple):
    """How a member is read (`read` raises ValueError) and what stands for it when it is left out."""

    read: Callable[[Any], Any]
    default: Any = REQUIRED


@dataclass
class Findings:
    """The mistakes found so far; `field` of each error is `file:line /pointer`."""

    errors: list[FieldError] = field(default_factory=list)

    def add(self, parsed: Parsed, pointer: str, code: str, message: str) -> None:
        self.errors.append(FieldError(parsed.where(pointer), code, message))


def read_mapping(
    parsed: Parsed, pointer: str, given: Any, members: Mapping[str, Member], findings: Findings
) -> dict[str, Any] | None:
    """Return the members of a mapping with defaults filled in; None when any of them is wrong."""
    if not isinstance(given, Mapping):
        findings.add(parsed, pointer, "invalid_type", _("This must be a mapping."))
        return None
    before = len(findings.errors)
    for name in given:
        if name not in members:
            findings.add(parsed, f"{pointer}/{name}", "unknown_field", _("Unknown member."))
    found: dict[str, Any] = {}
    for name, member in members.items():
        if name not in given:
            if member.default is REQUIRED:
                message = _("The member “%(name)s” is missing.") % {"name": name}
                findings.add(parsed, pointer, "required", message)
            found[name] = member.default
            continue
        try:
            found[name] = member.read(given[name])
        except ValueError as error:
            findings.add(parsed, f"{pointer}/{name}", "invalid_type", str(error))
    return found if len(findings.errors) == before else None


def read_list(
    parsed: Parsed, pointer: str, given: Any, read: Callable[[str, Any], Any], findings: Findings
) -> list[Any]:
    """Return what `read` makes of every item; items for which it returns None are left out."""
    if given is None:
        return []
    if not isinstance(given, list):
        findings.add(parsed, pointer, "invalid_type", _("This must be a list."))
        return []
    items = (read(f"{pointer}/{index}", item) for index, item in enumerate(given))
    return [item for item in items if item is not None]


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(_("This must be a text."))
    return value


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(_("This must be true or false."))
    return value


def labels(value: Any) -> Labels:
    """Read a text, or texts by locale."""
    given = {"": value} if isinstance(value, str) else value
    if not isinstance(given, Mapping) or not all(isinstance(item, str) for item in given.values()):
        raise ValueError(_("This must be a text, or texts by language."))
    return Labels(given)


def stable_id(value: Any) -> uuid.UUID:
    found = parse_uuid(value)
    if found is None:
        raise ValueError(_("This must be a UUID."))
    return found


def mapping(value: Any) -> FrozenDict:
    if not isinstance(value, Mapping):
        raise ValueError(_("This must be a mapping."))
    return FrozenDict(value)


def names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(_("This must be a list of names."))
    return tuple(value)


def anything(value: Any) -> Any:
    return value
