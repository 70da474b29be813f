"""What is wrong with the description of a matching or duplicate rule, all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.identity.functions import FUNCTION_NAMES
from crm_platform.kit.errors import FieldError
from metadata.compiler.spec import FieldSpec, Labels, ObjectSpec, SchemaSpec
from metadata.match_methods import MatchMethod, match_methods
from metadata.names import API_NAME, label_errors

MATCHERS_PER_RULE = 8
FIELDS_PER_MATCHER = 10
MATCHING_RULES_PER_OBJECT = 30
DUPLICATE_RULES_PER_OBJECT = 20
SHOWN_FIELDS = 10
MAX_PERIOD_DAYS = 36_500

EVENTS = ("create", "edit", "import", "api", "convert")
ACTIONS = ("off", "report", "route", "warn", "block")  # the strictest last
SCOPES = ("all", "owner", "department", "record_type")
BLANKS = ("no_match", "match", "ignore")
_MEMBERS = frozenset({"method", "fields", "target_fields", "threshold", "blank"})


def name_errors(name: object, taken: Iterable[str]) -> list[FieldError]:
    """Return what is wrong with the API name of a rule."""
    if not isinstance(name, str) or not API_NAME.match(name):
        message = _("Use a lower-case letter first, then letters, digits and underscores, at most 40 in all.")
        return [FieldError("api_name", "invalid_type", message)]
    if name in taken:
        return [FieldError("api_name", "not_unique", _("There is a rule of this name already."))]
    return []


def text_errors(label: Labels, message: Labels | None = None) -> list[FieldError]:
    """Return what is wrong with the texts of a rule."""
    errors = label_errors(label)
    return errors if message is None else errors + label_errors(message, "message", required=False)


# --- matching rules -----------------------------------------------------------------------------------------
def matching_errors(schema: SchemaSpec, spec: ObjectSpec, target: str, matchers: object) -> list[FieldError]:
    """Return every mistake in what a matching rule of the object `spec` compares with `target`."""
    other = schema.object_map.get(target) if isinstance(target, str) else None
    if other is None:
        return [FieldError("target", "invalid_choice", _("There is no such object."))]
    if not isinstance(matchers, Sequence) or isinstance(matchers, str) or not matchers:
        return [FieldError("matchers", "required", _("Compare at least one field."))]
    if len(matchers) > MATCHERS_PER_RULE:
        message = _("At most %(max)d comparisons.") % {"max": MATCHERS_PER_RULE}
        return [FieldError("matchers", "out_of_range", message)]
    errors = []
    for index, given in enumerate(matchers):
        found = _matcher_errors(spec, other, given)
        errors += [FieldError(f"matchers.{index}.{e.field}", e.code, e.message, e.params) for e in found]
    if not errors and all(clean_matcher(item)["blank"] != "no_match" for item in matchers):
        errors.append(FieldError("matchers", "required", _("One comparison at least must ask for values.")))
    return errors


def clean_matcher(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a valid matcher with what was left out filled in."""
    method = match_methods.get(given["method"])
    fields = list(given["fields"])
    return {
        "method": method.key,
        "fields": fields,
        "target_fields": list(given.get("target_fields") or fields),
        "threshold": given.get("threshold") or method.threshold,
        "blank": given.get("blank") or "no_match",
    }


def _matcher_errors(spec: ObjectSpec, other: ObjectSpec, given: object) -> list[FieldError]:
    if not isinstance(given, Mapping):
        return [FieldError("method", "invalid_type", _("Send a JSON object."))]
    unknown = [FieldError(str(name)[:40], "unknown_field", _("Unknown member.")) for name in given.keys() - _MEMBERS]
    key = given.get("method")
    if not isinstance(key, str) or key not in match_methods:
        return [*unknown, FieldError("method", "invalid_choice", _("Unknown way of comparing."))]
    method = match_methods.get(key)
    errors = unknown + _field_errors(spec, "fields", given.get("fields"), method)
    targets = given.get("target_fields") or given.get("fields")
    if targets is not given.get("fields") or other is not spec:
        errors += _field_errors(other, "target_fields", targets, method)
    if not errors and method.joins and len(given["fields"]) != len(targets or ()):
        errors.append(FieldError("target_fields", "invalid_choice", _("Name as many fields on both sides.")))
    return errors + _threshold_errors(method, given.get("threshold")) + _blank_errors(given.get("blank"))


