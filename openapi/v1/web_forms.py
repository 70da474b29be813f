"""Web forms, for those who settle them, and what came through them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openapi.v1.intake_sources import SourceArrivals, SourceDetail, SourceEndpoint, SourceList, SourceRelease
from openapi.v1.reading import MemberReader
from workflows.intake.services import FORMS, TEXTS

SENT = ("consent_text", "page", "referrer", "parameters")


class _Forms(SourceEndpoint):
    kind = FORMS

    def changes(self, reader: MemberReader) -> Mapping[str, Any]:
        return {
            **super().changes(reader),
            **reader.words(*(name for name in TEXTS if name != "label")),
            **reader.lists("fields", "origins"),
        }

    def told(self, row: Any) -> dict[str, Any]:
        names = ("token", "fields", "origins", *TEXTS)
        return {**super().told(row), **{name: getattr(row, name) for name in names}}


class WebFormList(_Forms, SourceList):
    """`GET` all forms; `POST` a new one."""


class WebFormDetail(_Forms, SourceDetail):
    """One form: `GET`, `PATCH`, `DELETE`."""


class WebFormSubmissions(SourceArrivals):
    """`GET` what came through a form, the newest first (`state`, `cursor`)."""

    kind, texts = FORMS, SENT


class WebFormRelease(SourceRelease):
    """`POST`: make the record of what was held back."""

    kind, texts = FORMS, SENT
