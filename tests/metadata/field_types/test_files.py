"""What the types that hold files have of their own."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.utils.translation import override

from metadata.field_types import field_types
from metadata.field_types.attachments import FileRef
from metadata.field_types.file import USUAL_KINDS
from metadata.field_types.values import InvalidValue
from tests.kit.field_samples import FIXED_IDS
from tests.kit.field_specs import clean_context, display_context, field_spec
from tests.kit.samples.files import KEYS

ONE, TWO = uuid.UUID(int=(9 << 76) + 41), uuid.UUID(int=(9 << 76) + 42)


def clean(key: str, raw: Any, **settings: Any) -> Any:
    return field_types.get(key).clean(field_spec(key, settings), raw, clean_context())


@pytest.mark.parametrize("key", KEYS)
def test_exported_text_is_read_back(key: str) -> None:
    field_type, spec = field_types.get(key), field_spec(key, {"max_count": 9})
    value = tuple(FIXED_IDS.files[key][: field_type.max_count(spec)])  # type: ignore[attr-defined]
    for language in ("en", "zh-hans"):
        text = field_type.to_text(spec, value, display_context(language))
        assert field_type.clean(spec, text, clean_context()) == value


def test_names_can_not_lead_an_import_astray() -> None:
    tricky = FileRef(ONE, f"a ({TWO}), {TWO}.txt")
    text = field_types.get("file").to_text(field_spec("file"), (tricky,), display_context())
    assert clean("file", text) == (FileRef(ONE),)


def test_ids_may_stand_in_a_row() -> None:
    for between in (",", ", ", " ", "；", "\n"):
        assert clean("file", f"{ONE}{between}{TWO}") == (FileRef(ONE), FileRef(TWO))
    assert clean("file", [str(ONE), {"id": str(ONE)}]) == (FileRef(ONE),)


def test_claims_about_a_file_are_made_harmless() -> None:
    claim = {"id": str(ONE), "name": "../<b>\x00.txt", "size": -5, "content_type": "text/html; x=\r\n"}
    (file,) = clean("file", [claim])
    assert (file.name, file.size, file.content_type) == ("<b>.txt", 0, "application/octet-stream")
    shown = field_types.get("file").cell(field_spec("file"), (file,), display_context())
    assert "<b>" not in shown


def test_limits_come_from_the_field_and_end_at_the_installations(settings: Any) -> None:
    file_type: Any = field_types.get("file")
    spec = field_spec("file", {"max_mb": 5, "max_count": 1, "kinds": ["pdf"]})
    assert file_type.max_bytes(spec) == 5 * 1024 * 1024
    settings.FILE_MAX_BYTES = 1000
    assert file_type.max_bytes(spec) == 1000
    assert file_type.kinds(field_spec("file")) == USUAL_KINDS
    assert "other" not in USUAL_KINDS
    with pytest.raises(InvalidValue):
        file_type.check_file(spec, FileRef(ONE, "a.txt", 5, "text/plain"))
    with pytest.raises(InvalidValue):
        file_type.check_file(spec, FileRef(ONE, "a.pdf", 1001, "application/pdf"))
    file_type.check_file(spec, FileRef(ONE, "a.pdf", 1000, "application/pdf"))


def test_a_filter_says_the_type_in_words() -> None:
    with override("zh-hans"):
        assert field_types.get("file").operand_text("kind", "image") == "图片"
    assert field_types.get("file").operand_text("kind", "application/pdf") == "application/pdf"
    assert field_types.get("file").operand_text("count_gte", 2) == "2"


def test_sent_back_box_survives_rubbish() -> None:
    widget = field_types.get("file").form_field(field_spec("file"), "en").widget
    for sent in ("{", '{"id"', "[]", '{"a":' * 9000, "x", '{"id": 5}'):
        found = widget.value_from_datadict({"f": [sent]}, {}, "f")
        with pytest.raises(InvalidValue):
            clean("file", found)
        assert widget.render("f", found, {"id": "id_f"})
