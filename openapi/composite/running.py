"""Carrying out the requests of a composite: each goes to the endpoint that it would reach alone, as the same caller."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.json import loads
from openapi import errors
from openapi.composite.reading import SubRequest, route_of
from openapi.composite.references import Answers, TooMuch, Unresolved
from openapi.http import Handed, json_response

BASE = "/api/v1"
ANSWERED = 25 * 1024 * 1024  # bytes of all answers together
KEPT = ("HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "HTTP_ACCEPT_LANGUAGE")
TOLD = ("ETag", "Location", "Content-Location", "Link", "Retry-After")
CONFLICTS = frozenset({409, 412, 423})
DONE, FAILED, UNDONE, SKIPPED = "done", "failed", "undone", "skipped"


@dataclass(frozen=True)
class Outcome:
    """What became of one request; one that was skipped has no answer."""

    sub: SubRequest
    state: str
    status: int | None = None
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def has_failed(self) -> bool:
        return self.state == FAILED

    @property
    def problem(self) -> dict[str, Any]:
        found = loads(self.content) if self.content else {}
        return found if isinstance(found, dict) else {}

    def told(self) -> dict[str, Any]:
        body = orjson.Fragment(self.content) if self.content else None
        return {"id": self.sub.id, "state": self.state, "status": self.status, "headers": self.headers, "body": body}


class Runner:
    """Carries out requests one after the other for the caller of the request that holds them."""

    def __init__(self, outer: HttpRequest, user: Any, actor: Actor, *, refers: bool) -> None:
        self.outer, self.user, self.actor, self.refers = outer, user, actor, refers
        self.answers, self.size = Answers(), 0

    def run(self, subs: Sequence[SubRequest], *, all_or_none: bool, dry_run: bool) -> list[Outcome]:
        """Carry out all of them, with `all_or_none` up to the first that fails: then nothing of any stays."""
        outcomes: list[Outcome] = []
        with transaction.atomic() if all_or_none or dry_run else nullcontext():
            for sub in subs:
                outcomes.append(self._run_one(sub))
                if all_or_none and outcomes[-1].has_failed:
                    break
            has_failed = any(outcome.has_failed for outcome in outcomes)
            if dry_run or (all_or_none and has_failed):
                transaction.set_rollback(True)
        if all_or_none and has_failed:
            outcomes = [item if item.has_failed else replace(item, state=UNDONE) for item in outcomes]
            outcomes += [Outcome(sub, SKIPPED) for sub in subs[len(outcomes) :]]
        return outcomes

    def _run_one(self, sub: SubRequest) -> Outcome:
        """Carry out one request as a transaction, or savepoint, of its own: one that fails has written nothing."""
        try:
            request = self._request(sub)
            with transaction.atomic():
                response = self._answer(request)
                if response.status_code >= 400:
                    transaction.set_rollback(True)
        except Exception as error:
            response = errors.handle(error, {})
        is_done = response.status_code < 400
        if self.refers:
            self.answers.keep(sub.id, response.content if is_done else None)
        headers = {name: response[name] for name in TOLD if name in response}
        return Outcome(sub, DONE if is_done else FAILED, response.status_code, response.content, headers)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        match = request.resolver_match
        assert match is not None
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        self.size += len(response.content)
        if self.size > ANSWERED:
            raise TooMuch
        return response

    def _request(self, sub: SubRequest) -> HttpRequest:
        """Return the request as its endpoint gets it; raises what references do that lead nowhere."""
        path = self.answers.fill_path(sub.path) if self.refers else sub.path
        match = route_of(sub.method, path)
        if match is None:
            raise Unresolved(_("With the values of its references the path leads somewhere else."))
        bare, _mark, query = path.partition("?")
        made = HttpRequest()
        made.method, made.path, made.resolver_match = sub.method, BASE + unquote(bare), match
        made.path_info = made.path
        made.META = {
            **{name: self.outer.META[name] for name in KEPT if name in self.outer.META},
            **sub.headers,
            "REQUEST_METHOD": sub.method,
            "PATH_INFO": made.path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/json",
        }
        made.GET = QueryDict(query)
        # What one request has looked up for its caller is not to answer the next one's questions.
        body = self.answers.fill(sub.body) if self.refers else sub.body
        made.handed = Handed(self.user, replace(self.actor, memo={}), body)  # type: ignore[attr-defined]
        return made


def answer(outcomes: Sequence[Outcome], *, all_or_none: bool, dry_run: bool) -> HttpResponse:
    """Return the answer of a composite: a problem where nothing was written because of what has failed."""
    failed = [outcome for outcome in outcomes if outcome.has_failed]
    body: dict[str, Any] = {"results": [outcome.told() for outcome in outcomes], "summary": _summary(outcomes)}
    if dry_run:
        body["dry_run"] = True
    if not failed or (not all_or_none and len(failed) < len(outcomes)):
        return json_response(body)
    first = failed[0]
    codes = {str(outcome.problem.get("code", "")) for outcome in failed}
    status = _status(first.status or 500)
    told = [_told_error(outcome) for outcome in failed]
    title = _("A request has failed; nothing was written.")
    code = codes.pop() if len(codes) == 1 else "validation_failed"
    response = errors.problem(status, code, title, errors=told, **body)
    if "Retry-After" in first.headers:
        response["Retry-After"] = first.headers["Retry-After"]
    return response


def _status(failed: int) -> int:
    """Return the status of a whole that failed for the sake of one: what may be tried again as it is stays so."""
    if failed >= 500 or failed == 429:
        return failed
    return 409 if failed in CONFLICTS else 422


def _summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    succeeded = sum(outcome.state == DONE for outcome in outcomes)
    failed = sum(outcome.has_failed for outcome in outcomes)
    return {"total": len(outcomes), "succeeded": succeeded, "failed": failed}


def _told_error(outcome: Outcome) -> dict[str, Any]:
    problem = outcome.problem
    return {
        "pointer": f"#/requests/{outcome.sub.index}",
        "code": problem.get("code", "internal_error"),
        "message": problem.get("title", ""),
        "params": {"id": outcome.sub.id, "status": outcome.status},
    }
