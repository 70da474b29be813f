"""Small packages for tests: documents as Python, written to a folder as YAML."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import yaml

from metadata.packages.package import PackageSpec
from metadata.packages.portable import load_package

OBJECT_UUID = "7d1c2a44-0b0e-4a55-9d7c-1f6a2f7e0001"


def stable(name: str) -> str:
    """Return the UUID that this name always has."""
    return str(uuid.uuid5(uuid.UUID(OBJECT_UUID), name))


def label(text: str) -> dict[str, str]:
    return {"zh-hans": f"{text}（中）", "en": text}


def field(api_name: str, type: str = "text", *, key: str = "", **members: Any) -> dict[str, Any]:
    """Return a field's document; `key` keeps the UUID when the API name changes."""
    return {
        "api_name": api_name,
        "uuid": stable(key or api_name),
        "type": type,
        "label": label(api_name),
        **members,
    }


def choices(*values: str, **members: Any) -> list[dict[str, Any]]:
    return [{"value": value, "label": label(value), "color": "blue", **members} for value in values]


def machine(*fields: dict[str, Any], **members: Any) -> dict[str, Any]:
    """Return the document of an object with a name field and these fields."""
    name = field("name", is_required=True)
    return {
        "api_name": "machine__c",
        "uuid": OBJECT_UUID,
        "label": label("Machine"),
        "fields": [name, *fields],
        **members,
    }


def write(folder: Path, *objects: dict[str, Any], **main: Any) -> Path:
    """Write a package with one file for all objects; other members go into `package.yaml`."""
    folder.mkdir(parents=True, exist_ok=True)
    header = {"package": {"name": "test", "version": "1", "label": label("Test")}, "files": ["objects.yaml"]}
    texts = {"package.yaml": {**header, **main}, "objects.yaml": {"objects": list(objects)}}
    for name, document in texts.items():
        text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def package(folder: Path, *objects: dict[str, Any], **main: Any) -> PackageSpec:
    """Return a package as it is read from its files."""
    return load_package(write(folder, *objects, **main))
