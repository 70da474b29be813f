"""Leads over the API: converted, one or many; given up and taken up again; and where their fields go."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, Forbidden, PlatformError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.publishing import CUSTOMIZE
from objects.conversion.bulk import MAX_LEADS, Row, bulk_convert
from objects.conversion.inputs import EXISTING, NEW, NOTHING, Becomes, Converted, ConvertInput
from objects.conversion.mapping import ACCOUNT, CONTACT, LEAD, OPPORTUNITY, TARGETS
from objects.conversion.models import Existing
from objects.conversion.service import convert
from objects.conversion.settings import Choice, choices, set_choices
from objects.conversion.statuses import disqualify, reopen
from objects.records.drafts import SavedRecord
from openapi.errors import field_error
from openapi.http import Endpoint, expected_version, json_response, members
from openapi.v1.duplicates import consent
from openapi.v1.reading import refuse_unknown

MEMBERS = frozenset({*TARGETS, "owner_id", "reason"})
TARGET_MEMBERS = frozenset({"mode", "id", "values", "allow_duplicates", "existing"})


class LeadConvert(Endpoint):
    """`POST {"account": {"mode": "new", "values": {…}}, "contact": {"mode": "existing", "id": …}, …}`."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, lead_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            given, dry_run = _given(request, members(request.data)), self.is_dry_run(request)
            done = convert(self.actor, lead_id, given, expected_version=expected_version(request), dry_run=dry_run)
            body = _told(done, dry_run=dry_run)
            return json_response(body) if dry_run else json_response(body, etag=str(done.version))

        return self.write(request, work)


class LeadBulkConvert(Endpoint):
    """`POST {"ids": […], "all_or_none": true, …as for one}`: up to 100 leads."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            body, dry_run = dict(members(request.data)), self.is_dry_run(request)
            ids, all_or_none = body.pop("ids", None), body.pop("all_or_none", True)
            if not isinstance(ids, list) or not isinstance(all_or_none, bool):
                raise ParseError(_('Send {"ids": [...], "all_or_none": true}.'))
            given = _given(request, body)
            rows = bulk_convert(self.actor, ids[: MAX_LEADS + 1], given, all_or_none=all_or_none, dry_run=dry_run)
            return _bulk_answer(rows, all_or_none=all_or_none, dry_run=dry_run)

        return self.write(request, work)


class LeadDisqualify(Endpoint):
    """`POST {"reason": "no_need"}`: nothing comes of the lead."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, lead_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            body, dry_run = members(request.data), self.is_dry_run(request)
            refuse_unknown(body, frozenset({"reason"}))
            reason = body.get("reason") or ""
            if not isinstance(reason, str):
                raise ValidationFailed.single("reason", "invalid_type", _("Enter a text."))
            version = expected_version(request)
            saved = disqualify(self.actor, lead_id, reason, expected_version=version, dry_run=dry_run)
            return _saved(saved, dry_run=dry_run)

        return self.write(request, work)


