"""The file in which people fill in records: a header that this platform understands."""

from __future__ import annotations

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.exchange.fields import CREATED_AT, CREATED_BY, ID, import_fields
from objects.exchange.results import BOM
from objects.exchange.tables import csv_line

LEFT_OUT = frozenset({ID, CREATED_AT, CREATED_BY})


def template_file(actor: Actor, obj: CompiledObject) -> str:
    """Return the header with the labels of all fields that the caller may fill; required ones have a star."""
    fields = [item for item in import_fields(actor, obj) if item.name not in LEFT_OUT]
    fields.sort(key=lambda item: (item.name != obj.spec.name_field, not item.is_required))
    return BOM + csv_line([item.label(actor.language) + ("*" if item.is_required else "") for item in fields])
