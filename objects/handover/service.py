"""Ordering a handover 离职交接: access ends at once, then a job moves the records; cancelling, trying again."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity import selectors
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.services import deactivate_user, require_function
from crm_platform.jobs.models import Job
from crm_platform.jobs.services import enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed
from metadata.compiler.current import current_snapshot
from objects.access.field_grants import FieldLevel
from objects.access.policy import AccessPolicy
from objects.access.reach import TRANSFER
from objects.handover.kinds import CANCELLED, JOB, ORDERED, RETRIED
from objects.handover.mentions import begin_again
from objects.handover.models import Handover, HandoverItem
from objects.handover.plan import MANAGER, POOL, USERS, Plan, read_plan
from objects.handover.pools import pool_choices


def order_handover(actor: Actor, user_id: uuid.UUID, plan: Plan) -> Handover:
    """Hand over what a person owns, by a job that runs as the caller.

    With `deactivate` the person is locked out first, in a transaction of its own: that holds even if the rest
    fails. Raises Forbidden, NotFound, ValidationFailed, and StateConflict while another handover of his runs.
    """
    leaver = check_order(actor, user_id, plan)
    if plan.deactivate and leaver.is_active:
        deactivate_user(actor, leaver.pk)
    try:
        with transaction.atomic():
            row = Handover.objects.create(
                kind=Handover.Kind.LEAVER, leaver=leaver, plan=plan.to_json(), ordered_by_id=actor.user_id
            )
            _start(actor, row)
            _note(actor, ORDERED, row, {"plan": row.plan})
    except IntegrityError as error:
        raise StateConflict(_("A handover of this person is running already.")) from error
    return row


def check_order(actor: Actor, user_id: uuid.UUID, plan: Plan) -> User:
    """Return the leaver if the order can be carried out; raises what `order_handover` does."""
    require_function(actor, MANAGE_USERS)
    leaver = selectors.get_user(actor, user_id)
    if Handover.objects.filter(leaver=leaver, state=Handover.State.RUNNING).exists():
        raise StateConflict(_("A handover of this person is running already."))
    errors = [*_people_errors(leaver, plan), *_right_errors(actor, plan)]
    if errors:
        raise ValidationFailed(errors)
    if plan.deactivate and leaver.pk == actor.user_id:
        raise StateConflict(_("You can't deactivate yourself."))
    return leaver


def _people_errors(leaver: User, plan: Plan) -> Iterable[FieldError]:
    active = set(User.objects.filter(pk__in=plan.people, is_active=True).values_list("pk", flat=True))
    places = {"everything": plan.everything.users, **{f"objects.{n}": rule.users for n, rule in plan.objects.items()}}
    places |= {name: (value,) for name in USERS if (value := getattr(plan, name))}
    for place, users in places.items():
        if leaver.pk in users:
            yield FieldError(place, "invalid_choice", _("Choose somebody else than the person who leaves."))
        elif not active.issuperset(users):
            yield FieldError(place, "inactive_reference", _("Choose people with an active account."))
    for place, rule in {"everything": plan.everything, **{f"objects.{n}": r for n, r in plan.objects.items()}}.items():
        if rule.to == MANAGER and not (leaver.manager and leaver.manager.is_active):
            yield FieldError(place, "inactive_reference", _("The person has no manager with an active account."))


def _right_errors(actor: Actor, plan: Plan) -> Iterable[FieldError]:
    """Name the objects that the plan speaks of and whose records the caller may not give away."""
    policy = AccessPolicy.of(actor)
    for name, rule in plan.objects.items():
        if rule.to != "keep" and not (policy.can(name, TRANSFER) and policy.can(name, "edit")):
            yield FieldError(f"objects.{name}", "forbidden", _("You may not give records of this object away."))
        if rule.to == POOL and rule.pool not in {choice.id for choice in pool_choices(actor, name)}:
            yield FieldError(f"objects.{name}", "invalid_reference", _("There is no such pool."))
    for name, fields in plan.mentions.items():
        levels = [policy.field_level(current_snapshot().object(name), item) for item in fields]
        if not policy.can(name, "edit") or min(levels) < FieldLevel.EDIT:
            yield FieldError(f"mentions.{name}", "forbidden", _("You may not change these fields."))
    if plan.keep is not None:
        yield FieldError("keep", "invalid_choice", _("Who leaves does not stay on teams."))


def cancel_handover(actor: Actor, handover_id: uuid.UUID) -> Handover:
    """Stop before the next batch; what has moved stays moved."""
    with transaction.atomic():
        row = _locked(actor, handover_id)
        if row.state != Handover.State.RUNNING:
            raise StateConflict(_("The handover is over already."))
        row.state, row.finished_at = Handover.State.CANCELLED, timezone.now()
        row.save(update_fields=["state", "finished_at"])
        _note(actor, CANCELLED, row)
    return row


def retry_handover(actor: Actor, handover_id: uuid.UUID) -> Handover:
    """Try the records again that failed or still wait, now as the caller; also after the job broke off."""
    try:
        with transaction.atomic():
            row = _locked(actor, handover_id)
            if row.state == Handover.State.RUNNING and not is_stuck(row):
                raise StateConflict(_("The handover is still running."))
            again = row.items.filter(state=HandoverItem.State.FAILED)
            again.update(state=HandoverItem.State.WAITING, code="", message="")
            row.state, row.finished_at, row.is_gathered = Handover.State.RUNNING, None, False
            row.ordered_by_id = actor.user_id
            begin_again(row.people)
            row.save(update_fields=["state", "finished_at", "is_gathered", "ordered_by", "people"])
            _start(actor, row)
            _note(actor, RETRIED, row)
    except IntegrityError as error:
        raise StateConflict(_("A handover of this person is running already.")) from error
    return row


def is_stuck(row: Handover) -> bool:
    """Tell whether the job of a running handover has ended without finishing it."""
    job = job_of(row)
    return row.state == Handover.State.RUNNING and (job is None or job.is_finished)


def job_of(row: Handover) -> Job | None:
    return Job.objects.filter(pk=row.job_id).first() if row.job_id else None


def get_handover(actor: Actor, handover_id: uuid.UUID) -> Handover:
    """Return an order, for those who manage users and for who gave it; raises NotFound."""
    found = visible_handovers(actor).filter(pk=handover_id).first()
    if found is None:
        raise NotFound
    return found


def visible_handovers(actor: Actor) -> QuerySet[Handover]:
    """Return the orders that the caller may look at, the newest first."""
    rows = Handover.objects.select_related("leaver", "ordered_by").order_by("-ordered_at", "-id")
    if actor.has_function(MANAGE_USERS):
        return rows
    return rows.filter(Q(ordered_by=actor.user_id) & Q(kind=Handover.Kind.TRANSFER))


def plan_of(row: Handover) -> Plan:
    """Return the plan as it was ordered, without what has been deleted since."""
    known = current_snapshot().spec.object_map
    objects = {name: rule for name, rule in row.plan.get("objects", {}).items() if name in known}
    mentions = {
        name: [item for item in fields if item in known[name].field_map]
        for name, fields in row.plan.get("mentions", {}).items()
        if name in known
    }
    mentions = {name: fields for name, fields in mentions.items() if fields}
    return read_plan({**row.plan, "objects": objects, "mentions": mentions}, current_snapshot())


def _locked(actor: Actor, handover_id: uuid.UUID) -> Handover:
    get_handover(actor, handover_id)
    row = Handover.objects.select_for_update(of=("self",)).select_related("leaver").get(pk=handover_id)
    if row.kind == Handover.Kind.LEAVER:
        require_function(actor, MANAGE_USERS)
    return row


def _start(actor: Actor, row: Handover) -> None:
    """Queue the job that carries the order out, in the caller's transaction."""
    label = row.leaver.name if row.leaver else ""
    job = enqueue(JOB, {"handover": str(row.pk)}, actor=actor, dedupe_key=f"{JOB}:{row.pk}", label=label)
    row.job_id = job.pk
    row.save(update_fields=["job_id"])


def _note(actor: Actor, action: str, row: Handover, details: dict[str, Any] | None = None) -> None:
    if row.leaver is not None:
        subject = Subject(record_id=row.leaver.pk, record_name=row.leaver.name)
    else:
        spec = current_snapshot().spec.object_by_id.get(row.object_id or 0)
        subject = Subject(object_name=spec.api_name if spec else "")
    record_entry(actor, action, subject, {"handover": str(row.pk), **(details or {})})
