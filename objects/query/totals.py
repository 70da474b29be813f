"""Counting records, and fetching one as a model instance."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from django.db.models import Model

from crm_platform.kit.errors import NotFound
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import SECOND
from objects.query.lists import bound_filter, rows_shape, slot_values
from objects.query.pages import Count
from objects.query.plan import CAPPED, ESTIMATE, EXACT, count_plan
from objects.query.run import fetch

if TYPE_CHECKING:
    from objects.query.query import RecordQuery

CAP = 10_000


def count(query: RecordQuery, kind: str) -> Count:
    """Return the number of records; raises ValueError for an unknown kind."""
    if kind not in (EXACT, CAPPED, ESTIMATE):
        raise ValueError(f"unknown kind of count {kind!r}")
    obj = query.object
    bound = bound_filter(query, obj)
    plan = count_plan(obj, query.policy, rows_shape(query, bound), kind)
    ((answer,),) = fetch(plan, slot_values(query, bound, CAP + 1))
    if kind == ESTIMATE:
        document = json.loads(answer) if isinstance(answer, str) else answer
        return Count(int(document[0]["Plan"]["Plan Rows"]), False)
    if kind == CAPPED and answer > CAP:
        return Count(CAP, False)
    return Count(answer, True)


def record(query: RecordQuery, record_id: uuid.UUID | str) -> Model:
    """Return one record that the query reaches as a model instance; raises NotFound."""
    key = parse_uuid(record_id)
    if key is None or ((query.wish.tree or query.wish.ids is not None) and key not in query.visible_ids([key])):
        raise NotFound
    obj = query.object
    rows = obj.model._base_manager.filter(pk=key, deleted_at__isnull=not query.wish.in_trash)
    if obj.second is not None:
        rows = rows.select_related(SECOND)
    found = rows.filter(query.policy.scope(obj, query.wish.action).predicate()).first()
    if found is None:
        raise NotFound
    return found
