"""Storing labels: one plain text on the row, translations beside it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from metadata.compiler.spec import Labels
from metadata.inputs import LabelInput
from metadata.models import LabelTranslation
from metadata.names import normal_labels


class Labelled(Protocol):
    uuid: UUID


def set_labels(row: Labelled, **texts: LabelInput) -> list[LabelTranslation]:
    """Put each text on the row's attribute and return its translations for `save_translations`.

    A mapping names the languages it translates; a plain text is shown in every language without its own.
    """
    translations = []
    for attribute, value in texts.items():
        labels = normal_labels(value)
        setattr(row, attribute, plain_text(labels))
        translations += [
            LabelTranslation(target=row.uuid, attribute=attribute, locale=locale, text=text)
            for locale, text in labels.items()
            if locale
        ]
    return translations


def save_translations(translations: Iterable[LabelTranslation]) -> None:
    """Insert or replace translations; an empty text removes its row."""
    given = list(translations)
    kept = [item for item in given if item.text]
    gone = [item for item in given if not item.text]
    if gone:
        condition = Q()
        for item in gone:
            condition |= Q(target=item.target, attribute=item.attribute, locale=item.locale)
        LabelTranslation.objects.filter(condition).delete()
    if kept:
        LabelTranslation.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["target", "attribute", "locale"],
            update_fields=["text"],
        )


def plain_text(labels: Labels) -> str:
    """Return the text for readers whose language has no translation."""
    return labels.get("") or labels.text(settings.LANGUAGE_CODE)


def texts_of(row: Labelled, attribute: str) -> dict[str, str]:
    """Return a text of a row in all its languages, as an input names them."""
    return texts_of_all([row], attribute)[row.uuid, attribute]


def texts_of_all(rows: Iterable[Labelled], *attributes: str) -> dict[tuple[UUID, str], dict[str, str]]:
    """Return texts of many rows by (row, attribute), read by one statement."""
    texts = {(row.uuid, name): {"": getattr(row, name)} for row in rows for name in attributes}
    keys = {target for target, _name in texts}
    found = LabelTranslation.objects.filter(target__in=keys, attribute__in=attributes)
    for target, attribute, locale, text in found.values_list("target", "attribute", "locale", "text"):
        texts[target, attribute][locale] = text
    return texts
