"""Samples of the types that hold files; every input names a file of its own, since a file belongs to one record."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from metadata.field_types.attachments import FileRef
from tests.kit.samples.shapes import FieldSamples, Invalid, SampleIds, Valid, match

MISSING = str(uuid.UUID(int=7))
KEYS = ("file", "image", "signature", "audio_note")
CONTENTS = {"file": ("txt", "text/plain"), "audio_note": ("wav", "audio/wav")}  # the others: PNG
NO_FILE = (Valid(None, None, []), Valid("", None, []), Valid([], None, []))


def file_name(key: str, number: int) -> str:
    return f"Kept {number}.{CONTENTS.get(key, ('png', ''))[0]}"


def fixed_files() -> dict[str, tuple[FileRef, ...]]:
    """Return files that are nowhere, for tests without a database."""
    mimes = {key: CONTENTS.get(key, ("png", "image/png"))[1] for key in KEYS}
    return {
        key: tuple(FileRef(uuid.UUID(int=(9 << 76) + n), file_name(key, n), 1000 + n, mimes[key]) for n in range(6))
        for key in KEYS
    }


def _taken(raw: Any, *files: FileRef) -> Valid:
    return Valid(raw, tuple(files), [file.to_json() for file in files])


def _samples(key: str, ids: SampleIds, kind: str, **options: Any) -> FieldSamples:
    first, second, third, fourth, fifth, sixth, *_rest = ids.files[key]
    text = f"{first.name} ({first.id})"
    return FieldSamples(
        key,
        valid=(
            *NO_FILE,
            _taken([str(first.id)], first),
            _taken(str(second.id), second),
            _taken([third.to_json()], third),
            _taken({"id": str(fourth.id), "name": "../../claimed.exe", "size": 1}, fourth),
            _taken((fifth,), fifth),
            _taken(f"{sixth.name} ({sixth.id})", sixth),
        ),
        invalid=(
            Invalid("x", "invalid_reference"),
            Invalid(["x"], "invalid_reference"),
            Invalid({"name": "a.txt"}, "invalid_reference"),
            Invalid([{"id": 5}], "invalid_reference"),
            *(Invalid(raw, "invalid_type") for raw in (5, True, 1.5, [5], [None], [[MISSING]])),
            Invalid([MISSING] * 51, "too_long"),
        ),
        rows=([str(first.id)], {"id": str(second.id)}, None),
        matches=(
            match("nempty", None, 0, 1),
            match("empty", None, 2),
            match("contains", first.name[:-4].upper(), 0),
            match("contains", "100%"),
            match("ncontains", first.name, 1, 2),
            match("kind", kind, 0, 1),
            match("kind", first.content_type, 0, 1),
            match("kind", "video"),
            match("count_eq", 1, 0, 1),
            match("count_eq", "0", 2),
            match("count_gte", 1, 0, 1),
            match("count_lte", 0, 2),
        ),
        ascending=(),
        texts=((None, "", ""), ((first,), text, text)),
        update=[str(third.id)],
        is_exclusive=True,
        **options,
    )


BAD_NUMBERS = ({"max_count": 0}, {"max_count": 51}, {"max_count": "x"}, {"max_mb": -1}, {"kinds_": []})


def file(ids: SampleIds) -> FieldSamples:
    settings = {"max_count": 3, "max_mb": 5, "kinds": ["text", "pdf"]}
    bad = (*BAD_NUMBERS, {"kinds": ["programs"]}, {"kinds": "text"}, {"kinds": 5})
    return _samples("file", ids, "text", settings=settings, bad_settings=bad)


def image(ids: SampleIds) -> FieldSamples:
    return _samples("image", ids, "image", settings={"max_count": 3}, bad_settings=BAD_NUMBERS)


def signature(ids: SampleIds) -> FieldSamples:
    return _samples("signature", ids, "image", bad_settings=({"max_count": 2},))


def audio_note(ids: SampleIds) -> FieldSamples:
    return _samples("audio_note", ids, "audio", settings={"max_mb": 5}, bad_settings=BAD_NUMBERS)


ALL: tuple[Callable[[SampleIds], FieldSamples], ...] = (file, image, signature, audio_note)
