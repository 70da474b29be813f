"""Records: list, create, get, patch, delete, restore, upsert, and up to 200 at once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.encoding import iri_to_uri
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from crm_platform.kit.json import loads
from objects.access.policy import AccessPolicy
from objects.merging.redirects import survivor_of
from objects.query import filters
from objects.query.conditions import from_json
from objects.query.query import RecordQuery
from objects.records.service import Diversion, RecordService, RowResult
from openapi.errors import field_error
from openapi.http import BULK_BYTES, Endpoint, expected_version, json_response, members, not_modified
from openapi.v1.duplicates import consent
from openapi.v1.merging import current_version_if_disjoint
from openapi.v1.reading import refuse_unknown

MAX_LIMIT = 1_000
MAX_BULK = 200
MAX_EXPANSIONS = 10
MAX_EXPANSION_DEPTH = 3
KNOWN = frozenset(
    {"fields", "expand", "filter", "sort", "limit", "cursor", "page", "count", "include", "tz", "dry_run"}
)


class RecordList(Endpoint):
    """`GET` a page of records, `POST` a new one."""

    scopes = {"GET": "records:read", "POST": "records:write"}
    reads_records = True

    def get(self, request: Request, object_name: str) -> HttpResponse:
        return answer_list(request, RecordQuery(self.actor, object_name))

    def post(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> HttpResponse:
            values = members(request.data)
            service = RecordService(self.actor, consent=consent(request))
            saved = service.create(object_name, values, dry_run=self.is_dry_run(request))
            if self.is_dry_run(request):
                return json_response({"id": None, "object": object_name, "version": saved.version, "dry_run": True})
            if saved.diverted is not None:
                return json_response(_diverted(saved.diverted), 202)
            response = _answer(self.actor, object_name, saved.id, 201)
            response["Location"] = f"/api/v1/records/{object_name}/{saved.id}"
            return response

        return self.write(request, work)


class RecordDetail(Endpoint):
    """One record: `GET`, `PATCH` with If-Match, `DELETE`."""

    scopes = {"GET": "records:read", "PATCH": "records:write", "DELETE": "records:delete"}
    reads_records = True

    def get(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        params = request.query_params
        query = _projected(RecordQuery(self.actor, object_name), params)
        try:
            found = {"object": object_name, **query.get(record_id, labels=_wants_labels(params))}
        except NotFound:
            return self._survivor(request, query, object_name, record_id)
        version = found.get("version")
        if version is not None and not_modified(request, version) and not query.reads_virtual():
            return HttpResponse(status=304, headers={"ETag": f'"{version}"'})
        return json_response(found, etag=str(version)) if version is not None else json_response(found)

    def _survivor(self, request: Request, query: RecordQuery, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        """Answer with the record into which one was merged; raises NotFound when it was not."""
        survivor = survivor_of(object_name, record_id)
        if survivor is None:
            raise NotFound
        labels = _wants_labels(request.query_params)
        found = {"object": object_name, **query.get(survivor, labels=labels), "merged_from": str(record_id)}
        response = json_response(found, etag=str(found["version"])) if "version" in found else json_response(found)
        response["Content-Location"] = f"/api/v1/records/{object_name}/{survivor}"
        return response

    def patch(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            changes, expected = members(request.data), expected_version(request)
            if expected is not None and "handling=merge" in request.headers.get("Prefer", ""):
                expected = current_version_if_disjoint(self.actor, object_name, record_id, expected, changes)
            saved = RecordService(self.actor, consent=consent(request)).update(
                object_name, record_id, changes, expected_version=expected, dry_run=self.is_dry_run(request)
            )
            if self.is_dry_run(request):
                return json_response(
                    {"id": record_id, "object": object_name, "version": saved.version, "dry_run": True}
                )
            return _changed_answer(self.actor, object_name, record_id, saved.version)

        return self.write(request, work)

    def delete(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            deletion = RecordService(self.actor).delete(
                object_name, record_id, expected_version=expected_version(request), dry_run=self.is_dry_run(request)
            )
            return json_response({"id": record_id, "object": object_name, "deletion_id": deletion})

        return self.write(request, work)


class RecordRestore(Endpoint):
    """`POST`: bring a deleted record back, with everything that was deleted with it."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str, record_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            count = RecordService(self.actor).restore(object_name, record_id, dry_run=self.is_dry_run(request))
            return json_response({"id": record_id, "object": object_name, "restored": count})

        return self.write(request, work)


