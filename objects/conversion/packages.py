"""The section of packages that says where fields of leads go when these are converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.models import BusinessField, BusinessObject
from metadata.packages.package import PackageChange
from metadata.packages.sections import Documents, PackageSection, package_sections
from objects.conversion.mapping import LEAD
from objects.conversion.models import ConversionMapping, Existing

KEY = "conversion_mappings"


def export(object_names: Sequence[str]) -> list[dict[str, Any]]:
    """Return what has been said about the fields of leads, for targets that are among the named objects."""
    if LEAD not in object_names:
        return []
    rows = ConversionMapping.objects.filter(target_object__api_name__in=object_names).select_related(
        "source_field", "target_object", "target_field"
    )
    return [
        {
            "object": LEAD,
            "field": row.source_field.api_name,
            "target": row.target_object.api_name,
            "to": row.target_field.api_name if row.target_field else None,
            **({"existing": row.existing} if row.existing != Existing.FILL else {}),
        }
        for row in rows.order_by("source_field__position", "source_field_id", "target_object_id")
    ]


def diff(documents: Documents) -> list[PackageChange]:
    """Return what applying the documents would add and change."""
    present = _present()
    changes = []
    for wanted in documents:
        place, name = (wanted["field"], wanted["target"]), f"{wanted['object']}.{wanted['field']}.{wanted['target']}"
        if place not in present:
            changes.append(PackageChange("add", KEY, name, None))
            continue
        now = {"to": wanted.get("to"), "existing": wanted.get("existing", Existing.FILL)}
        differing = {key: (present[place][key], value) for key, value in now.items() if present[place][key] != value}
        if differing:
            changes.append(PackageChange("change", KEY, name, None, differing))
    return changes


def apply(actor: Actor, documents: Documents) -> None:
    """Say about each field what the package says; what else has been said stays."""
    objects = dict(BusinessObject.objects.values_list("api_name", "id"))
    active = BusinessField.objects.filter(state=BusinessField.State.ACTIVE)
    fields = {(row.business_object_id, row.api_name): row.pk for row in active}
    for wanted in documents:
        lead, target, to = objects.get(wanted["object"], 0), objects.get(wanted["target"], 0), wanted.get("to")
        source, field = fields.get((lead, wanted["field"])), fields.get((target, to or ""))
        if source is None or not target or bool(to) != (field is not None):
            continue  # what the organisation does not have
        if field is not None:
            ConversionMapping.objects.filter(target_field_id=field).delete()
        ConversionMapping.objects.update_or_create(
            source_field_id=source,
            target_object_id=target,
            defaults={"target_field_id": field, "existing": _way(wanted)},
        )


def _way(wanted: Mapping[str, Any]) -> str:
    """Return what existing records do; raises ValidationFailed for what nobody knows."""
    given = wanted.get("existing", Existing.FILL)
    if given not in Existing.values:
        raise ValidationFailed.single("existing", "invalid_choice", _("Choose keep, fill or overwrite."))
    return str(given)


def _present() -> Mapping[tuple[str, str], Mapping[str, str | None]]:
    rows = ConversionMapping.objects.values_list(
        "source_field__api_name", "target_object__api_name", "target_field__api_name", "existing"
    )
    return {(source, target): {"to": to, "existing": existing} for source, target, to, existing in rows}


def register() -> None:
    """Register the section; called once, when Django starts."""
    package_sections.register(PackageSection(KEY, export, diff, apply))
