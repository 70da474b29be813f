"""Imports over the API: previews, remembered mappings, and jobs that take a file in parts and give results back."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request

from crm_platform.files.serving import send
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed
from crm_platform.kit.json import dumps
from metadata.compiler.current import current_snapshot
from objects.exchange import mappings, results, sending, services
from objects.exchange.exports import export_file
from objects.exchange.job import object_of
from objects.exchange.models import Import, ImportMapping
from objects.exchange.plan import op_of, read_plan
from openapi.http import BULK_BYTES, Endpoint, JsonParser, json_response, members
from openapi.v1.job_orders import PLAN_MEMBERS, new_order, require_scope_for, told
from openapi.v1.reading import refuse_unknown

READ, WRITE = "records:read", "records:write"
PAGE = 50


class AnyParser(BaseParser):
    """Takes a body of any kind as bytes."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body: bytes = parser_context["request"]._request.body
        if len(body) > parser_context["view"].body_bytes:
            raise RequestDataTooBig
        return body


class ImportPreview(Endpoint):
    """`POST` a file as multipart form data with `object`: what it would be read as. Nothing is kept."""

    scopes = {"POST": WRITE}
    parser_classes = [MultiPartParser, JsonParser]  # JSON only to say what is wanted instead

    def post(self, request: Request) -> HttpResponse:
        sent = request.FILES.get("file")
        if sent is None or len(request.FILES) > 1:
            raise ParseError(_("Send multipart/form-data with a file and the name of an object."))
        wish = {name: str(request.POST.get(name, "")) for name in sending.WISHES}
        found = sending.preview(self.actor, str(request.POST.get("object", "")), sent, wish)
        columns = zip(found.head.header, found.columns, strict=True)
        return json_response(
            {
                "format": found.head.format.to_json(),
                "sheets": list(found.head.sheets),
                "columns": [
                    {"header": header, "field": target and target.field, "match": target and target.match}
                    for header, target in columns
                ],
                "rows": [{"row": number, "cells": cells} for number, cells in found.head.rows],
                "problems": [_problem(error) for error in found.problems],
                "report": found.report and found.report.to_json(),
            }
        )


class ImportMappings(Endpoint):
    """`GET`: the named mappings that the caller may use. `POST`: keep one, in place of his own of that name."""

    scopes = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> HttpResponse:
        ids = mappings.importable_ids(self.actor)
        return json_response({"data": [_mapping(row) for row in mappings.visible_mappings(self.actor, ids)]})

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            given = members(request.data)
            refuse_unknown(given, {"object", "name", "columns", "shared", *PLAN_MEMBERS})
            obj = services.allowed_object(self.actor, str(given.get("object", "")))
            columns = given.get("columns")
            if not isinstance(columns, dict):
                raise ValidationFailed.single("columns", "invalid_type", _("Give a field for each header."))
            header = list(columns)
            options = {name: given[name] for name in PLAN_MEMBERS if name in given and name != "columns"}
            plan = read_plan({**options, "columns": columns}, header)
            for target in plan.columns:
                if target is not None:
                    obj.field(target.field)
            kept = mappings.save_mapping(
                self.actor,
                obj,
                str(given.get("name", "")),
                mappings.columns_of(header, plan),
                plan.options(),
                is_shared=given.get("shared") is True,
            )
            return json_response(_mapping(kept), 201)

        return self.write(request, work)


