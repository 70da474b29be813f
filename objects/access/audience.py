"""Who can see, edit or delete a record: the active users whom the policy lets, and why each of them.

Every user's own policy is asked, with what is around everybody read at once and the predicates of many in one
statement: the number of statements does not follow the number of users.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db.models import Q
from django.utils.translation import gettext as _

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.identity.people import visible_people
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata.compiler.compiled import CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from objects.access.asking import covering
from objects.access.circle import CIRCLE
from objects.access.circles import Crowd, MemberCircle
from objects.access.explaining import function_step, is_visible
from objects.access.explanation import Step, opening
from objects.access.facts import Facts, facts_of
from objects.access.policy import AccessPolicy
from objects.access.reach import EDIT, READ, SCOPED_ACTIONS, TRANSFER
from objects.access.trace_names import TraceNames
from objects.access.tracing import traces

PAGE = 50


@dataclass(frozen=True)
class Reached:
    """Somebody who can, and what lets him: the strongest reason first."""

    user_id: uuid.UUID
    name: str
    department: str
    reasons: tuple[Step, ...]


@dataclass(frozen=True)
class Audience:
    """One page of those who can, by name; `total` counts all of them."""

    people: tuple[Reached, ...]
    total: int
    offset: int

    @property
    def has_more(self) -> bool:
        return self.offset + len(self.people) < self.total


def who_can(
    actor: Actor,
    object_name: str,
    record_id: uuid.UUID,
    action: str = READ,
    *,
    offset: int = 0,
    limit: int = PAGE,
    text: str = "",
) -> Audience:
    """Return the active users who can do `action` to a record, by name; `text` narrows them to some names.

    Who manages users asks about any record; others about records that they own, or may edit and transfer, and
    they are told of colleagues within their contact scope only. Raises NotFound, Forbidden, and ValidationFailed
    for an action that is not about one record.
    """
    if action not in SCOPED_ACTIONS:
        raise ValidationFailed.single("action", "invalid_choice", _("There is no such action."))
    obj, facts = _record(actor, object_name, record_id)
    users = users_for_actor().filter(visible_people(actor), is_active=True).order_by("name", "id")
    if text:
        users = users.filter(Q(name__icontains=text) | Q(username__icontains=text))
    found = _allowed(users, obj, record_id, action)
    page = list(found.values())[offset : offset + limit]
    policies = [policy for _user, policy in page]
    why = reasons(policies, obj, action, facts, TraceNames(policies, actor.language)) if page else []
    people = tuple(
        Reached(user.pk, user.name, user.department.name if user.department else "", steps)
        for (user, _policy), steps in zip(page, why, strict=True)
    )
    return Audience(people, len(found), offset)


def may_ask(actor: Actor, object_name: str, record_id: uuid.UUID) -> bool:
    """Tell whether the caller may ask who can see a record."""
    try:
        _record(actor, object_name, record_id)
    except (Forbidden, NotFound):
        return False
    return True


def _record(actor: Actor, object_name: str, record_id: uuid.UUID) -> tuple[CompiledObject, Facts]:
    """Return the record for those who may ask about it."""
    is_manager = actor.has_function(MANAGE_USERS)
    if not is_manager:
        AccessPolicy.of(actor).require(object_name, READ)
    if object_name not in current_snapshot().spec.object_map:
        raise UnknownObject
    obj = current_snapshot().object(object_name)
    if not is_manager and not is_visible(actor, object_name, record_id):
        raise NotFound
    facts = facts_of(obj, record_id)
    if facts is None or facts.is_deleted:
        raise NotFound
    if not is_manager and facts.owner_id != actor.user_id and not _may_share(actor, obj, record_id):
        raise Forbidden
    return obj, facts


def _may_share(actor: Actor, obj: CompiledObject, record_id: uuid.UUID) -> bool:
    policy = AccessPolicy.of(actor)
    return policy.can(obj.name, EDIT) and covering([policy.scope(obj, TRANSFER)], record_id)[0]


def _allowed(
    users: Iterable[User], obj: CompiledObject, record_id: uuid.UUID, action: str
) -> Mapping[uuid.UUID, tuple[User, AccessPolicy]]:
    """Return those whose policy lets them, in the order given."""
    crowd, asked = Crowd.read(), list[tuple[User, AccessPolicy]]()
    for user in users:
        policy = AccessPolicy.of(member(user, crowd))
        if policy.can(obj.name, action):
            asked.append((user, policy))
    covered = covering((policy.scope(obj, action) for _user, policy in asked), record_id)
    return {item[0].pk: item for item, is_covered in zip(asked, covered, strict=True) if is_covered}


def reasons(
    policies: Sequence[AccessPolicy], obj: CompiledObject, action: str, facts: Facts, names: TraceNames
) -> list[tuple[Step, ...]]:
    """Return for each of some who can what opens the record to him, the strongest reason first."""
    grantors = names.grantors(obj.name)
    return [
        tuple(opening((function_step(trace.policy, action, grantors), *trace.steps())))
        for trace in traces(policies, obj, action, facts, names)
    ]


def member(user: User, crowd: Crowd) -> Actor:
    """Return a user of `users_for_actor` as a caller whose circle is known."""
    actor = build_actor(user, via="console")
    circle = MemberCircle(crowd, user.pk, actor.role_id, actor.department_id)
    return replace(actor, memo={CIRCLE: circle})
