"""Telling people that a record has been shared with them, or that they are on its team now."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_noop

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.kit.context import Actor
from crm_platform.notifications.services import notify
from objects.access.models import RecordShare
from objects.access.policy import AccessPolicy
from objects.access.principals import USER, Principal
from objects.access.services.holding import Held

SHARED, ON_TEAM = "records.shared", "records.team"
TITLES = {
    SHARED: gettext_noop("%(actor)s shared %(object)s “%(name)s” with you"),
    ON_TEAM: gettext_noop("%(actor)s put you on the team of %(object)s “%(name)s”"),
}


def tell(actor: Actor, held: Held, row: RecordShare, kind: str) -> None:
    """Tell the user whom a new row of a record is about; groups and the like are not told, nor who did it himself."""
    principal = Principal.parse(row.principal)
    if principal.kind != USER or principal.id is None or principal.id == actor.user_id:
        return
    user = users_for_actor().filter(pk=principal.id, is_active=True).first()
    if user is None:
        return
    spec = held.obj.spec
    can_read = AccessPolicy.of(build_actor(user, via="job")).can_read_field(held.obj, spec.name_field)
    name = held.title if can_read else ""
    data = {"object": dict(spec.label), "name": name, "actor": actor.name}
    notify([user.pk], kind, title=TITLES[kind], url=reverse("record", args=[spec.api_name, held.id]), data=data)
