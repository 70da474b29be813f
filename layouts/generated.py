"""List views and layouts made from the spec alone, so that a new object works before anybody arranges it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from django.conf import settings
from django.utils.translation import gettext, override
from django.utils.translation import gettext_noop as _

from layouts.documents import Layout, ListViewSpec, RelatedList, Section
from metadata.compiler.spec import RECORD_TYPE, FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.field_types import field_types
from objects.display.desk import plural_label

ALL, MINE, RECENT = "all", "mine", "recent"
LIST_COLUMNS = 7
RELATED_COLUMNS = 4
HIGHLIGHTS = 4
SYSTEM_COLUMNS = ("owner_id", "created_at")
SYSTEM_SECTION = ("owner_id", "owner_department_id", "created_at", "created_by_id", "updated_at", "updated_by_id")
DEFAULT_ORDER = ("-created_at",)


def in_every_language(message: str, **params: Labels) -> Labels:
    """Return `message` translated into each language, its placeholders filled from labels in that language."""
    texts = {}
    for locale, _name in settings.LANGUAGES:
        with override(locale):
            texts[locale] = gettext(message) % {key: label.text(locale) for key, label in params.items()}
    return Labels(texts)


def list_columns(spec: ObjectSpec, limit: int = LIST_COLUMNS) -> tuple[str, ...]:
    """Return the name, the first fields that fit a cell, the owner and the date of creation."""
    others = (item.api_name for item in narrow_fields(spec) if item.api_name != spec.name_field)
    first = [spec.name_field, *others][:limit]
    return (*first, *(name for name in SYSTEM_COLUMNS if name in spec.field_map))


def list_views(spec: ObjectSpec) -> tuple[ListViewSpec, ...]:
    """Return "All …" and "My …"."""
    columns = list_columns(spec)
    plural = plural_label(spec)
    mine = {"field": "owner_id", "op": "is_me", "value": None}
    return (
        ListViewSpec(ALL, in_every_language(_("All %(objects)s"), objects=plural), columns, None, DEFAULT_ORDER, True),
        ListViewSpec(MINE, in_every_language(_("My %(objects)s"), objects=plural), columns, mine, DEFAULT_ORDER),
    )


def layout(spec: ObjectSpec, schema: SchemaSpec) -> Layout:
    """Return the layout of an object that has none of its own."""
    names = [item.api_name for item in narrow_fields(spec) if field_types.get(item.type).group != "file"]
    highlights = tuple(name for name in names if name not in (spec.name_field, stage_name(spec)))[: HIGHLIGHTS - 1]
    return complete(Layout(highlights=(*highlights, "owner_id")), spec, schema)


def complete(arranged: Layout, spec: ObjectSpec, schema: SchemaSpec) -> Layout:
    """Return the layout without what no longer exists, and with every field and lookup that it leaves out."""
    sections = [
        Section(item.label, tuple(name for name in item.fields if name in spec.field_map), item.columns)
        for item in arranged.sections
    ]
    placed = {name for item in sections for name in item.fields}
    sections += _sections_of_rest(spec, placed, has_sections=bool(sections))
    if spec.record_types and RECORD_TYPE not in placed:  # first: choices further down hang on it
        first = next((place for place, item in enumerate(sections) if item.fields), 0)
        sections[first] = replace(sections[first], fields=(RECORD_TYPE, *sections[first].fields))
    listed, activities = _related(arranged.related, spec, schema)
    return Layout(
        highlights=tuple(name for name in arranged.highlights if name in spec.field_map),
        sections=tuple(item for item in sections if item.fields),
        related=listed,
        activities=activities,
    )


def is_wide(field: FieldSpec) -> bool:
    """Tell whether a field's values are too tall for a list cell or a half-width row."""
    return field_types.get(field.type).is_wide


def narrow_fields(spec: ObjectSpec) -> tuple[FieldSpec, ...]:
    """Return the business fields that fit a cell, without those that are offered nowhere new."""
    return tuple(item for item in spec.business_fields if not (is_wide(item) or item.is_deprecated))


def stage_name(spec: ObjectSpec) -> str | None:
    """Return the name of the object's first stage field."""
    return next((item.api_name for item in spec.business_fields if item.type == "stage"), None)


def lookups_to(spec: ObjectSpec, schema: SchemaSpec) -> Iterable[tuple[ObjectSpec, FieldSpec]]:
    """Yield every (object, lookup field) that may point at records of the object."""
    for other in schema.objects:
        for item in other.business_fields:
            if spec.api_name in (item.settings.get("target"), *item.settings.get("targets", ())):
                yield other, item


def _sections_of_rest(spec: ObjectSpec, placed: set[str], *, has_sections: bool) -> list[Section]:
    rest = [item for item in spec.business_fields if item.api_name not in placed and not item.is_deprecated]
    title = _("More information") if has_sections else _("Details")
    narrow = tuple(item.api_name for item in rest if not is_wide(item))
    wide = tuple(item.api_name for item in rest if is_wide(item))
    system = tuple(name for name in SYSTEM_SECTION if name not in placed)
    return [
        Section(in_every_language(title), narrow),
        Section(in_every_language(_("Description")), wide, columns=1),
        Section(in_every_language(_("System")), system),
    ]


def _related(
    arranged: tuple[RelatedList, ...], spec: ObjectSpec, schema: SchemaSpec
) -> tuple[tuple[RelatedList, ...], tuple[RelatedList, ...]]:
    """Return the related lists and the activities, those that the layout names first."""
    existing = {(other.api_name, item.api_name): other for other, item in lookups_to(spec, schema)}
    found = [item for item in arranged if (item.object, item.field) in existing]
    named = {(item.object, item.field) for item in found}
    for (object_name, field_name), other in existing.items():
        if (object_name, field_name) not in named:
            columns = tuple(name for name in list_columns(other, RELATED_COLUMNS + 1) if name != field_name)
            found.append(RelatedList(object_name, field_name, columns[:RELATED_COLUMNS]))
    activity = {name for name, other in ((other.api_name, other) for other in existing.values()) if other.is_activity}
    return (
        tuple(item for item in found if item.object not in activity),
        tuple(item for item in found if item.object in activity),
    )
