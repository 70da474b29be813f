"""The sections of packages that hold list views and page layouts."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from crm_platform.kit.context import Actor
from crm_platform.kit.frozen import thaw
from layouts.models import ListView, PageLayout
from metadata.compiler.spec import Labels
from metadata.models import BusinessObject, LabelTranslation
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from metadata.packages.writing import label_value
from metadata.services.labels import save_translations, set_labels


@dataclass(frozen=True)
class RowSection:
    """A section whose documents are rows of one model with a UUID, an object and a label.

    `parts` are the members that travel, with the value that is left out. Rows of users are theirs and stay.
    """

    key: str
    model: Any  # of models with these attributes
    parts: Mapping[str, Any]
    flow: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    def section(self) -> PackageSection:
        return PackageSection(self.key, self.export, self.diff, self.apply, self.flow, self.rows)

    def export(self, object_names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the shared rows of the named objects."""
        order = {name: index for index, name in enumerate(object_names)}
        found = [row for row in self._rows() if row.object.api_name in order]
        texts = self._texts(row.uuid for row in found)
        found.sort(key=lambda row: order[row.object.api_name])
        return [self._document(row, texts.get(row.uuid, {})) for row in found]

    def diff(self, documents: Documents) -> list[PackageChange]:
        """Return what applying the documents would add and change."""
        present = {row.uuid: row for row in self._rows()}
        texts = self._texts(present)
        changes = []
        for wanted in documents:
            key = uuid.UUID(wanted["uuid"])
            name = f"{wanted['object']}.{wanted['api_name']}"
            if key not in present:
                changes.append(PackageChange("add", self.key, name, key))
                continue
            details = _differences(self._document(present[key], texts.get(key, {})), wanted, self.parts)
            if details:
                changes.append(PackageChange("change", self.key, name, key, details))
        return changes

    def apply(self, actor: Actor, documents: Documents) -> None:
        """Insert and change rows so that they equal the documents.

        A row of the same name that someone made here keeps its place, is changed, and takes the UUID.
        """
        objects = {row.api_name: row for row in BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE)}
        present = list(self._rows())
        known = {row.uuid: row for row in present} | {(row.object_id, row.api_name): row for row in present}
        added, texts = [], []
        for wanted in documents:
            owner = objects.get(wanted["object"])
            if owner is None:
                continue
            found = known.get(uuid.UUID(wanted["uuid"])) or known.get((owner.id, wanted["api_name"]))
            row = found or self.model(object=owner)
            texts += self._fill(row, wanted)
            if getattr(row, "is_default", False):
                _step_back([other for other in present if other.object_id == owner.id and other is not found])
            if found is None:
                added.append(row)
            else:
                row.save()
        self.model._default_manager.bulk_create(added)
        save_translations(texts)

    def _fill(self, row: Any, wanted: Mapping[str, Any]) -> list[LabelTranslation]:
        """Give a row the values of its document; returns the translations to be saved with it."""
        key = uuid.UUID(wanted["uuid"])
        if row.pk is not None and row.uuid != key:
            LabelTranslation.objects.filter(target=row.uuid).delete()
        row.uuid = key
        for name, usual in self.parts.items():
            setattr(row, name, thaw(wanted.get(name, usual)))
        return set_labels(row, label=thaw(wanted["label"]))

    def _rows(self) -> models.QuerySet[Any]:
        rows: models.QuerySet[Any] = self.model._default_manager.select_related("object").order_by("object_id", "id")
        if hasattr(self.model, "position"):
            rows = rows.order_by("object_id", "position", "id")
        return rows.filter(owner=None) if hasattr(self.model, "owner") else rows

    def _texts(self, keys: Any) -> dict[uuid.UUID, dict[str, str]]:
        texts: dict[uuid.UUID, dict[str, str]] = {}
        found = LabelTranslation.objects.filter(target__in=list(keys), attribute="label")
        for target, locale, text in found.values_list("target", "locale", "text"):
            texts.setdefault(target, {})[locale] = text
        return texts

    def _document(self, row: Any, texts: Mapping[str, str]) -> dict[str, Any]:
        document = {
            "object": row.object.api_name,
            "uuid": str(row.uuid),
            "api_name": row.api_name,
            "label": label_value(Labels({**texts, "": row.label})),
        }
        values = {name: getattr(row, name) for name in self.parts}
        document.update({name: value for name, value in values.items() if value != self.parts[name]})
        return document


def _step_back(rows: Sequence[Any]) -> None:
    """Make room for another default."""
    for row in rows:
        if row.is_default:
            row.is_default = False
            row.save(update_fields=["is_default"])


def _differences(
    present: Mapping[str, Any], wanted: Mapping[str, Any], parts: Mapping[str, Any]
) -> dict[str, tuple[object, object]]:
    usual = {"label": None, **parts}
    pairs = {name: (present.get(name, usual[name]), thaw(wanted.get(name, usual[name]))) for name in usual}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


LIST_VIEWS = RowSection(
    "list_views",
    ListView,
    {"api_name": "", "columns": [], "conditions": None, "order": [], "is_default": False, "position": 0},
    flow=("columns", "conditions", "order"),
)
PAGE_LAYOUTS = RowSection(
    "page_layouts",
    PageLayout,
    {"api_name": "", "highlights": [], "sections": [], "related": [], "is_default": False},
    flow=("highlights",),
    rows=("sections", "related"),
)


def register() -> None:
    """Register both sections; called once from AppConfig.ready()."""
    package_sections.register(LIST_VIEWS.section())
    package_sections.register(PAGE_LAYOUTS.section())
