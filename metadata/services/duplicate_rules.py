"""查重规则: creating, changing and deleting matching and duplicate rules."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed
from metadata import hooks
from metadata.loader import load_spec
from metadata.models import BusinessObject, DuplicateRule, LabelTranslation, MatchingRule
from metadata.names import normal_labels
from metadata.publishing import publish
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput
from metadata.services import rule_checks as checks
from metadata.services.labels import save_translations, set_labels, texts_of
from metadata.services.objects import get_object

DUPLICATE_TEXTS = ("label", "message")


# --- matching rules -----------------------------------------------------------------------------------------
def create_matching_rule(actor: Actor, object_name: str, given: MatchingRuleInput) -> MatchingRule:
    """Add a matching rule; a job then makes the keys by which existing records are found.

    Raises NotFound, ValidationFailed with every mistake.
    """

    def change() -> MatchingRule:
        owner = get_object(object_name)
        taken = list(owner.matching_rules.values_list("api_name", flat=True))
        row = MatchingRule(business_object=owner, uuid=given.uuid or uuid.uuid4(), is_custom=given.is_custom)
        errors = checks.name_errors(given.api_name, taken) + _count_errors(taken, checks.MATCHING_RULES_PER_OBJECT)
        _write_matching(actor, row, given, errors)
        return row

    return publish(actor, f"Add matching rule {object_name}.{given.api_name}", change)


def update_matching_rule(actor: Actor, object_name: str, name: str, **changes: Any) -> MatchingRule:
    """Change members of a matching rule; raises NotFound, ValidationFailed."""

    def change() -> MatchingRule:
        row: MatchingRule = _rule(MatchingRule, object_name, name)
        given = MatchingRuleInput(
            row.api_name,
            texts_of(row, "label"),
            row.target.api_name,
            row.matchers,
            row.is_active,
            position=row.position,
        )
        _write_matching(actor, row, _changed(given, changes), [])
        return row

    return publish(actor, f"Change matching rule {object_name}.{name}", change)


def delete_matching_rule(actor: Actor, object_name: str, name: str) -> None:
    """Remove a matching rule; raises NotFound, and StateConflict while a duplicate rule names it."""

    def change() -> None:
        row = _rule(MatchingRule, object_name, name)
        users = DuplicateRule.objects.filter(business_object=row.business_object, matching_rules__contains=[name])
        names = [rule.label for rule in users]
        if names:
            raise StateConflict(_("Duplicate rules use it: %(names)s") % {"names": ", ".join(names)})
        _remove(actor, row)

    publish(actor, f"Delete matching rule {object_name}.{name}", change)


def _write_matching(actor: Actor, row: MatchingRule, given: MatchingRuleInput, errors: list[FieldError]) -> None:
    schema = load_spec()
    spec = schema.object_map[row.business_object.api_name]
    errors = errors + checks.text_errors(normal_labels(given.label))
    errors += checks.matching_errors(schema, spec, given.target, given.matchers)
    _require_valid(errors)
    translations = set_labels(row, label=given.label)
    row.api_name, row.is_active, row.position = given.api_name, given.is_active, given.position
    row.target = BusinessObject.objects.get(api_name=given.target)
    row.matchers = [checks.clean_matcher(item) for item in given.matchers]
    row.save()
    save_translations(translations)
    _announce(actor)


# --- duplicate rules ----------------------------------------------------------------------------------------
def create_duplicate_rule(actor: Actor, object_name: str, given: DuplicateRuleInput) -> DuplicateRule:
    """Add a duplicate rule, in force from the commit on; raises NotFound, ValidationFailed with every mistake."""

    def change() -> DuplicateRule:
        owner = get_object(object_name)
        taken = list(owner.duplicate_rules.values_list("api_name", flat=True))
        row = DuplicateRule(business_object=owner, uuid=given.uuid or uuid.uuid4(), is_custom=given.is_custom)
        errors = checks.name_errors(given.api_name, taken) + _count_errors(taken, checks.DUPLICATE_RULES_PER_OBJECT)
        _write_duplicate(actor, row, given, errors)
        return row

    return publish(actor, f"Add duplicate rule {object_name}.{given.api_name}", change)


def update_duplicate_rule(actor: Actor, object_name: str, name: str, **changes: Any) -> DuplicateRule:
    """Change members of a duplicate rule; raises NotFound, ValidationFailed."""

    def change() -> DuplicateRule:
        row: DuplicateRule = _rule(DuplicateRule, object_name, name)
        present = {item.name: getattr(row, item.name) for item in fields(DuplicateRuleInput)}
        present |= {text: texts_of(row, text) for text in DUPLICATE_TEXTS}
        _write_duplicate(actor, row, _changed(DuplicateRuleInput(**present), changes), [])
        return row

    return publish(actor, f"Change duplicate rule {object_name}.{name}", change)


def delete_duplicate_rule(actor: Actor, object_name: str, name: str) -> None:
    """Remove a duplicate rule; raises NotFound."""
    publish(
        actor,
        f"Delete duplicate rule {object_name}.{name}",
        lambda: _remove(actor, _rule(DuplicateRule, object_name, name)),
    )


def _write_duplicate(actor: Actor, row: DuplicateRule, given: DuplicateRuleInput, errors: list[FieldError]) -> None:
    schema, owner = load_spec(), row.business_object
    known = dict(owner.matching_rules.values_list("api_name", "target__api_name"))
    errors = errors + checks.text_errors(normal_labels(given.label), normal_labels(given.message))
    errors += checks.duplicate_errors(schema, schema.object_map[owner.api_name], known, given)
    _require_valid(errors)
    values = asdict(given)
    translations = set_labels(row, **{name: values.pop(name) for name in DUPLICATE_TEXTS})
    for name in values.keys() - {"uuid", "is_custom"}:
        value = values[name]
        setattr(row, name, list(value) if isinstance(value, tuple) else value)
    row.save()
    save_translations(translations)
    _announce(actor)


# --- what both have in common -------------------------------------------------------------------------------
def get_rule(model: Any, object_name: str, name: str) -> Any:
    """Return a matching or duplicate rule of an object by its name; raises NotFound."""
    active = BusinessObject.State.ACTIVE
    found = model.objects.filter(business_object__api_name=object_name, business_object__state=active, api_name=name)
    row = found.select_related("business_object").first()
    if row is None:
        raise NotFound(_("There is no such rule."))
    return row


def _rule(model: Any, object_name: str, name: str) -> Any:
    """Return a rule, its object locked for the publish."""
    row = model.objects.filter(business_object=get_object(object_name), api_name=name).first()
    if row is None:
        raise NotFound(_("There is no such rule."))
    return row


def _changed(given: Any, changes: Mapping[str, Any]) -> Any:
    allowed = {item.name for item in fields(given)} - {"api_name", "uuid", "is_custom"}
    unknown = [FieldError(name, "unknown_field", _("Unknown member.")) for name in changes.keys() - allowed]
    _require_valid(unknown)
    return replace(given, **changes)


def _count_errors(taken: list[str], limit: int) -> list[FieldError]:
    if len(taken) < limit:
        return []
    return [FieldError(None, "out_of_range", _("An object has at most %(max)d such rules.") % {"max": limit})]


def _remove(actor: Actor, row: Any) -> None:
    LabelTranslation.objects.filter(target=row.uuid).delete()
    row.delete()
    _announce(actor)


def _announce(actor: Actor) -> None:
    steps: list[Callable[[Actor], None]] = hooks.matching_changed
    for step in steps:
        step(actor)


def _require_valid(errors: list[FieldError]) -> None:
    if errors:
        raise ValidationFailed(errors)
