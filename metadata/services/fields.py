"""字段: adding, changing, deleting and restoring fields."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed
from crm_platform.kit.frozen import FrozenDict
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec
from metadata.dependencies import usages
from metadata.field_types import field_types
from metadata.inputs import FieldInput
from metadata.loader import load_spec
from metadata.models import BusinessField, BusinessObject
from metadata.publishing import publish, require_customize
from metadata.services.field_checks import change_errors
from metadata.services.labels import save_translations, set_labels
from metadata.services.new_fields import PARAMETERS, NewFields
from metadata.services.own_errors import own_errors

TEXTS = ("label", "help_text")


def add_field(actor: Actor, object_name: str, given: FieldInput) -> BusinessField:
    """Add a field: page, form, filter and API have it from the commit on.

    With `backfill` a job gives existing records the default. Raises NotFound, ValidationFailed.
    """

    def change() -> BusinessField:
        fields = NewFields()
        row = fields.add(_object(object_name), given)
        fields.save()
        if given.backfill and given.default is not None:
            enqueue(
                "metadata.backfill",
                {"object": object_name, "field": row.api_name},
                actor=actor,
                dedupe_key=f"backfill:{row.id}",
                label=f"{object_name}.{row.api_name}",
            )
        return row

    with own_errors(f"objects.{object_name}.fields.{given.api_name}"):
        return publish(actor, f"Add field {object_name}.{given.api_name}", change)


def update_field(actor: Actor, object_name: str, field_name: str, **changes: Any) -> BusinessField:
    """Change a field's texts, flags, default or parameters; a type only widens (text to longer or long text).

    Raises NotFound, ValidationFailed.
    """

    def change() -> BusinessField:
        row = _field(object_name, field_name)
        changed = _apply_changes(row, dict(changes))
        _require_valid(change_errors(row, changes))
        _require_widening(object_name, changed)
        changed.save()
        return changed

    with own_errors(f"objects.{object_name}.fields.{field_name}"):
        return publish(actor, f"Change field {object_name}.{field_name}", change)


def delete_field(actor: Actor, object_name: str, field_name: str) -> None:
    """Hide the field at once; its column is dropped after 30 days, until then `restore_field` undoes it.

    Raises StateConflict for the name field and for a field that is used; details["usages"] lists where.
    """
    require_customize(actor)
    spec = current_snapshot().object(object_name).spec
    if field_name == spec.name_field:
        raise StateConflict(_("The name field of an object can't be deleted."))
    field = spec.field_map.get(field_name)
    if field is None or field.is_system:
        raise NotFound(_("There is no such field."))
    if any(item.partner == field.id for item in spec.successors):
        raise StateConflict(_("The field is getting another type. Cancel that first."))
    found = usages(spec, field)
    if found:
        names = ", ".join(f"{usage.kind}: {usage.name}" for usage in found)
        raise StateConflict(_("The field is used: %(names)s") % {"names": names}, usages=found)

    def change() -> None:
        row = _field(object_name, field_name)
        row.state, row.hidden_at = BusinessField.State.HIDDEN, timezone.now()
        row.save()

    publish(actor, f"Delete field {object_name}.{field_name}", change)


def restore_field(actor: Actor, object_name: str, field_name: str) -> BusinessField:
    """Bring a deleted field back with its values; raises NotFound when there is none to restore."""

    def change() -> BusinessField:
        row = _field(object_name, field_name, BusinessField.State.HIDDEN)
        row.state, row.hidden_at = BusinessField.State.ACTIVE, None
        row.save()
        return row

    return publish(actor, f"Restore field {object_name}.{field_name}", change)


def _apply_changes(row: BusinessField, changes: dict[str, Any]) -> BusinessField:
    texts = {name: changes[name] for name in TEXTS if name in changes}
    save_translations(set_labels(row, **texts))
    for name in (*PARAMETERS, "unique_scope", "default", "position", "type"):
        if name in changes:
            setattr(row, name, changes[name])
    if "settings" in changes and row.type in field_types:
        row.settings = field_types.get(row.type).check_settings(changes["settings"])
    return row


def _require_widening(object_name: str, changed: BusinessField) -> None:
    """Refuse what the column can't become in place, comparing with the published field."""
    before = next(
        (f for o in load_spec().objects if o.api_name == object_name for f in o.fields if f.id == changed.id),
        None,
    )
    if before is None or changed.type not in field_types:
        _require_valid([FieldError("type", "invalid_choice", _("Unknown field type."))])
        return
    after = _preview(before, changed)
    if not field_types.get(before.type).can_change_to(before, after):
        raise ValidationFailed.single(
            "settings",
            "invalid_choice",
            _("A field's storage can only be widened: a longer text, or long text."),
        )


def _preview(before: FieldSpec, changed: BusinessField) -> FieldSpec:
    return replace(before, type=changed.type, settings=FrozenDict(changed.settings))


def _object(object_name: str) -> BusinessObject:
    row = (
        BusinessObject.objects.select_for_update()
        .filter(api_name=object_name, state=BusinessObject.State.ACTIVE)
        .first()
    )
    if row is None:
        raise NotFound(_("There is no such object."))
    return row


def _field(object_name: str, field_name: str, state: BusinessField.State = BusinessField.State.ACTIVE) -> BusinessField:
    row = BusinessField.objects.filter(business_object=_object(object_name), api_name=field_name, state=state).first()
    if row is None:
        raise NotFound(_("There is no such field."))
    return row


def _require_valid(errors: list[FieldError]) -> None:
    if errors:
        raise ValidationFailed(errors)
