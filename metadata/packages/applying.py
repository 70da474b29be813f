"""Carrying a package into an organisation: everything in one publish, and twice is the same as once."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.frozen import thaw
from metadata.compiler.spec import ChoiceSpec, FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.field_types import field_types
from metadata.inputs import ChoiceInput, ChoiceSetInput, FieldInput, LabelInput, ObjectInput
from metadata.loader import load_spec
from metadata.models import BusinessField, BusinessObject, ChoiceSet
from metadata.packages.differences import diff, merged_choices
from metadata.packages.package import PackageChange, PackageSpec
from metadata.packages.sections import package_sections
from metadata.publishing import require_customize
from metadata.services.batch import LabelChange, SchemaChange, apply_changes
from metadata.services.choices import insert_choice_set

TEXTS = frozenset({"label", "plural_label", "description", "help_text"})
MODELS: dict[str, Any] = {"object": BusinessObject, "field": BusinessField, "choice_set": ChoiceSet}


def apply(actor: Actor, package: PackageSpec) -> list[PackageChange]:
    """Bring the package into the organisation and return what was done; [] when it was fully there.

    Raises Forbidden, ValidationFailed with every obstacle, SchemaLocked.
    """
    require_customize(actor)
    current = load_spec()
    changes = diff(package, current, deleted=deleted_here())
    if changes:
        change = _Application(package, current, changes).schema_change(actor)
        apply_changes(actor, change, summary=f"Apply package {package.name} {package.version}")
    return changes


def deleted_here() -> frozenset[uuid.UUID]:
    """Return the UUIDs of objects and fields that the organisation has deleted: a package leaves them so."""
    objects = BusinessObject.objects.filter(state=BusinessObject.State.TRASHED).values_list("uuid", flat=True)
    fields = BusinessField.objects.filter(state=BusinessField.State.HIDDEN).values_list("uuid", flat=True)
    return frozenset([*objects, *fields])


class _Application:
    """Turns differences into one `SchemaChange`."""

    def __init__(self, package: PackageSpec, current: SchemaSpec, changes: list[PackageChange]) -> None:
        self.package = package
        self.changes = changes
        self.objects = {item.uuid: item for item in package.schema.objects}
        self.choice_sets = {item.uuid: item for item in package.schema.choice_sets}
        self.owners = {f.uuid: item for item in package.schema.objects for f in item.business_fields}
        self.fields = {f.uuid: f for item in package.schema.objects for f in item.business_fields}
        self.present_sets = {item.uuid: item for item in current.choice_sets}
        self.present_fields = {f.uuid: f for item in current.objects for f in item.business_fields}
        self.present_objects = {item.uuid for item in current.objects}

    def schema_change(self, actor: Actor) -> SchemaChange:
        self._refuse_narrowing()
        added = {_key(change) for change in self._of("add")}
        return SchemaChange(
            choice_sets=[choice_set_input(s) for s in self.package.schema.choice_sets if s.uuid in added],
            objects=[object_input(s, added) for s in self.package.schema.objects if s.uuid in added],
            fields=[
                (owner.api_name, field_input(self.fields[key]))
                for key, owner in self.owners.items()
                if key in added and owner.uuid in self.present_objects
            ],
            choices=[*self._changed_choices()],
            labels=[*self._changed_labels()],
            more=[*self._row_changes(), *self._section_changes(actor)],
        )

    def _of(self, kind: str) -> list[PackageChange]:
        return [change for change in self.changes if change.kind == kind and change.what in MODELS]

    def _changed_choices(self) -> Iterable[tuple[str, list[ChoiceInput]]]:
        for change in self._of("change"):
            if not any(name == "order" or name.startswith("choice ") for name in change.details):
                continue
            if change.what == "choice_set":
                present, wanted = self.present_sets[_key(change)], self.choice_sets[_key(change)]
            else:
                old, new = self.present_fields[_key(change)].choice_set, self.fields[_key(change)].choice_set
                assert old is not None and new is not None, "only a field with choices differs in them"
                present, wanted = old, new
            yield present.api_name, [choice_input(item) for item in merged_choices(wanted, present)]

    def _changed_labels(self) -> Iterable[LabelChange]:
        for change in self._of("change"):
            wanted = self._wanted(change)
            texts: dict[str, LabelInput] = {n: _texts(getattr(wanted, n)) for n in change.details if n in TEXTS}
            if texts:
                yield LabelChange(MODELS[change.what], _key(change), texts)

    def _row_changes(self) -> Iterable[Callable[[], None]]:
        """Return what has no input of its own, removals first, so that a renaming may take a freed name."""
        for change in self._of("remove"):
            yield partial(_hide, _key(change))
        for change in self._of("rename"):
            name = self._wanted(change).api_name
            yield partial(_update, MODELS[change.what], _key(change), {"api_name": name})
        for change in self._of("change"):
            wanted = self._wanted(change)
            columns = {field.name for field in MODELS[change.what]._meta.concrete_fields}
            values = {n: thaw(getattr(wanted, n)) for n in change.details if n in columns - TEXTS - {"choice_set"}}
            if values:
                yield partial(_update, MODELS[change.what], _key(change), values)
            if "choice_set" in change.details:
                yield partial(_choose_set, _key(change), self.owners[_key(change)].api_name, self.fields[_key(change)])

    def _section_changes(self, actor: Actor) -> Iterable[Callable[[], None]]:
        for key, documents in self.package.sections.items():
            yield partial(package_sections.get(key).apply, actor, documents)

    def _wanted(self, change: PackageChange) -> Any:
        found: dict[str, Any] = {"object": self.objects, "field": self.fields, "choice_set": self.choice_sets}
        return found[change.what][_key(change)]

    def _refuse_narrowing(self) -> None:
        """Raise ValidationFailed for fields whose column can't be altered in place into what is wanted."""
        errors = []
        for change in self._of("change"):
            if change.what != "field" or not {"type", "settings"} & set(change.details):
                continue
            old, new = self.present_fields[_key(change)], self.fields[_key(change)]
            if not field_types.get(old.type).can_change_to(old, new):
                message = _("The stored values can't become this type: storage is only ever widened.")
                errors.append(FieldError(change.name, "invalid_choice", message))
        if errors:
            raise ValidationFailed(errors)


