"""Mass transfer: selected records of one object get other owners, by the engine of handovers."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from crm_platform.identity.people import visible_ids
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.access.policy import AccessPolicy
from objects.access.reach import TRANSFER
from objects.handover.gathering import add_items
from objects.handover.job import begin, finish
from objects.handover.models import Handover
from objects.handover.moving import Mover
from objects.handover.plan import MANAGER, Plan, Rule
from objects.handover.successors import known_successors
from objects.query.query import RecordQuery

MAX_RECORDS = 200


def transfer_records(
    actor: Actor, object_name: str, ids: Sequence[uuid.UUID], rule: Rule, *, keep: int | None = None
) -> Handover:
    """Give records that the caller sees to other owners, at once; the result says what became of each.

    With `keep` the old owners stay on the records' teams, at that level. Records out of sight are left out. Raises
    NotFound, Forbidden, ValidationFailed.
    """
    policy = AccessPolicy.of(actor)
    policy.require(object_name, TRANSFER)
    policy.require(object_name, "edit")
    _check(actor, rule, len(ids))
    obj = current_snapshot().object(object_name)
    seen = RecordQuery(actor, object_name).visible_ids(list(ids))
    plan = Plan(everything=rule, keep=keep)
    with transaction.atomic():
        row = Handover.objects.create(
            kind=Handover.Kind.TRANSFER, object_id=obj.spec.id, plan=plan.to_json(), ordered_by_id=actor.user_id
        )
        add_items(row, obj, known_successors(rule, None).users, "t.id = ANY(%s)", [sorted(seen)])
        begin(row.pk, plan)
    mover = Mover(actor, row.pk, plan, lambda _done, _total: None)
    while mover.move_some():
        pass
    with transaction.atomic():
        finish(actor, row.pk, plan)
    row.refresh_from_db()
    return row


def _check(actor: Actor, rule: Rule, count: int) -> None:
    if count > MAX_RECORDS:
        message = _("At most %(max)d records at once.") % {"max": MAX_RECORDS}
        raise ValidationFailed.single(None, "payload_too_large", message, max=MAX_RECORDS)
    if rule.to == MANAGER:
        raise ValidationFailed.single("to", "invalid_choice", _("Choose who gets the records."))
    active = User.objects.filter(pk__in=rule.users, is_active=True).values_list("pk", flat=True)
    if not visible_ids(actor, list(active)).issuperset(rule.users):
        raise ValidationFailed.single("to", "inactive_reference", _("Choose people with an active account."))