class RecordByKey(Endpoint):
    """One record by a unique field: `GET`, and `PUT` to create or change it."""

    scopes = {"GET": "records:read", "PUT": "records:write"}

    def get(self, request: Request, object_name: str, field: str, value: str) -> HttpResponse:
        query = _projected(RecordQuery(self.actor, object_name), request.query_params)
        tree = filters.parse_brackets(query.object, {f"filter[{field}][eq]": value}, query.policy)
        ids = query.where(tree).ids(2)
        found = {"object": object_name, **query.get(ids[0] if len(ids) == 1 else "", labels=False)}
        return json_response(found, etag=str(found["version"])) if "version" in found else json_response(found)

    def put(self, request: Request, object_name: str, field: str, value: str) -> HttpResponse:
        def work() -> HttpResponse:
            values, dry_run = members(request.data), self.is_dry_run(request)
            service = RecordService(self.actor, consent=consent(request))
            saved, created = service.upsert(object_name, field, value, values, dry_run=dry_run)
            if dry_run:
                return json_response({"object": object_name, "created": created, "dry_run": True})
            if saved.diverted is not None:
                return json_response(_diverted(saved.diverted), 202)
            return _answer(self.actor, object_name, saved.id, 201 if created else 200)

        return self.write(request, work)


class BulkCreate(Endpoint):
    """`POST {"records": […], "all_or_none": true}`: up to 200 new records."""

    scopes = {"POST": "records:write"}
    body_bytes = BULK_BYTES
    verb, right = "bulk_create", "create"

    def post(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> HttpResponse:
            AccessPolicy.of(self.actor).require(object_name, self.right)
            rows, all_or_none = _bulk_input(members(request.data))
            service = RecordService(self.actor, consent=consent(request))
            results = getattr(service, self.verb)(
                object_name, rows, all_or_none=all_or_none, dry_run=self.is_dry_run(request)
            )
            return _bulk_answer(object_name, results, all_or_none)

        return self.write(request, work)


class BulkUpdate(BulkCreate):
    """`POST {"records": [{"id": …, "version": …, …}], "all_or_none": true}`: up to 200 changes."""

    verb, right = "bulk_update", "mass_update"


def answer_list(request: Request, query: RecordQuery, usual: Sequence[str] = ()) -> HttpResponse:
    """Answer with a page of what the query reads, as the request asks; `usual` are the fields where it names none."""
    params = request.query_params
    _refuse_parameters(params)
    query = _narrowed(query, params)
    if usual:
        query = query.fields(*usual)
    limit = _number(params, "limit", 50, MAX_LIMIT)
    number = _number(params, "page", 0, 10_000)
    offset = (number - 1) * limit if number > 1 else 0
    if offset > 10_000:
        raise _bad("page", "out_of_range", _("Pages reach to the 10,000th record. Use the cursor beyond."))
    page = query.page(limit, params.get("cursor") or None, offset=offset, labels=_wants_labels(params))
    body: dict[str, Any] = {
        "data": _rows(query.object_name, page),
        "page": {"next_cursor": page.next_cursor, "has_more": page.has_more, "limit": limit},
    }
    kind = params.get("count", "none")
    if kind != "none":
        counted = query.count(_count_kind(kind))
        body["count"] = {"value": counted.value, "exact": counted.is_exact}
    response = json_response(body)
    if page.next_cursor:
        response["Link"] = f'<{_next_url(request, page.next_cursor)}>; rel="next"'
    return response


def answer_one(request: Request, query: RecordQuery, record_id: uuid.UUID) -> HttpResponse:
    """Answer with one record that the query reads; raises NotFound."""
    params = request.query_params
    found = _projected(query, params).get(record_id, labels=_wants_labels(params))
    return json_response({"object": query.object_name, **found})


def _answer(actor: Any, object_name: str, record_id: uuid.UUID, status: int) -> HttpResponse:
    found = {"object": object_name, **RecordQuery(actor, object_name).get(record_id)}
    return json_response(found, status, etag=str(found["version"]))


def _changed_answer(actor: Any, object_name: str, record_id: uuid.UUID, version: int) -> HttpResponse:
    """Answer with the record as it is now; of one that was given out of the caller's sight, that it is saved."""
    try:
        return _answer(actor, object_name, record_id, 200)
    except NotFound:
        return json_response({"id": record_id, "object": object_name, "version": version})


def _rows(object_name: str, page: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = page.dicts()
    for index, row in enumerate(rows):
        row["object"] = object_name
        if page.labels is not None:
            row["_labels"] = page.labels[index]
    return rows


def _narrowed(query: RecordQuery, params: Any) -> RecordQuery:
    query = _projected(query, params)
    query = query.where(filters.parse_brackets(query.object, params, query.policy))
    if params.get("filter"):
        try:
            tree = loads(params["filter"])
        except ValueError:
            raise _bad("filter", "invalid_type", _("The filter is no valid JSON.")) from None
        query = query.where(from_json(tree))
    sort = [name for name in params.get("sort", "").split(",") if name]
    return query.order(*sort) if sort else query


def _projected(query: RecordQuery, params: Any) -> RecordQuery:
    """Apply `fields` and `expand`; `id` and `version` are always among the fields."""
    fields = [name for name in params.get("fields", "").split(",") if name]
    expand = [name for name in params.get("expand", "").split(",") if name]
    if len(expand) > MAX_EXPANSIONS or any(path.count(".") >= MAX_EXPANSION_DEPTH for path in expand):
        raise _bad("expand", "out_of_range", _("At most 10 lookups can be expanded, three levels deep."))
    if not fields and not expand:
        return query
    if not fields:
        fields = [field.name for field in query.policy.visible_fields(query.object)]
    related = [path for lookup in expand for path in query.related_fields(lookup)]
    return query.fields("id", "version", *fields, *related)


def _bulk_input(body: Mapping[str, Any]) -> tuple[Sequence[Any], bool]:
    refuse_unknown(body, ("records", "all_or_none"))
    rows, all_or_none = body.get("records"), body.get("all_or_none", True)
    if not isinstance(rows, list) or not isinstance(all_or_none, bool):
        raise ParseError(_('Send {"records": [...], "all_or_none": true}.'))
    if len(rows) > MAX_BULK:
        message = _("At most %(max)d rows at once.")
        raise ValidationFailed.single("records", "payload_too_large", message, max=MAX_BULK)
    return rows, all_or_none


def _bulk_answer(object_name: str, results: Sequence[RowResult], all_or_none: bool) -> HttpResponse:
    """422 when nothing was written, 200 otherwise; one entry per row, in order."""
    failed = sum(bool(result.errors) for result in results)
    entries = [
        {
            "index": result.index,
            "id": result.id,
            "version": result.version,
            "status": _status(result),
            **(_diverted(result.diverted) if result.diverted else {}),
            **({"errors": [field_error(error) for error in result.errors]} if result.errors else {}),
        }
        for result in results
    ]
    summary = {
        "total": len(results),
        "failed": failed,
        "succeeded": 0 if failed and all_or_none else len(results) - failed,
    }
    body = {"object": object_name, "results": entries, "summary": summary}
    if failed and (all_or_none or failed == len(results)):
        title = _("Some rows are not valid; nothing was written.")
        problem = {
            "type": "urn:crm:error:validation_failed",
            "title": title,
            "status": 422,
            "code": "validation_failed",
        }
        return json_response({**problem, **body}, 422)
    return json_response(body)


def _status(result: RowResult) -> str:
    if result.errors:
        return "failed"
    if result.diverted is not None:
        return "diverted"
    return "saved" if result.id else "not_written"


def _diverted(found: Diversion) -> dict[str, Any]:
    """Return which record has taken in what was sent, as far as the caller may know it."""
    into = {"object": found.object, "id": found.record_id if found.is_visible else None}
    return {"diverted": {"rule": found.rule, "into": into}}


def _next_url(request: Request, cursor: str) -> str:
    """Return the address of the next page. A parameter's last value counts, so that the cursor is put at the end."""
    asked = iri_to_uri(request.META.get("QUERY_STRING", ""))
    kept = [part for part in asked.split("&") if part and not part.startswith(("cursor=", "page="))]
    return f"{request.path}?{'&'.join([*kept, f'cursor={cursor}'])}"


def _wants_labels(params: Any) -> bool:
    return "labels" in params.get("include", "").split(",")


def _count_kind(kind: str) -> str:
    if kind not in ("exact", "capped", "estimate"):
        raise _bad("count", "invalid_choice", _("Choose exact, capped, estimate or none."))
    return kind


def _number(params: Any, name: str, default: int, largest: int) -> int:
    value = params.get(name, "")
    if not value:
        return default
    if not value.isdigit() or not 0 < int(value[:9]) <= largest:
        raise _bad(name, "out_of_range", _("A whole number from 1 to %(max)d.") % {"max": largest})
    return int(value)


def _refuse_parameters(params: Any) -> None:
    unknown = [name for name in params if name not in KNOWN and not name.startswith("filter[")]
    if unknown:
        raise ValidationFailed(
            [FieldError(name, "unknown_field", _("Unknown parameter."), {"pointer": name[:120]}) for name in unknown]
        )


def _bad(parameter: str, code: str, message: str) -> ValidationFailed:
    return ValidationFailed([FieldError(parameter, code, message, {"pointer": parameter})])
