"""What a duplicate rule sends to a record that is there already: written down as a follow-up, its owner told."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.context import system_actor
from crm_platform.notifications.kinds import register_kind
from crm_platform.notifications.services import notify
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.field_types.contexts import display_context
from objects.access.field_grants import read_by_everybody
from objects.activities.services import CONTENT, headline
from objects.activities.shipped import FOLLOW_UP, NAME, RELATED
from objects.activities.sources import targets_of
from objects.query.query import RecordQuery
from objects.records.diverting import Receiver, receivers
from objects.records.drafts import Batch, Draft
from objects.records.service import MAX_ROWS, RecordService

CAME_AGAIN = "records.came_again"
LONGEST = 8_000

AGAIN = gettext_noop("%(object)s “%(name)s” came in again")
AGAIN_BY = gettext_noop("%(actor)s entered %(object)s “%(name)s” again")


def register() -> None:
    """Register the receiver, and what owners are told by it; called once, when Django starts."""
    receivers.register(Receiver("follow_ups", _takes, _take_in))
    register_kind(CAME_AGAIN, gettext_lazy("One of my customers came in again"))


def _takes(snapshot: SchemaSnapshot, object_name: str) -> bool:
    spec = snapshot.spec.object_map.get(FOLLOW_UP)
    return spec is not None and CONTENT in spec.field_map and object_name in targets_of(spec, RELATED)


def _take_in(batch: Batch, drafts: Sequence[Draft]) -> None:
    """Write down what the drafts hold, as the platform: whoever entered it may not see the records at all."""
    language = OrganizationSettings.objects.values_list("language", flat=True).first() or "en"
    writer = system_actor(batch.actor.name, via=batch.actor.via, language=language, time_zone=batch.actor.time_zone)
    with translation.override(language):
        rows = [_follow_up(batch, draft, language) for draft in drafts]
    service = RecordService(writer)
    for start in range(0, len(rows), MAX_ROWS):
        service.bulk_create(FOLLOW_UP, rows[start : start + MAX_ROWS])
    _tell_owners(batch, drafts)


def _follow_up(batch: Batch, draft: Draft, language: str) -> dict[str, Any]:
    assert draft.diverted is not None
    label = batch.object.spec.label.text(language)
    if batch.actor.is_system:
        title = _("%(object)s came in again: %(who)s") % {"object": label, "who": batch.actor.name}
    else:
        title = _("%(who)s entered %(object)s again") % {"object": label, "who": batch.actor.name}
    about = {"object": draft.diverted.object, "id": str(draft.diverted.record_id)}
    content = "\n".join([title, *_lines(batch, draft, language)])[:LONGEST]
    return {NAME: headline(title), CONTENT: content, RELATED: about}


def _lines(batch: Batch, draft: Draft, language: str) -> list[str]:
    """Return what was entered, field by field, without what not everybody may read who reads the follow-up."""
    ctx = display_context(replace(batch.actor, language=language), batch.now, record=draft.values)
    fields = [batch.object.fields[name] for name in draft.given if name in batch.object.fields]
    plain = [
        item
        for item in fields
        if not (
            item.spec.is_system or item.spec.sensitivity == "secret" or item.type.is_sealed or item.type.has_targets
        )
    ]
    open_names = read_by_everybody(batch.object.name, [item.name for item in plain])
    told = [(item, draft.values.get(item.name)) for item in plain if item.name in open_names]
    return [
        f"{item.spec.label.text(language)}: {item.type.to_text(item.spec, value, ctx)}"
        for item, value in told
        if value not in (None, "", [], ())
    ]


def _tell_owners(batch: Batch, drafts: Sequence[Draft]) -> None:
    """Tell the owners of the records, each with the names of those that he may see."""
    ids: dict[str, list[uuid.UUID]] = defaultdict(list)
    for draft in drafts:
        assert draft.diverted is not None
        ids[draft.diverted.object].append(draft.diverted.record_id)
    for object_name, wanted in ids.items():
        _tell_owners_of(batch, object_name, dict.fromkeys(wanted))


def _tell_owners_of(batch: Batch, object_name: str, wanted: Collection[uuid.UUID]) -> None:
    target = batch.snapshot.object(object_name)
    model: Any = target.model
    owned: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    rows = model._base_manager.filter(pk__in=wanted, deleted_at=None).exclude(owner_id=None)
    for record_id, owner_id in rows.values_list("pk", "owner_id"):
        if owner_id != batch.actor.user_id:
            owned[owner_id].append(record_id)
    title = AGAIN if batch.actor.is_system else AGAIN_BY
    for user in users_for_actor().filter(pk__in=owned, is_active=True):
        query = RecordQuery(build_actor(user, via="job"), object_name)
        named = query.fields("id", *query.name_fields()).where_ids(owned[user.pk]).display(len(owned[user.pk]))
        for row in named.rows:
            name = str(row.values.get(target.spec.name_field) or "")
            data = {"object": dict(target.spec.label), "name": name, "actor": batch.actor.name}
            url = reverse("record", args=[object_name, row.id])
            notify([user.pk], CAME_AGAIN, title=title, url=url, data=data)
