"""选项集: creating and changing sets of choices."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from metadata.field_types.choices import COLORS
from metadata.field_types.stage import CATEGORIES
from metadata.inputs import ChoiceInput, ChoiceSetInput, LabelInput
from metadata.limits import CHOICES_PER_SET
from metadata.models import Choice, ChoiceSet, LabelTranslation
from metadata.names import API_NAME, label_errors, normal_labels
from metadata.publishing import publish
from metadata.services.labels import save_translations, set_labels

_VALUE = re.compile(r"^[^\s,\x00-\x1f][^,\x00-\x1f]{0,59}$")


def create_choice_set(actor: Actor, api_name: str, label: LabelInput, choices: Sequence[ChoiceInput] = ()) -> ChoiceSet:
    """Create a shared set; raises ValidationFailed."""
    given = ChoiceSetInput(api_name, label, choices)
    return publish(actor, f"Add picklist {api_name}", lambda: insert_choice_set(given, is_shared=True))


def update_choices(
    actor: Actor, set_name: str, choices: Sequence[ChoiceInput], *, label: LabelInput | None = None
) -> ChoiceSet:
    """Make the set consist of `choices` in this order.

    A value that is left out is retired, never deleted: records may hold it. Raises NotFound, ValidationFailed.
    """

    def change() -> ChoiceSet:
        found = ChoiceSet.objects.select_for_update().filter(api_name=set_name).first()
        if found is None:
            raise NotFound
        if label is not None:
            _require_valid(label_errors(normal_labels(label)))
            save_translations(set_labels(found, label=label))
            found.save()
        write_choices(found, choices)
        return found

    return publish(actor, f"Change picklist {set_name}", change)


def insert_choice_set(given: ChoiceSetInput, *, is_shared: bool) -> ChoiceSet:
    """Insert a set with its choices inside a publish; raises ValidationFailed."""
    taken = ChoiceSet.objects.filter(api_name=given.api_name).exists()
    _require_valid(choice_set_errors(given, is_shared=is_shared, taken=taken))
    rows = ChoiceSetRows()
    row = rows.add(given, is_shared=is_shared)
    rows.insert()
    return row


class ChoiceSetRows:
    """Rows of new choice sets, inserted together with one statement for each kind of row."""

    def __init__(self) -> None:
        self._sets: list[ChoiceSet] = []
        self._choices: list[Choice] = []
        self._translations: list[LabelTranslation] = []

    def add(self, given: ChoiceSetInput, *, is_shared: bool) -> ChoiceSet:
        """Return the row of a set that was found valid; `insert` inserts it."""
        row = ChoiceSet(
            api_name=given.api_name, uuid=given.uuid or uuid.uuid4(), is_shared=is_shared, is_custom=given.is_custom
        )
        self._translations += set_labels(row, label=given.label)
        for position, choice in enumerate(given.choices):
            made = Choice(choice_set=row, value=choice.value, uuid=choice.uuid or uuid.uuid4())
            self._translations += _fill(made, choice, position)
            self._choices.append(made)
        self._sets.append(row)
        return row

    def insert(self) -> None:
        ChoiceSet.objects.bulk_create(self._sets)
        Choice.objects.bulk_create(self._choices)
        save_translations(self._translations)


def write_choices(row: ChoiceSet, choices: Sequence[ChoiceInput]) -> None:
    """Insert, change and retire choices so that the set shows exactly `choices`, in order."""
    _require_valid(choice_errors(choices))
    existing = {choice.value: choice for choice in row.choices.all()}
    translations, rows = [], []
    for position, given in enumerate(choices):
        choice = existing.pop(given.value, None) or Choice(
            choice_set=row, value=given.value, uuid=given.uuid or uuid.uuid4()
        )
        translations += _fill(choice, given, position)
        rows.append(choice)
    for position, left_out in enumerate(existing.values(), start=len(choices)):
        left_out.is_active, left_out.is_default, left_out.position = False, False, position
        rows.append(left_out)
    known = [choice for choice in rows if choice.pk is not None]
    Choice.objects.bulk_create([choice for choice in rows if choice.pk is None])
    Choice.objects.bulk_update(known, ["label", "color", "position", "is_active", "is_default", "properties"])
    save_translations(translations)


def _fill(choice: Choice, given: ChoiceInput, position: int) -> list[LabelTranslation]:
    choice.color, choice.position = given.color, position
    choice.is_active, choice.is_default = given.is_active, given.is_default
    choice.properties = dict(given.properties)
    return set_labels(choice, label=given.label)


def choice_set_errors(given: ChoiceSetInput, *, is_shared: bool, taken: bool) -> list[FieldError]:
    """Return what is wrong with a new set or, when nothing is, with its choices."""
    errors = label_errors(normal_labels(given.label))
    if is_shared and not API_NAME.match(given.api_name or ""):
        errors.append(FieldError("api_name", "invalid_type", _("Use lower-case letters, digits and underscores.")))
    elif taken:
        errors.append(FieldError("api_name", "not_unique", _("This name is taken.")))
    return errors or choice_errors(given.choices)


def choice_errors(choices: Sequence[ChoiceInput]) -> list[FieldError]:
    """Return what is wrong with a list of choices, one error each, at `choices.<index>.<part>`."""
    if len(choices) > CHOICES_PER_SET:
        message = _("At most %(max)d choices.") % {"max": CHOICES_PER_SET}
        return [FieldError("choices", "quota_exceeded", message)]
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, given in enumerate(choices):
        errors += _errors_of_one(given, f"choices.{index}", seen)
    if sum(given.is_default for given in choices) > 1:
        errors.append(FieldError("choices", "invalid_choice", _("Only one choice can be the default.")))
    return errors


def _errors_of_one(given: ChoiceInput, at: str, seen: set[str]) -> list[FieldError]:
    errors = []
    value = given.value if isinstance(given.value, str) else ""
    if not _VALUE.match(value) or any(unicodedata.category(char) == "Cf" for char in value):
        message = _("A value is 1 to 60 characters without commas or control characters.")
        errors.append(FieldError(f"{at}.value", "invalid_type", message))
    elif value in seen:
        errors.append(FieldError(f"{at}.value", "not_unique", _("This value appears twice.")))
    seen.add(value)
    errors += [
        FieldError(f"{at}.label", error.code, error.message) for error in label_errors(normal_labels(given.label))
    ]
    if given.color and given.color not in COLORS:
        errors.append(FieldError(f"{at}.color", "invalid_choice", _("Unknown colour.")))
    return errors + _property_errors(given.properties, at)


def _property_errors(properties: Mapping[str, object], at: str) -> list[FieldError]:
    errors = []
    probability = properties.get("probability", 0)
    if isinstance(probability, bool) or not isinstance(probability, int) or not 0 <= probability <= 100:
        errors.append(FieldError(f"{at}.probability", "out_of_range", _("A whole number from 0 to 100.")))
    if properties.get("category", "open") not in CATEGORIES:
        errors.append(FieldError(f"{at}.category", "invalid_choice", _("Open, won or lost.")))
    return errors


def _require_valid(errors: list[FieldError]) -> None:
    if errors:
        raise ValidationFailed(errors)
