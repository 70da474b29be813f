"""业务对象: creating, changing, deleting and restoring business objects."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed
from metadata.compiler.snapshot import reference_targets
from metadata.field_types.choices import COLORS
from metadata.hooks import object_created
from metadata.inputs import FieldInput, ObjectInput
from metadata.limits import OBJECTS_PER_ORGANIZATION
from metadata.loader import load_spec
from metadata.models import BusinessObject
from metadata.names import label_errors, normal_labels, object_name_errors
from metadata.publishing import publish
from metadata.services.labels import save_translations, set_labels
from metadata.services.new_fields import NewFields

TEXTS = ("label", "plural_label", "description")
PLAIN = ("icon", "color", "in_navigation", "is_searchable", "is_activity", "has_pools", "position")


def create_object(actor: Actor, given: ObjectInput) -> BusinessObject:
    """Create an object with its fields; the list, the pages and the API serve it from the commit on.

    Raises ValidationFailed with every mistake, fields' included at `fields.<index>.…`.
    """
    return publish(actor, f"Add object {given.api_name}", lambda: insert_object(given))


def update_object(actor: Actor, api_name: str, **changes: Any) -> BusinessObject:
    """Change texts, icon, colour, visibility or position; raises NotFound, ValidationFailed."""

    def change() -> BusinessObject:
        row = get_object(api_name)
        _require_valid(_change_errors(changes))
        save_translations(set_labels(row, **{name: changes[name] for name in TEXTS if name in changes}))
        for name in PLAIN:
            if name in changes:
                setattr(row, name, changes[name])
        row.save()
        return row

    return publish(actor, f"Change object {api_name}", change)


def delete_object(actor: Actor, api_name: str) -> None:
    """Hide the object and its records; the data stays and `restore_object` brings all of it back.

    Raises StateConflict while other objects look up to it.
    """

    def change() -> None:
        row = get_object(api_name)
        users = [
            spec.label.text("en")
            for spec in load_spec().objects
            if spec.api_name != api_name and api_name in reference_targets(spec)
        ]
        if users:
            raise StateConflict(
                _("Other objects look up to it: %(names)s") % {"names": ", ".join(users)}, objects=users
            )
        row.state, row.trashed_at = BusinessObject.State.TRASHED, timezone.now()
        row.save()

    publish(actor, f"Delete object {api_name}", change)


def restore_object(actor: Actor, api_name: str) -> BusinessObject:
    """Bring a deleted object back with all its records; raises NotFound when there is none to restore."""

    def change() -> BusinessObject:
        row = BusinessObject.objects.filter(api_name=api_name, state=BusinessObject.State.TRASHED).first()
        if row is None:
            raise NotFound
        row.state, row.trashed_at = BusinessObject.State.ACTIVE, None
        row.save()
        return row

    return publish(actor, f"Restore object {api_name}", change)


def get_object(api_name: str) -> BusinessObject:
    """Return the row of an active object, locked for the publish; raises NotFound."""
    row = (
        BusinessObject.objects.select_for_update().filter(api_name=api_name, state=BusinessObject.State.ACTIVE).first()
    )
    if row is None:
        raise NotFound(_("There is no such object."))
    return row


def insert_object(given: ObjectInput, *, with_fields: bool = True) -> BusinessObject:
    """Insert an object inside a publish; raises ValidationFailed."""
    _require_valid(_input_errors(given))
    last = BusinessObject.objects.aggregate(last=Max("position"))["last"] or 0
    row = BusinessObject(
        uuid=given.uuid or uuid.uuid4(),
        api_name=given.api_name,
        name_field=given.name_field,
        is_custom=given.is_custom,
        position=last + 10,
        **{name: getattr(given, name) for name in PLAIN if name != "position"},
    )
    texts = {name: getattr(given, name) for name in TEXTS}
    texts["plural_label"] = given.plural_label or given.label
    save_translations(set_labels(row, **texts))
    row.save()
    for hook in object_created:
        hook(row, given)
    if with_fields:
        insert_fields(row, given)
    return row


def insert_fields(row: BusinessObject, given: ObjectInput) -> None:
    """Insert the name field and the others, collecting the mistakes of all."""
    errors: list[FieldError] = []
    fields = NewFields()
    for index, field in enumerate(with_name_field(given)):
        try:
            fields.add(row, field)
        except ValidationFailed as failed:
            errors += [FieldError(f"fields.{index}.{e.field}", e.code, e.message, e.params) for e in failed.errors]
    _require_valid(errors)
    fields.save()


def with_name_field(given: ObjectInput) -> list[FieldInput]:
    """Return the fields with the name field among them, made first when the input has none."""
    if any(field.api_name == given.name_field for field in given.fields):
        return list(given.fields)
    name = FieldInput(
        api_name=given.name_field,
        type=given.name_type,
        label=given.name_label,
        settings=given.name_settings,
        is_required=given.name_type == "text",
        is_indexed=True,
        is_searchable=True,
        is_custom=False,
    )
    return [name, *given.fields]


def _input_errors(given: ObjectInput) -> list[FieldError]:
    errors = object_name_errors(given.api_name, is_custom=given.is_custom)
    if not errors and BusinessObject.objects.filter(api_name=given.api_name).exists():
        errors.append(FieldError("api_name", "not_unique", _("This name is taken.")))
    if BusinessObject.objects.count() >= OBJECTS_PER_ORGANIZATION:
        errors.append(FieldError(None, "quota_exceeded", _("The organisation has as many objects as it may have.")))
    if given.name_type not in ("text", "auto_number"):
        errors.append(FieldError("name_type", "invalid_choice", _("Text or auto-number.")))
    changes = {name: getattr(given, name) for name in (*TEXTS, "icon", "color")}
    return errors + _change_errors(changes)


def _change_errors(changes: dict[str, Any]) -> list[FieldError]:
    errors: list[FieldError] = []
    for name in changes:
        if name not in TEXTS and name not in PLAIN:
            errors.append(FieldError(name, "unknown_field", _("This can't be changed.")))
    for name in TEXTS:
        if name in changes:
            errors += label_errors(normal_labels(changes[name]), name, required=name == "label")
    if "color" in changes and changes["color"] not in COLORS:
        errors.append(FieldError("color", "invalid_choice", _("Unknown colour.")))
    if "icon" in changes and not _is_icon(changes["icon"]):
        errors.append(FieldError("icon", "invalid_choice", _("Unknown icon.")))
    return errors


def _is_icon(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= 40 and name.replace("-", "").isalnum() and name.isascii()


def _require_valid(errors: list[FieldError]) -> None:
    if errors:
        raise ValidationFailed(errors)
