"""What pickers offer while one types: records, users, departments, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from crm_platform.console.access import signed_in
from crm_platform.identity.models import Department, User
from crm_platform.identity.people import searched, visible_people
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.compiled import CompiledField, UnknownField
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from metadata.field_types.hierarchy import UNDER, HierarchyType
from metadata.field_types.values import InvalidValue
from objects.access.policy import AccessPolicy
from objects.display.names import DEPARTMENT, USER
from objects.query.conditions import All, Condition, Not, Tree
from objects.query.conditions import Any as Either
from objects.query.matching import matching
from objects.query.query import RecordQuery
from objects.records.lookup_filters import resolved
from objects.search.service import suggest

Found = QuerySet[Any]

PAGE_SIZE = 20
MAX_PAGE = 500


@require_GET
@signed_in
def lookup(request: HttpRequest, object_name: str) -> HttpResponse:
    """Return up to twenty things whose name fits `q`: `{"results": [{id, name, subtitle, object}], "more": bool}`.

    Users and departments come in pages (`page=2`); records are the best hits.
    """
    text = request.GET.get("q", "").strip()[:100]
    page = request.GET.get("page", "1")
    number = min(int(page), MAX_PAGE) if page.isdigit() and len(page) < 5 else 1
    actor = request.actor  # type: ignore[attr-defined]
    if object_name in (USER, DEPARTMENT):
        found = _users(actor, text) if object_name == USER else _departments(text)
        return _answer(_page(_narrowed(actor, object_name, found, request.GET), number), object_name)
    AccessPolicy.of(actor).require(object_name, "read")
    if "for" in request.GET:
        return _answer(_fitting(actor, object_name, text, request.GET), object_name)
    hits = suggest(actor, object_name, text, PAGE_SIZE)
    return _answer([{"id": str(hit.id), "name": hit.title, "subtitle": hit.subtitle} for hit in hits], object_name)


def _fitting(actor: Actor, object_name: str, text: str, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return records that fit the filter of the lookup `for` (`opportunity.contact_id`), found by their name.

    The other values of the form come along; one that is malformed is as good as empty. Nothing is offered where
    the filter speaks of a field that the caller may not read.
    """
    field, tree = _asked(actor, given)
    name_field = current_snapshot().object(object_name).spec.name_field
    query = RecordQuery(actor, object_name)
    query = query.where(tree).fields("id", *query.name_fields())
    if "record" in given and isinstance(field.type, HierarchyType):  # nothing is below itself
        elsewhere = Either([Condition(field.name, "empty"), Not(Condition(field.name, UNDER, given["record"]))])
        query = query.where(All([elsewhere, Condition("id", "ne", given["record"])]))
    if text:
        query = query.where(Condition(name_field, "contains", text))
    try:
        rows = query.display(PAGE_SIZE + 1).rows
    except ValidationFailed:
        return []
    return [{"id": str(row.id), "name": str(row.values.get(name_field) or row.id), "subtitle": ""} for row in rows]


def _asked(actor: Actor, given: Mapping[str, str]) -> tuple[CompiledField, Tree | None]:
    """Return the field that is being filled in, and its filter with the values of the form in it."""
    own_name, _dot, field_name = given["for"].partition(".")
    AccessPolicy.of(actor).require(own_name, "read")
    own = current_snapshot().object(own_name)
    ctx = clean_context(actor)

    def of_form(name: str) -> Any:
        item = own.field(name)
        try:
            return item.type.to_api(item.spec, item.type.clean(item.spec, given.get(name) or None, ctx))
        except InvalidValue:
            return None

    if not AccessPolicy.of(actor).can_see_field(own, field_name):
        raise UnknownField(field_name)
    field = own.field(field_name)
    return field, resolved(field.spec, of_form)


def _narrowed(actor: Actor, target: str, found: Found, given: Mapping[str, str]) -> Found:
    """Leave those users or departments that fit the filter of the field `for`, if it says which that is."""
    tree = _asked(actor, given)[1] if "for" in given else None
    if tree is None:
        return found
    ids = list(found.values_list("id", flat=True))
    try:
        return found.filter(id__in=matching(actor, current_snapshot().target(target), [(tree, ids)])[0])
    except ValidationFailed:
        return found.none()


def _users(actor: Actor, text: str) -> Found:
    """Return the active users within the caller's contact scope; others are not found by any word."""
    fitting = User.objects.filter(visible_people(actor), searched(actor, text), is_active=True)
    return fitting.annotate(subtitle=F("department__name")).order_by("name", "id")


def _departments(text: str) -> Found:
    fitting = Department.objects.filter(is_active=True)
    if text:
        fitting = fitting.filter(Q(name__icontains=text) | Q(code__icontains=text))
    return fitting.annotate(subtitle=F("code")).order_by("path")


def _page(found: Found, number: int) -> list[dict[str, Any]]:
    first = (number - 1) * PAGE_SIZE
    rows = found.values_list("id", "name", "subtitle")[first : first + PAGE_SIZE + 1]
    return [{"id": str(key), "name": name, "subtitle": subtitle or ""} for key, name, subtitle in rows]


def _answer(found: list[dict[str, Any]], target: str) -> JsonResponse:
    results = [{**item, "object": target} for item in found[:PAGE_SIZE]]
    return JsonResponse({"results": results, "more": len(found) > PAGE_SIZE})
