"""Logos of installations that kept them as bytes are in the file store after the upgrade, and before it again."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from crm_platform.files.models import StoredFile
from tests.kit.uploads import picture

pytestmark = pytest.mark.django_db


class Row(SimpleNamespace):
    """Stands for a row of the settings as they were in between."""

    def save(self, update_fields: list[str]) -> None:
        self.saved = update_fields


class Apps:
    """Stands for the models as migrations see them: the former settings, the files as they are."""

    def __init__(self, row: Row) -> None:
        self.settings = SimpleNamespace(objects=SimpleNamespace(exclude=lambda **_none: [row]))

    def get_model(self, app: str, _name: str) -> Any:
        return self.settings if app == "identity" else StoredFile


def test_logo_moves_to_the_store_and_back() -> None:
    migration = importlib.import_module("crm_platform.identity.migrations.0003_move_logo")
    content = picture(size=(60, 30))
    row = Row(logo=memoryview(content), logo_type="image/png", logo_file=None)
    migration.move_to_store(Apps(row), None)
    file = StoredFile.objects.get()
    assert row.logo_file == file
    assert (file.width, file.height, file.held_by) == (60, 30, "organization.logo")
    with file.opened() as kept:
        assert kept.read() == content
    row.logo = None
    migration.move_back(Apps(row), None)
    assert (row.logo, row.logo_type) == (content, "image/png")
