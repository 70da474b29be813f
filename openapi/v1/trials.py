"""Trying things over the API: formulas on a record, and records before they are written."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.expressions import ExpressionError, ValueType
from metadata.field_types.values import Reference
from metadata.publishing import require_customize
from objects.records.trial import Assessment, Trial, assess, try_expression
from openapi.errors import failure_body
from openapi.http import Endpoint, json_response, members
from openapi.v1.reading import unknown_members

PURPOSES = ("formula", "rule", "default", "condition")


class FormulaCheck(Endpoint):
    """`POST` an expression of an object: whether it holds together, what it reads, its value on a record."""

    scopes = {"POST": "meta:read"}

    def post(self, request: Request) -> HttpResponse:
        require_customize(self.actor)
        given = members(request.data)
        errors = unknown_members(given, MEMBERS)
        for name in ("object", "expression"):
            if not isinstance(given.get(name), str):
                errors.append(FieldError(name, "required", _("This member is required.")))
        if given.get("purpose", "formula") not in PURPOSES:
            errors.append(FieldError("purpose", "invalid_choice", _("Unknown purpose.")))
        if given.get("returns") not in (None, *(item.value for item in ValueType)):
            errors.append(FieldError("returns", "invalid_choice", _("Unknown type.")))
        if given.get("record") is not None and parse_uuid(given["record"]) is None:
            errors.append(FieldError("record", "invalid_reference", _("There is no such record.")))
        if errors:
            raise ValidationFailed(errors)
        returns = ValueType(given["returns"]) if given.get("returns") else None
        trial = try_expression(
            self.actor,
            given["object"],
            given["expression"],
            returns=returns,
            purpose=given.get("purpose", "formula"),
            blank_as_zero=given.get("blank_as", "zero") == "zero",
            record_id=parse_uuid(given["record"]) if given.get("record") else None,
        )
        return json_response(trial_body(trial, with_value=bool(given.get("record"))))


MEMBERS = frozenset({"object", "expression", "purpose", "returns", "blank_as", "record"})


class RecordValidate(Endpoint):
    """`POST` values of a record, with `id` for changes to one: what saving it would say; nothing is written."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str) -> HttpResponse:
        given = dict(members(request.data))
        record = given.pop("id", None)
        record_id = parse_uuid(record) if record is not None else None
        if record is not None and record_id is None:
            raise ValidationFailed.single("id", "invalid_reference", _("There is no such record."))
        found = assess(self.actor, object_name, given, record_id)
        return json_response(_assessment_body(object_name, found))


def trial_body(trial: Trial, *, with_value: bool) -> dict[str, Any]:
    """Return a trial as JSON."""
    if trial.error is not None or trial.expression is None:
        return {"valid": False, "error": _error_body(trial.text, trial.error)}
    found = trial.expression
    body: dict[str, Any] = {
        "valid": True,
        "type": found.type.value,
        "paths": sorted(found.paths),
        "functions": sorted(found.functions),
        "cost": found.cost,
        "uses_clock": found.uses_clock,
        "is_compilable": found.is_compilable,
    }
    if with_value:
        body["value"] = _plain(trial.value)
        body["steps"] = [
            {
                "start": s.start,
                "end": s.end,
                "text": trial.text[s.start : s.end],
                "type": s.type.value,
                "value": _plain(s.value),
            }
            for s in trial.steps
        ]
    return body


def _error_body(text: str, error: ExpressionError | None) -> dict[str, Any]:
    assert error is not None
    line, column = error.line_and_column(text)
    return {
        "message": str(error.message),
        "start": error.start,
        "end": error.end,
        "line": line,
        "column": column,
        "suggestion": error.suggestion,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Reference):
        return {"object": value.object, "id": value.id, "name": value.name}
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _assessment_body(object_name: str, found: Assessment) -> dict[str, Any]:
    return {
        "object": object_name,
        "valid": found.failure is None,
        "values": found.values,
        "problem": None if found.failure is None else failure_body(found.failure),
        "fields": {name: asdict(state) for name, state in found.fields.items()},
    }
