"""What the expression editor asks while somebody writes: the names that fit, and what is wrong. JSON, not pages."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from django.views.decorators.http import require_GET, require_POST

from crm_platform.console.access import function_required
from crm_platform.identity.requests import ActorRequest
from crm_platform.kit.errors import NotFound
from metadata.compiler.current import current_snapshot
from metadata.expressions import Expression, ExpressionError, Scope, ValueType, compile_expression, scope_of
from metadata.expressions.completion import names_after
from metadata.expressions.reference import function_reference
from metadata.expressions.typecheck import FORMULA, PURPOSES
from metadata.field_types import field_types
from metadata.publishing import CUSTOMIZE


@require_GET
@function_required(CUSTOMIZE)
def expression_names(request: ActorRequest) -> JsonResponse:
    """Return the names after `path`; at the beginning of a name, without a path, the functions too."""
    path = request.GET.get("path", "")
    scope = _scope(request.GET.get("object", ""))
    try:
        names = names_after(scope, path, request.actor.language)
    except LookupError:
        names = []
    return JsonResponse({"names": names, "functions": [] if path else function_reference()})


@require_POST
@function_required(CUSTOMIZE)
def expression_check(request: ActorRequest) -> JsonResponse:
    """Say whether a text is an expression of the object, and where it is wrong (in units of UTF-16)."""
    text = request.POST.get("text", "")
    purpose = request.POST.get("purpose", FORMULA)
    try:
        found = compile_expression(
            text,
            _scope(request.POST.get("object", "")),
            returns=wanted_type(request.POST.get("returns", "")),
            purpose=purpose if purpose in PURPOSES else FORMULA,
        )
    except ExpressionError as error:
        return JsonResponse({"valid": False, "error": _error(text, error)})
    return JsonResponse({"valid": True, **_facts(found)})


def wanted_type(name: str) -> ValueType | None:
    """Return the type that a result must have, given as such or as the key of a field type; None when it is open."""
    if name in set(ValueType):
        return ValueType(name)
    if name not in field_types:
        return None
    return ValueType(field_types.get(name).expression_type or ValueType.TEXT)


def _scope(object_name: str) -> Scope:
    try:
        return scope_of(current_snapshot(), object_name)
    except LookupError:
        raise NotFound from None


def _facts(found: Expression) -> dict[str, Any]:
    return {
        "type": found.type.value,
        "type_label": str(found.type.label),
        "cost": found.cost,
        "is_compilable": found.is_compilable,
    }


def _error(text: str, error: ExpressionError) -> dict[str, Any]:
    places = {"start": _units(text, error.start), "end": _units(text, error.end)}
    return {"message": str(error.message), "suggestion": error.suggestion, **places}


def _units(text: str, offset: int) -> int:
    """Return an offset as browsers count: characters beyond the basic plane are two."""
    return offset + sum(character > "\uffff" for character in text[:offset])
