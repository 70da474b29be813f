"""Dependent choices of an object: in the order in which they follow from each other, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_platform.kit.errors import FieldError
from metadata.compiler.spec import FieldSpec, ObjectSpec
from metadata.dependencies import Usage
from metadata.field_types.dependent import CONTROLLING, controlling_name

CONTROLLING_TYPES = frozenset({"picklist", "stage", "checkbox"})


def dependent_fields(spec: ObjectSpec) -> tuple[FieldSpec, ...]:
    """Return the fields whose choices depend on another's, each after the one that controls it."""
    found = [field for field in spec.business_fields if controlling_name(field) in spec.field_map]
    return tuple(sorted(found, key=lambda field: len(_chain(spec, field))))


def offered_controllers(spec: ObjectSpec, field: FieldSpec) -> list[FieldSpec]:
    """Return the fields that may control a field: they do not depend on it themselves."""
    fitting = [item for item in spec.business_fields if item.type in CONTROLLING_TYPES]
    return [item for item in fitting if field.api_name not in [item.api_name, *_chain(spec, item)]]


def dependency_errors(specs: Iterable[ObjectSpec]) -> list[FieldError]:
    """Return what is wrong with the dependencies in these objects."""
    return [error for spec in specs for field in spec.business_fields for error in _errors(spec, field)]


def dependency_usages(spec: ObjectSpec, field: FieldSpec) -> Iterator[Usage]:
    """Yield the fields whose choices a field controls."""
    for item in spec.business_fields:
        if controlling_name(item) == field.api_name:
            label = item.label.text(get_language() or "en")
            url = reverse("metadata-field-dependency", args=[spec.api_name, item.api_name])
            yield Usage(_("Dependent choices"), label, url)


def _errors(spec: ObjectSpec, field: FieldSpec) -> Iterator[FieldError]:
    name = controlling_name(field)
    if not name:
        return
    place = f"settings.{CONTROLLING}"
    controlling = spec.field_map.get(name)
    if controlling is None or controlling.type not in CONTROLLING_TYPES or controlling.is_system:
        yield FieldError(place, "invalid_reference", _("Choose a picklist or check box of the same object."))
    elif field.api_name in _chain(spec, field):
        yield FieldError(place, "invalid_choice", _("The fields would depend on each other in a circle."))


def _chain(spec: ObjectSpec, field: FieldSpec) -> list[str]:
    """Return the fields that control a field, the nearest first; a circle ends where it closes."""
    chain: list[str] = []
    here: FieldSpec | None = field
    while here is not None and (name := controlling_name(here)) and name not in chain:
        chain.append(name)
        here = spec.field_map.get(name)
    return chain
