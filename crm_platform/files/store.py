"""Bytes by their digest, in a folder of the organisation's own, through Django's storage named `files`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from crm_platform.tenancy.context import current_schema

CHUNK = 64 * 1024
THUMBNAIL_SIDES = (160, 480, 1280)


def storage() -> Storage:
    """Return where bytes are kept; a folder by default, anything that Django has a storage for by settings."""
    return storages["files"]


def content_key(sha256: str) -> str:
    """Return where a content of the current organisation lies."""
    return f"{current_schema()}/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def thumbnail_key(sha256: str, side: int) -> str:
    return f"{content_key(sha256)}-{side}.webp"


def digest(file: IO[bytes]) -> tuple[str, int]:
    """Return a file's SHA-256 and size; it is left at its beginning."""
    hashed, size = hashlib.sha256(), 0
    for chunk in chunks(file):
        hashed.update(chunk)
        size += len(chunk)
    file.seek(0)
    return hashed.hexdigest(), size


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK):
        yield chunk


def write(key: str, file: IO[bytes]) -> None:
    """Keep the bytes under the key; what is there already is the same."""
    if not storage().exists(key):
        file.seek(0)
        storage().save(key, File(file))


def open_content(key: str) -> Any:
    """Return the bytes as an open file; raises FileNotFoundError."""
    return storage().open(key, "rb")


def remove_content(sha256: str) -> None:
    """Remove a content and everything made from it; what is not there is no error."""
    for key in (content_key(sha256), *(thumbnail_key(sha256, side) for side in THUMBNAIL_SIDES)):
        storage().delete(key)


def remove_organization(schema_name: str) -> None:
    """Remove everything of an organisation that is gone."""
    _remove_folder(schema_name)


def _remove_folder(folder: str) -> None:
    try:
        folders, files = storage().listdir(folder)
    except FileNotFoundError:
        return
    for name in folders:
        _remove_folder(f"{folder}/{name}")
    for name in files:
        storage().delete(f"{folder}/{name}")
    storage().delete(folder)
