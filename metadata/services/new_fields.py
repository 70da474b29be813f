"""New fields of a publish: each is checked as it comes, and all are inserted with a handful of statements."""

from __future__ import annotations

import uuid

from crm_platform.kit.errors import ValidationFailed
from metadata.field_types import field_types
from metadata.hooks import fields_created
from metadata.inputs import ChoiceSetInput, FieldInput
from metadata.models import BusinessField, BusinessObject, ChoiceSet, LabelTranslation
from metadata.services.choices import ChoiceSetRows, choice_set_errors
from metadata.services.completing import completed
from metadata.services.field_checks import input_errors
from metadata.services.known import KnownRows
from metadata.services.labels import save_translations, set_labels
from metadata.services.placement import Placement

FLAGS = (
    "is_required",
    "is_unique",
    "is_indexed",
    "is_searchable",
    "track_history",
    "is_case_sensitive",
    "is_deprecated",
)
EXPRESSIONS = ("default_formula", "required_if", "visible_if", "readonly_if")
PARAMETERS = (*FLAGS, *EXPRESSIONS, "sensitivity")


class NewFields:
    """Collects fields with `add`; `save` inserts them. The objects they belong to exist already."""

    def __init__(self) -> None:
        self._known = KnownRows()
        self._rows: list[BusinessField] = []
        self._sets = ChoiceSetRows()
        self._translations: list[LabelTranslation] = []
        self._placement = Placement()

    def add(
        self, business_object: BusinessObject, given: FieldInput, replaces: BusinessField | None = None
    ) -> BusinessField:
        """Return the field's row, which `save` will insert; raises ValidationFailed with all that is wrong.

        With `replaces` it is prepared to take that field's place, which is no further field of the object; it
        shares the choices of that field unless it is given its own.
        """
        given = completed(business_object.api_name, given)
        errors = input_errors(self._known, business_object, given)
        if replaces is not None:
            errors = [error for error in errors if error.code != "quota_exceeded" or error.field == "choices"]
        if errors:
            raise ValidationFailed(errors)
        row = BusinessField(
            business_object=business_object,
            uuid=given.uuid or uuid.uuid4(),
            api_name=given.api_name,
            type=given.type,
            settings=field_types.get(given.type).check_settings(given.settings),
            choice_set=self._choice_set(business_object, given, replaces),
            default=given.default,
            is_custom=given.is_custom,
            position=self._known.fields_of(business_object).last_position + 10,
            unique_scope=list(given.unique_scope),
            **{name: getattr(given, name) for name in PARAMETERS},
        )
        if replaces is not None:
            row.replaces, row.state, row.position = replaces, BusinessField.State.PREPARING, replaces.position
        row.part = self._placement.part_of(row)
        self._translations += set_labels(row, label=given.label, help_text=given.help_text)
        self._rows.append(row)
        self._known.add(row)
        return row

    def save(self) -> None:
        """Insert what was added, choice sets first."""
        self._sets.insert()
        BusinessField.objects.bulk_create(self._rows)
        save_translations(self._translations)
        for hook in fields_created:
            hook(self._rows)

    def _choice_set(
        self, business_object: BusinessObject, given: FieldInput, replaces: BusinessField | None
    ) -> ChoiceSet | None:
        if not field_types.get(given.type).uses_choices:
            return None
        if replaces is not None and not (given.choices or given.choice_set):
            return replaces.choice_set
        if given.choice_set:
            return self._known.shared_sets[given.choice_set]
        name = f"{business_object.api_name}.{given.api_name}"
        private = ChoiceSetInput(name, given.label, given.choices, given.is_custom)
        errors = choice_set_errors(private, is_shared=False, taken=name in self._known.choice_set_names)
        if errors:
            raise ValidationFailed(errors)
        return self._sets.add(private, is_shared=False)