def object_input(spec: ObjectSpec, added: set[uuid.UUID]) -> ObjectInput:
    """Return the input that creates an object with those of its fields that are to be added."""
    flags = ("is_activity", "has_pools", "in_navigation", "is_searchable", "is_custom")
    names = ("api_name", "name_field", "icon", "color", *flags)
    values: dict[str, Any] = {name: getattr(spec, name) for name in names}
    values |= {name: _texts(getattr(spec, name)) for name in ("label", "plural_label", "description")}
    fields = [field_input(field) for field in spec.business_fields if field.uuid in added]
    return ObjectInput(uuid=spec.uuid, fields=fields, **values)


def field_input(spec: FieldSpec) -> FieldInput:
    """Return the input that creates a field."""
    names = (
        "api_name",
        "type",
        "is_required",
        "is_unique",
        "is_indexed",
        "is_searchable",
        "track_history",
        "unique_scope",
        "is_case_sensitive",
        "default_formula",
        "required_if",
        "visible_if",
        "readonly_if",
        "sensitivity",
        "is_deprecated",
        "is_custom",
        "uuid",
    )
    chosen = spec.choice_set
    return FieldInput(
        **{name: getattr(spec, name) for name in names},
        label=_texts(spec.label),
        help_text=_texts(spec.help_text),
        settings=thaw(spec.settings),
        choices=[choice_input(item) for item in chosen.choices] if chosen and not chosen.is_shared else (),
        choice_set=chosen.api_name if chosen and chosen.is_shared else "",
        default=thaw(spec.default),
    )


def choice_set_input(spec: Any) -> ChoiceSetInput:
    """Return the input that creates a shared choice set."""
    choices = [choice_input(item) for item in spec.choices]
    return ChoiceSetInput(spec.api_name, _texts(spec.label), choices, spec.is_custom, spec.uuid)


def choice_input(spec: ChoiceSpec) -> ChoiceInput:
    """Return the input that creates or changes a choice."""
    return ChoiceInput(
        spec.value, _texts(spec.label), spec.color, spec.is_active, spec.is_default, thaw(spec.properties)
    )


def _key(change: PackageChange) -> uuid.UUID:
    assert change.uuid is not None, "objects, fields and choice sets have UUIDs"
    return change.uuid


def _texts(labels: Labels) -> dict[str, str]:
    return dict(labels)


def _update(model: Any, key: uuid.UUID, values: Mapping[str, Any]) -> None:
    model.objects.filter(uuid=key).update(**values)


def _hide(key: uuid.UUID) -> None:
    BusinessField.objects.filter(uuid=key).update(state=BusinessField.State.HIDDEN, hidden_at=timezone.now())


def _choose_set(key: uuid.UUID, object_name: str, wanted: FieldSpec) -> None:
    """Give a field the shared set that it is to use, or a private one of its own."""
    chosen = wanted.choice_set
    assert chosen is not None, "a field that changes its choice set has one"
    if chosen.is_shared:
        row = ChoiceSet.objects.get(api_name=chosen.api_name)
    else:
        choices = [choice_input(item) for item in chosen.choices]
        given = ChoiceSetInput(f"{object_name}.{wanted.api_name}", _texts(wanted.label), choices, False)
        row = insert_choice_set(given, is_shared=False)
    BusinessField.objects.filter(uuid=key).update(choice_set=row)
