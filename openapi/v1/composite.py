"""Several requests as one: a composite in order and with references, a batch, a tree of records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.request import Request

from objects.access.policy import AccessPolicy
from objects.records.planting import plant
from openapi.composite.reading import read_requests
from openapi.composite.running import Runner, answer
from openapi.composite.trees import TreeReader, told_node
from openapi.http import Endpoint, json_response, members
from openapi.v1.duplicates import consent
from openapi.v1.reading import refuse_unknown


class Composite(Endpoint):
    """`POST {"requests": [{"id", "method", "path", "body", "headers"}], "all_or_none": true}`: up to 100, in order.

    Later requests may refer to the answers of earlier ones. It has no scope of its own: each request needs its own
    one, and counts as a call. With `all_or_none` the first failure ends it, and nothing of it stays.
    """

    scopes = {"POST": None}
    refers: ClassVar[bool] = True

    def post(self, request: Request) -> HttpResponse:
        def work() -> HttpResponse:
            body = members(request.data)
            all_or_none = self.all_or_none(body)
            subs = read_requests(body, refers=self.refers)
            self.count(request, len(subs) - 1)
            dry_run = self.is_dry_run(request)
            runner = Runner(request._request, request.user, self.actor, refers=self.refers)
            outcomes = runner.run(subs, all_or_none=all_or_none, dry_run=dry_run)
            return answer(outcomes, all_or_none=all_or_none, dry_run=dry_run)

        return self.write(request, work)

    def all_or_none(self, body: Mapping[str, Any]) -> bool:
        refuse_unknown(body, ("requests", "all_or_none"))
        given = body.get("all_or_none", True)
        if not isinstance(given, bool):
            raise ParseError(_("all_or_none is true or false."))
        return given


class CompositeBatch(Composite):
    """`POST {"requests": […]}`: up to 100 requests that have nothing to do with each other, each for itself.

    Each is a transaction of its own; with an Idempotency-Key a savepoint of the one in which the answer is kept.
    """

    scopes = {"POST": None}
    refers = False

    def all_or_none(self, body: Mapping[str, Any]) -> bool:
        refuse_unknown(body, ("requests",))
        return False


class CompositeTree(Endpoint):
    """`POST {"records": [{"name": …, "contact.account_id": [{…}]}]}`: up to 200 records in 5 levels, all or none."""

    scopes = {"POST": "records:write"}

    def post(self, request: Request, object_name: str) -> HttpResponse:
        def work() -> HttpResponse:
            policy, dry_run = AccessPolicy.of(self.actor), self.is_dry_run(request)
            policy.require(object_name, "create")
            levels = TreeReader(policy, object_name).read(members(request.data))
            plant(self.actor, levels, consent=consent(request), dry_run=dry_run)
            records = [told_node(node, dry_run=dry_run) for node in levels[0]]
            body: dict[str, Any] = {"records": records, "summary": {"total": sum(map(len, levels))}}
            return json_response({**body, "dry_run": True} if dry_run else body, 200 if dry_run else 201)

        return self.write(request, work)