def _field_errors(spec: ObjectSpec, side: str, names: object, method: MatchMethod) -> list[FieldError]:
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        return [FieldError(side, "required", _("Choose at least one field."))]
    if len(names) > FIELDS_PER_MATCHER:
        return [FieldError(side, "out_of_range", _("At most %(max)d fields.") % {"max": FIELDS_PER_MATCHER})]
    errors = []
    for name in names:
        field = spec.field_map.get(name) if isinstance(name, str) else None
        if field is None:
            message = _("Unknown field: %(path)s") % {"path": str(name)[:120]}
            errors.append(FieldError(side, "unknown_field", message))
        elif not is_comparable(field, method):
            message = _("%(field)s can't be compared in this way.") % {"field": name}
            errors.append(FieldError(side, "invalid_choice", message))
    return errors


def is_comparable(field: FieldSpec, method: MatchMethod) -> bool:
    """Tell whether values of the field can be compared by the method: a system field only as it is."""
    return method.fits(field) and (not field.is_system or field.api_name in ("owner_id", "external_id"))


def _threshold_errors(method: MatchMethod, threshold: object) -> list[FieldError]:
    if threshold is None:
        return []
    if isinstance(threshold, bool) or not isinstance(threshold, int):
        return [FieldError("threshold", "invalid_type", _("Enter a whole number."))]
    low, high = method.thresholds or (method.threshold, method.threshold)
    if low <= threshold <= high:
        return []
    message = _("Between %(low)d and %(high)d.") % {"low": low, "high": high}
    return [FieldError("threshold", "out_of_range", message)]


def _blank_errors(blank: object) -> list[FieldError]:
    if blank is None or blank in BLANKS:
        return []
    return [FieldError("blank", "invalid_choice", _("Unknown choice."))]


# --- duplicate rules ----------------------------------------------------------------------------------------
def duplicate_errors(schema: SchemaSpec, spec: ObjectSpec, known: Mapping[str, str], values: Any) -> list[FieldError]:
    """Return every mistake in a duplicate rule; `known` maps the object's matching rules to their targets."""
    errors = _rule_list_errors(known, values.matching_rules) + _action_errors(values.actions)
    if values.scope not in SCOPES:
        errors.append(FieldError("scope", "invalid_choice", _("Unknown choice.")))
    if isinstance(values.period_days, bool) or not isinstance(values.period_days, int):
        errors.append(FieldError("period_days", "invalid_type", _("Enter a whole number.")))
    elif not 0 <= values.period_days <= MAX_PERIOD_DAYS:
        message = _("Between %(low)d and %(high)d.") % {"low": 0, "high": MAX_PERIOD_DAYS}
        errors.append(FieldError("period_days", "out_of_range", message))
    if values.override and values.override not in FUNCTION_NAMES:
        errors.append(FieldError("override", "invalid_choice", _("There is no such permission.")))
    targets = [schema.object_map[name] for name in known.values() if name in schema.object_map]
    return errors + _shown_errors([spec, *targets], values.shown_fields)


def _rule_list_errors(known: Mapping[str, str], names: object) -> list[FieldError]:
    if not isinstance(names, Sequence) or isinstance(names, str) or not names:
        return [FieldError("matching_rules", "required", _("Choose at least one matching rule."))]
    missing = [name for name in names if not isinstance(name, str) or name not in known]
    message = _("There is no matching rule “%(name)s”.")
    return [FieldError("matching_rules", "invalid_choice", message % {"name": str(name)[:40]}) for name in missing]


def _action_errors(actions: object) -> list[FieldError]:
    if not isinstance(actions, Mapping):
        return [FieldError("actions", "invalid_type", _("Send a JSON object."))]
    errors = [
        FieldError(f"actions.{event}", "unknown_field", _("Unknown member."))
        for event in actions
        if event not in EVENTS
    ]
    return errors + [
        FieldError(f"actions.{event}", "invalid_choice", _("Unknown choice."))
        for event, action in actions.items()
        if event in EVENTS and action not in ACTIONS
    ]


def _shown_errors(objects: Sequence[ObjectSpec], names: object) -> list[FieldError]:
    if not isinstance(names, Sequence) or isinstance(names, str):
        return [FieldError("shown_fields", "invalid_type", _("Send a JSON array."))]
    if len(names) > SHOWN_FIELDS:
        return [FieldError("shown_fields", "out_of_range", _("At most %(max)d fields.") % {"max": SHOWN_FIELDS})]
    unknown = [name for name in names if not any(name in spec.field_map for spec in objects)]
    message = _("Unknown field: %(path)s")
    return [FieldError("shown_fields", "unknown_field", message % {"path": str(name)[:120]}) for name in unknown]
