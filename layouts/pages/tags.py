"""The tags that a field's records have already, for its input."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from crm_platform.console.access import signed_in
from crm_platform.kit.errors import NotFound
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import ObjectSpec
from metadata.field_types.tags import TagsType
from metadata.field_types.text import fold
from objects.access.policy import AccessPolicy
from objects.query.conditions import Condition
from objects.query.query import RecordQuery

SUGGESTED = 20
RECORDS_READ = 1_000  # the newest that have tags: enough to know the usual ones, and quick on any table


@require_safe
@signed_in
def tags(request: HttpRequest, field_id: int) -> HttpResponse:
    """Answer `?q=vi` with the tags that hold the text, as a JSON list, the most used first."""
    actor = request.actor  # type: ignore[attr-defined]
    spec = _object_of(field_id)
    policy = AccessPolicy.of(actor)
    policy.require(spec.api_name, "read")
    obj = current_snapshot().object(spec.api_name)
    field = obj.field(spec.field_by_id[field_id].api_name)
    if not isinstance(field.type, TagsType) or not policy.can_read_field(obj, field.name):
        raise NotFound
    query = RecordQuery(actor, obj.name).where(Condition(field.name, "nempty")).fields(field.name)
    used = Counter(tag for row in query.page(RECORDS_READ).rows for tag in row[0] or ())
    wanted = fold(request.GET.get("q", "")[:100])
    fitting = [tag for tag, _count in used.most_common() if wanted in fold(tag)]
    return JsonResponse(fitting[:SUGGESTED], safe=False)


def _object_of(field_id: int) -> ObjectSpec:
    """Return the object that has a field; raises NotFound."""
    found = next((spec for spec in current_snapshot().objects() if field_id in spec.field_by_id), None)
    if found is None or field_id < 0:
        raise NotFound
    return found
