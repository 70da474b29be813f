"""Saying where the fields of leads go: what administrators choose in place of equal names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from crm_platform.audit.actions import Action, actions
from crm_platform.audit.services import Subject, record_entry
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, Forbidden, ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.publishing import CUSTOMIZE
from objects.conversion.mapping import LEAD, sources, takers, targets
from objects.conversion.models import ConversionMapping, Existing
from objects.records.unit import run_unit

CHANGED = "conversion.mapping_changed"


@dataclass(frozen=True)
class Choice:
    """What an administrator says about a field of leads and one target; without `field` its value goes nowhere.

    `existing`: what becomes of the value in a record that is there already.
    """

    source: str
    target: str
    field: str | None
    existing: str = Existing.FILL


def choices() -> list[Choice]:
    """Return what has been said, in the order of the leads' fields."""
    lead, found = current_snapshot().object(LEAD).spec, []
    names = {field.id: (number, field.api_name) for number, field in enumerate(lead.fields)}
    for row in ConversionMapping.objects.select_related("target_object", "target_field"):
        if row.source_field_id in names:
            number, source = names[row.source_field_id]
            field = row.target_field.api_name if row.target_field else None
            found.append((number, Choice(source, row.target_object.api_name, field, row.existing)))
    return [choice for _number, choice in sorted(found, key=lambda item: (item[0], item[1].target))]


def set_choices(actor: Actor, given: Sequence[Choice]) -> None:
    """Replace everything that has been said. Raises Forbidden, and ValidationFailed with fields `<source>.<target>`."""
    if not actor.has_function(CUSTOMIZE):
        raise Forbidden
    errors = list(_mistakes(given))
    if errors:
        raise ValidationFailed(errors)
    run_unit(lambda: _replace(actor, given))


def _mistakes(given: Iterable[Choice]) -> Iterable[FieldError]:
    snapshot = current_snapshot()
    own = {field.name: field for field in sources(snapshot)}
    said: set[tuple[str, str]] = set()
    taken: dict[tuple[str, str], str] = {}
    for choice in given:
        name = f"{choice.source}.{choice.target}"
        if choice.source not in own or choice.target not in targets(snapshot) or (choice.source, choice.target) in said:
            yield FieldError(name, "unknown_field", _("There is no such field."))
            continue
        said.add((choice.source, choice.target))
        if choice.existing not in Existing.values:
            yield FieldError(f"{name}.existing", "invalid_choice", _("Choose keep, fill or overwrite."))
        if choice.field is None:
            continue
        if choice.field not in {field.name for field in takers(snapshot.object(choice.target), own[choice.source])}:
            yield FieldError(name, "invalid_choice", _("This field does not take such values."))
        elif (choice.target, choice.field) in taken:
            yield FieldError(name, "not_unique", _("Another field goes there already."))
        taken[choice.target, choice.field] = choice.source


def _replace(actor: Actor, given: Sequence[Choice]) -> None:
    snapshot, before = current_snapshot(), choices()
    ConversionMapping.objects.all().delete()
    ConversionMapping.objects.bulk_create([_row(snapshot, choice) for choice in given])
    if set(before) != set(given):
        details = {"before": _told(before), "after": _told(given)}
        record_entry(actor, CHANGED, Subject(LEAD, None), details)


def _row(snapshot: SchemaSnapshot, choice: Choice) -> ConversionMapping:
    objects = snapshot.spec.object_map
    target = objects[choice.target]
    return ConversionMapping(
        source_field_id=objects[LEAD].field_map[choice.source].id,
        target_object_id=target.id,
        target_field_id=target.field_map[choice.field].id if choice.field else None,
        existing=choice.existing,
    )


def _told(found: Iterable[Choice]) -> Mapping[str, str | None]:
    return {f"{item.source} → {item.target}": _said(item) for item in found}


def _said(choice: Choice) -> str | None:
    is_usual = choice.field is None or choice.existing == Existing.FILL
    return choice.field if is_usual else f"{choice.field} ({choice.existing})"


def register() -> None:
    """Register the kind of audit entry; called once, when Django starts."""
    actions.register(Action(CHANGED, _("Mapping of converted leads changed")))
