"""Fields that the parameters of others name: what numbers are counted apart for, what check-ins are measured from."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage, UsageFinder, usage_finders
from metadata.field_types import field_types


def naming_fields(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Yield the fields of the object whose parameters name a field."""
    for item in spec.business_fields:
        named = field_types.get(item.type).named_fields(item.settings)
        if any(field.api_name in names for names in named.values()):
            url = reverse("metadata-field", args=[spec.api_name, item.api_name])
            yield Usage(_("Parameters of a field"), item.label.text(get_language() or "en"), url)


def register() -> None:
    """Register the finder once, from AppConfig.ready()."""
    usage_finders.register(UsageFinder("metadata.named_fields", naming_fields))