class LeadReopen(Endpoint):
    """`POST`: take up a lead again that was given up."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, lead_id: uuid.UUID) -> HttpResponse:
        def work() -> HttpResponse:
            refuse_unknown(members(request.data or {}), frozenset())
            dry_run = self.is_dry_run(request)
            saved = reopen(self.actor, lead_id, expected_version=expected_version(request), dry_run=dry_run)
            return _saved(saved, dry_run=dry_run)

        return self.write(request, work)


class ConversionMappings(Endpoint):
    """`GET` what administrators have said about fields of leads, `PUT {"mappings": […]}` all of it anew."""

    scopes = {"GET": "meta:read", "PUT": "meta:write"}

    def get(self, request: Request) -> HttpResponse:
        if not self.actor.has_function(CUSTOMIZE):
            raise Forbidden
        return _mappings()

    def put(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            if not self.actor.has_function(CUSTOMIZE):
                raise Forbidden
            body = members(request.data)
            refuse_unknown(body, frozenset({"mappings"}))
            rows = body.get("mappings")
            if not isinstance(rows, list):
                raise ParseError(_('Send {"mappings": [...]}.'))
            set_choices(self.actor, [_choice(row) for row in rows])
            return _mappings()

        return self.write(request, work)


def _mappings() -> HttpResponse:
    rows = [
        {"field": item.source, "target": item.target, "to": item.field, "existing": item.existing} for item in choices()
    ]
    return json_response({"mappings": rows})


def _choice(row: Any) -> Choice:
    found = members(row)
    refuse_unknown(found, frozenset({"field", "target", "to", "existing"}))
    source, target, to, existing = (found.get(name) for name in ("field", "target", "to", "existing"))
    if not isinstance(source, str) or not isinstance(target, str) or not isinstance(to, str | None):
        raise ValidationFailed.single("mappings", "invalid_type", _("Send names of fields."))
    return Choice(source, target, to or None, str(existing or Existing.FILL))


# --- what is asked ----------------------------------------------------------------------------------------------
def _given(request: Request, body: Mapping[str, Any]) -> ConvertInput:
    refuse_unknown(body, MEMBERS)
    preferred = consent(request)
    wishes = {name: _wish(name, body[name], preferred.duplicates) for name in TARGETS if name in body}
    reason, owner = body.get("reason") or preferred.reason, body.get("owner_id")
    if not isinstance(reason, str):
        raise ValidationFailed.single("reason", "invalid_type", _("Enter a text."))
    if owner is not None and not isinstance(owner, str):
        raise ValidationFailed.single("owner_id", "invalid_type", _("Send an id."))
    usual = Becomes(NEW, is_another=preferred.duplicates)
    return ConvertInput(
        wishes.get(ACCOUNT, usual),
        wishes.get(CONTACT, usual),
        wishes.get(OPPORTUNITY, NOTHING),
        owner,
        reason,
        preferred.warnings,
    )


def _wish(name: str, given: Any, is_another: bool) -> Becomes:
    if given is None:
        return NOTHING
    if not isinstance(given, dict):
        raise ValidationFailed.single(name, "invalid_type", _("Send a JSON object."))
    refuse_unknown(given, TARGET_MEMBERS, f"{name}.")
    mode, values, allowed = given.get("mode", NEW), given.get("values", {}), given.get("allow_duplicates", is_another)
    if not isinstance(mode, str) or not isinstance(values, dict) or not isinstance(allowed, bool):
        raise ValidationFailed.single(name, "invalid_type", _("Send mode, id, values and allow_duplicates."))
    existing = given.get("existing") or ""
    if not isinstance(existing, str):
        raise ValidationFailed.single(f"{name}.existing", "invalid_type", _("Enter a text."))
    record_id = parse_uuid(given.get("id"))
    if mode == EXISTING and given.get("id") and record_id is None:
        raise ValidationFailed.single(f"{name}.id", "invalid_reference", _("There is no such record."))
    return Becomes(mode, record_id, values, allowed, existing)


# --- what is answered -------------------------------------------------------------------------------------------
def _told(done: Converted, *, dry_run: bool) -> dict[str, Any]:
    """Return a result; ids of records that a dry run has not kept are left out."""
    body = {"object": LEAD, **done.to_api()}
    if dry_run:
        body |= {f"{name}_id": None for name in done.made} | {"dry_run": True}
    return body


def _saved(saved: SavedRecord, *, dry_run: bool) -> HttpResponse:
    body = {"object": LEAD, "id": str(saved.id), "version": saved.version, "status": saved.record.value("status")}
    return json_response({**body, "dry_run": True}) if dry_run else json_response(body, etag=str(saved.version))


def _bulk_answer(rows: list[Row], *, all_or_none: bool, dry_run: bool) -> HttpResponse:
    """422 when nothing was converted, 200 otherwise; one entry per lead, in order."""
    failed = sum(row.failure is not None for row in rows)
    is_refused = bool(failed) and (all_or_none or failed == len(rows))
    summary = {"total": len(rows), "failed": failed, "succeeded": 0 if is_refused else len(rows) - failed}
    body: dict[str, Any] = {"results": [_entry(row, dry_run) for row in rows], "summary": summary}
    if not is_refused:
        return json_response({**body, "dry_run": True} if dry_run else body)
    title = _("Some leads could not be converted; nothing was written.")
    problem = {"type": "urn:crm:error:validation_failed", "title": title, "status": 422, "code": "validation_failed"}
    return json_response({**problem, **body}, 422)


def _entry(row: Row, dry_run: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"index": row.index, "id": str(row.lead_id) if row.lead_id else None}
    if row.done is not None:
        return {
            **entry,
            **_told(row.done, dry_run=dry_run),
            "status": "repeated" if row.done.is_repeated else "converted",
        }
    if row.failure is None:
        return {**entry, "status": "not_written"}
    told: dict[str, Any] = {
        name: row.failure.details[name] for name in ("duplicates", "target") if name in row.failure.details
    }
    return {**entry, "status": "failed", "errors": [field_error(error) for error in _errors(row.failure)], **told}


def _errors(failure: PlatformError) -> tuple[FieldError, ...]:
    if isinstance(failure, ValidationFailed):
        return failure.errors
    return (FieldError(None, failure.code, str(failure.message).replace("%", "%%"), {}),)
