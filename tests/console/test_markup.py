"""`kit.markup.format_html` does what Django's does, faster."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from crm_platform.kit.markup import format_html


class Drawing:
    def __html__(self) -> str:
        return "<svg></svg>"


@pytest.mark.parametrize(
    "value",
    ["", "<b>&amp;\"'", mark_safe("<b>bold</b>"), gettext_lazy("Sign out"), 7, None, Drawing(), "{} {0} %s"],
)
def test_values_are_escaped_as_django_does(value: Any) -> None:
    made = format_html('<i title="{}">{more}</i>', value, more=value)
    assert made == html.format_html('<i title="{}">{more}</i>', value, more=value)
    assert isinstance(made, SafeString)
