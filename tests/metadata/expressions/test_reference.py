"""The reference names every function, and the documentation holds it as it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.utils import translation

from metadata.expressions import functions
from metadata.expressions.reference import function_reference, reference_markdown

DOCUMENT = Path(__file__).parents[3] / "docs" / "expressions.md"
MARK = "<!-- made from the code: UPDATE_DOCS=1 pytest tests/metadata/expressions/test_reference.py -->\n"


def test_the_documentation_is_up_to_date() -> None:
    before, _mark, _old = DOCUMENT.read_text(encoding="utf-8").partition(MARK)
    with translation.override("en"):
        wanted = f"{before}{MARK}\n{reference_markdown()}"
    if os.environ.get("UPDATE_DOCS"):
        DOCUMENT.write_text(wanted, encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == wanted


def test_the_reference_is_json_and_holds_every_function() -> None:
    with translation.override("zh-hans"):
        entries = json.loads(json.dumps(function_reference()))
    assert {entry["name"] for entry in entries} == set(functions.keys())
    sum_up = next(entry for entry in entries if entry["name"] == "LEFT")
    assert sum_up["signature"] == "LEFT(text, count)"
    assert sum_up["summary"] == "文本开头的若干字符。"
    assert sum_up["is_compilable"]