class ImportMappingDetail(Endpoint):
    """`DELETE` one of the caller's own mappings."""

    scopes = {"DELETE": WRITE}

    def delete(self, request: Request, mapping_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            mappings.delete_mapping(self.actor, mapping_id, mappings.importable_ids(self.actor))
            return json_response({"id": str(mapping_id), "deleted": True})

        return self.write(request, work)


class JobList(Endpoint):
    """`GET`: the caller's jobs, the newest first. `POST`: describe one; a file follows by `PUT …/data/1`."""

    scopes = {"GET": READ, "POST": WRITE}

    def get(self, request: Request) -> HttpResponse:
        before = request.query_params.get("before")
        rows = services.visible_imports(self.actor)
        if before:
            try:
                rows = rows.filter(pk__lt=uuid.UUID(before))
            except ValueError as error:
                raise ParseError(_("`before` is no ID of a job.")) from error
        known = current_snapshot().spec.object_by_id
        page = list(rows.order_by("-pk")[: PAGE + 1])
        shown = [told(row, services.running_job(row)) for row in page[:PAGE] if row.object_id in known]
        return json_response({"data": shown, "next": str(page[PAGE - 1].pk) if len(page) > PAGE else None})

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            given = members(request.data)
            row = new_order(self.actor, given)
            response = json_response(told(row, None), 201)
            response["Location"] = f"/api/v1/jobs/{row.pk}"
            return response

        return self.write(request, work)


class JobDetail(Endpoint):
    """`GET`: how a job stands. `DELETE`: forget one that is not running; its records stay."""

    scopes = {"GET": READ, "DELETE": WRITE}

    def get(self, request: Request, import_id: uuid.UUID) -> HttpResponse:
        row = services.get_import(self.actor, import_id)
        return json_response(told(row, services.running_job(row)))

    def delete(self, request: Request, import_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            services.remove(self.actor, import_id)
            return json_response({"id": str(import_id), "deleted": True})

        return self.write(request, work)


class JobData(Endpoint):
    """`PUT` a part of the file, as it is; the same number again replaces it. `X-Content-SHA256` is checked."""

    scopes = {"PUT": WRITE}
    parser_classes = [AnyParser]
    body_bytes = BULK_BYTES

    def put(self, request: Request, import_id: uuid.UUID, part: int) -> HttpResponse:
        def work() -> HttpResponse:
            content = io.BytesIO(request.data if isinstance(request.data, bytes) else b"")
            sha256 = request.headers.get("X-Content-SHA256", "")
            row = sending.take_part(self.actor, import_id, part, content, sha256)
            return json_response(told(row, None))

        return self.write(request, work)


class JobAct(Endpoint):
    """Base of what is done to a job by `POST`."""

    scopes = {"POST": WRITE}
    act: Callable[..., Any]

    def post(self, request: Request, import_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            require_scope_for(self.actor, op_of(services.get_import(self.actor, import_id)))
            type(self).act(self.actor, import_id)
            row = services.get_import(self.actor, import_id)
            return json_response(told(row, services.running_job(row)), 202)

        return self.write(request, work)


class JobStart(JobAct):
    """`POST`: put the file together and set to work; with `dry_run` only try all of its rows. Counts as ten calls."""

    calls: ClassVar[int] = 10  # what a job asks of the platform, as far as one number can tell

    def post(self, request: Request, import_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            self.count(request, self.calls - 1)
            require_scope_for(self.actor, op_of(services.get_import(self.actor, import_id)))
            sending.put_together(self.actor, import_id)
            if self.is_dry_run(request):
                services.try_all(self.actor, import_id)
            else:
                services.start(self.actor, import_id)
            row = services.get_import(self.actor, import_id)
            return json_response(told(row, services.running_job(row)), 202)

        return self.write(request, work)


class JobAbort(JobAct):
    """`POST`: stop after the rows that the job is at."""

    act = staticmethod(services.abort)


class JobResume(JobAct):
    """`POST`: go on with a job that was stopped or failed."""

    act = staticmethod(services.resume)


class JobRevert(JobAct):
    """`POST`: undo a job: what it created goes to the trash, what it changed or deleted comes back as it was."""

    act = staticmethod(services.undo)


class JobResults(Endpoint):
    """`GET`: the rows that were successful, failed or not reached, as CSV, or as NDJSON; or the file of an export."""

    scopes = {"GET": READ}

    def get(self, request: Request, import_id: uuid.UUID, which: str) -> HttpResponseBase:
        row = services.get_import(self.actor, import_id)
        if which not in results.OUTCOMES:
            raise NotFound
        if row.kind == Import.Kind.EXPORT:
            return self._export(request, row, which)
        if request.query_params.get("as") == "ndjson":
            lines = (dumps(item).decode() + "\n" for item in results.result_rows(row, which))
            return _stream(lines, "application/x-ndjson")
        found = results.result_file(row, object_of(row), which, self.actor.language)
        return _stream(found, "text/csv; charset=utf-8")

    def _export(self, request: Request, row: Import, which: str) -> HttpResponseBase:
        """Answer with the file of an export: all that there is in it is successful."""
        if which != results.SUCCESSFUL:
            raise NotFound
        return send(request._request, export_file(self.actor, row))


def _stream(lines: Iterator[str], content_type: str) -> HttpResponseBase:
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    return StreamingHttpResponse(results.gathered(lines), content_type=content_type, headers=headers)


def _mapping(row: ImportMapping) -> dict[str, Any]:
    spec = current_snapshot().spec.object_by_id[row.object_id]
    return {
        "id": str(row.pk),
        "object": spec.api_name,
        "name": row.name,
        "columns": row.columns,
        "options": row.options,
        "shared": row.is_shared,
        "user_id": str(row.user_id) if row.user_id else None,
        "updated_at": row.updated_at,
    }


def _problem(error: FieldError) -> dict[str, Any]:
    return {"field": error.field, "code": error.code, "message": error.text}
