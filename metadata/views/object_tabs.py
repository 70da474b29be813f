"""The tabs of a business object in the object manager: one for each kind of thing that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_platform.kit.registry import Registry


@dataclass(frozen=True)
class ObjectTab:
    """A tab: its address is `url_name` with the object's API name; `only` names the objects that have it."""

    key: str
    label: Promise
    url_name: str
    only: tuple[str, ...] = ()


object_tab_registry: Registry[ObjectTab] = Registry("object tab")
object_tab_registry.register(ObjectTab("fields", _("Fields"), "metadata-object"))
object_tab_registry.register(ObjectTab("record_types", _("Record types"), "metadata-record-types"))
object_tab_registry.register(ObjectTab("validation_rules", _("Validation rules"), "metadata-validation-rules"))
object_tab_registry.register(ObjectTab("duplicate_rules", _("Duplicate rules"), "metadata-duplicate-rules"))


def object_tabs(object_name: str, active: str) -> list[dict[str, Any]]:
    """Return the tabs for `console/components/tabs.html`."""
    return [
        {
            "label": tab.label,
            "url": reverse(tab.url_name, args=[object_name]),
            "is_active": tab.key == active,
            "count": None,
        }
        for tab in object_tab_registry
        if not tab.only or object_name in tab.only
    ]
