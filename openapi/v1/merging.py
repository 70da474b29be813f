"""`Prefer: handling=merge`: accept a change made on an old version when it touches other fields."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import VersionConflict
from metadata.compiler.compiled import UnknownField
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.history.models import RecordChange
from objects.query.query import RecordQuery


def current_version_if_disjoint(
    actor: Actor, object_name: str, record_id: uuid.UUID, expected: int, changes: Mapping[str, Any]
) -> int:
    """Return the version to expect instead; raises VersionConflict when the same fields have changed since."""
    version = int(RecordQuery(actor, object_name).fields("version").get(record_id)["version"])
    if version <= expected:
        return expected
    obj, policy = current_snapshot().object(object_name), AccessPolicy.of(actor)
    unknown = next((name for name in changes if not policy.can_see_field(obj, name)), None)
    if unknown is not None:
        raise UnknownField(str(unknown))
    wanted = {str(obj.field(name).spec.id) for name in changes}
    rows = RecordChange.objects.filter(object_id=obj.spec.id, record_id=record_id, version__gt=expected)
    since = list(rows.values_list("version", "changes"))
    touched = {field_id for _version, changed in since for field_id in changed}
    untracked = any(not obj.field(name).spec.track_history for name in changes)
    if untracked or len(since) != version - expected or touched & wanted:
        raise VersionConflict(current_version=version)
    return version
