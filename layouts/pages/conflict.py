"""Two people edit one record: keeps what each of them typed, and shows where they disagree."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from layouts.pages.record_form import RecordForm, posted_form
from metadata.field_types.widgets import OBJECT_SUFFIX, TEXT_SUFFIX

SEEN = "seen"  # the hidden input with a fingerprint of every value that the form started with
VERSION = "version"


@dataclass(frozen=True)
class Difference:
    """A field that somebody else changed meanwhile; `is_clash` when this person changed it, too."""

    name: str
    is_clash: bool


def fingerprints(form: RecordForm) -> dict[str, str]:
    """Return a short fingerprint of what each field of an unbound form shows."""
    return {name: _fingerprint(_initial_input(form, name)) for name in form.fields}


def seen_text(form: RecordForm) -> str:
    """Return the fingerprints as the text of the hidden input."""
    return json.dumps(fingerprints(form), separators=(",", ":"))


def seen_by(data: QueryDict) -> dict[str, str]:
    """Return the fingerprints that came back with a form; {} when there are none."""
    try:
        found = json.loads(data.get(SEEN, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def touched(form: RecordForm, data: QueryDict) -> frozenset[str]:
    """Return the fields that the person changed; all of them when the form doesn't say what it showed."""
    seen = seen_by(data)
    posted = {name: _fingerprint(_posted_input(form, name, data)) for name in form.fields}
    return frozenset(name for name, now in posted.items() if name not in seen or now != seen[name])


def merge(current: RecordForm, data: QueryDict) -> tuple[MultiValueDict[str, str], tuple[Difference, ...]]:
    """Return the input of a stale form on top of the record as it is now, and what others changed.

    `current` is an unbound form of the record as it is now. A field that only the others changed takes their
    value; one that this person changed keeps his.
    """
    seen, now, mine = seen_by(data), fingerprints(current), touched(current, data)
    merged: MultiValueDict[str, str] = MultiValueDict()
    differences = []
    for name in current.fields:
        posted = _posted_input(current, name, data)
        theirs = now[name] != seen.get(name)
        for key, items in (posted if name in mine else _initial_input(current, name)).items():
            merged.setlist(key, items)
        if theirs and (name not in mine or _fingerprint(posted) != now[name]):
            differences.append(Difference(name, is_clash=name in mine))
    return merged, tuple(differences)


def _initial_input(form: RecordForm, name: str) -> dict[str, list[str]]:
    return posted_form(form.fields[name].widget, name, form[name].value())


def _posted_input(form: RecordForm, name: str, data: QueryDict) -> dict[str, list[str]]:
    return {key: data.getlist(key) for key in _initial_input(form, name)}


def _fingerprint(sent: Mapping[str, list[str]]) -> str:
    """Return a fingerprint that is blind to line ends and surrounding space, which browsers change.

    The text beside a lookup's id and the kind of an empty lookup say nothing of their own.
    """
    values = [items for key, items in sent.items() if not key.endswith((TEXT_SUFFIX, OBJECT_SUFFIX))]
    plain = [[str(item).replace("\r\n", "\n").strip() for item in items] for items in values]
    # One empty input is no value; among several inputs of a name it keeps the place of its own.
    text = json.dumps([[item for item in items if item or len(items) > 1] for items in plain])
    return format(zlib.crc32(text.encode()), "x")


def differing(form: RecordForm, differences: tuple[Difference, ...], cells: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the page shows for each difference: label, the value as it is now, whose value the form holds."""
    return [
        {"label": form.fields[item.name].label, "theirs": cells.get(item.name, ""), "is_clash": item.is_clash}
        for item in differences
    ]
