"""Where list views and page layouts use a field: told to whoever wants to delete it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import gettext as _

from crm_platform.kit.errors import PlatformError
from layouts.models import ListView, PageLayout
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage
from objects.query.conditions import from_json, leaves


def usages(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Yield the shared list views and the page layouts that name the field, of other objects through lookups, too.

    What people keep for themselves (own views, chosen columns) holds nobody back: it passes over what is gone.
    """
    for view in ListView.objects.filter(owner=None).select_related("object"):
        if _names(view.object.api_name, _paths_of(view), field):
            address = f"{reverse('record-list', args=[view.object.api_name])}?view={view.api_name}"
            yield Usage(_("List view"), f"{view.object.label}: {view.label}", address)
    for layout in PageLayout.objects.select_related("object"):
        if any(_names(owner, paths, field) for owner, paths in _parts_of(layout)):
            yield Usage(_("Page layout"), f"{layout.object.label}: {layout.label}")


def _paths_of(view: ListView) -> Iterator[str]:
    yield from view.columns
    yield from (path.removeprefix("-") for path in view.order)
    try:
        yield from (leaf.path for leaf in leaves(from_json(view.conditions)))
    except PlatformError:
        return  # a condition that can't be read filters nothing


def _parts_of(layout: PageLayout) -> Iterator[tuple[str, list[str]]]:
    """Yield an object and the paths from it, for every part of a layout."""
    own = layout.object.api_name
    yield own, layout.highlights
    for section in layout.sections:
        yield own, section.get("fields", [])
    for item in layout.related:
        yield item["object"], [item["field"], *item.get("columns", [])]


def _names(object_name: str, paths: Iterable[str], field: FieldSpec) -> bool:
    """Tell whether any of the paths from an object steps through the field, or ends at it."""
    try:
        obj = current_snapshot().object(object_name)
    except PlatformError:
        return False
    for path in paths:
        try:
            resolved = obj.resolve(path)
        except PlatformError:
            continue
        if field.id in {step.spec.id for step in (*resolved.hops, resolved.field)}:
            return True
    return False
