"""Why somebody may, or may not, do something to a record: every layer in the order in which it is asked.

The verdict is `AccessPolicy`'s: right on the object, scope over the record, level on the field.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm_platform.identity.auth import build_actor, users_for_actor
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import Forbidden, NotFound, ValidationFailed
from metadata.compiler.compiled import CompiledObject, UnknownField, UnknownObject
from metadata.compiler.current import current_snapshot
from objects.access.explanation import Explanation, Layer, Outcome, Step, action_label
from objects.access.facts import Facts, facts_of
from objects.access.grantors import Grantors, said
from objects.access.grants import ACTIONS
from objects.access.policy import MODIFY_ALL, VIEW_ALL, AccessPolicy
from objects.access.reach import READ
from objects.access.trace_fields import allows_field, field_step, is_asked_about_fields
from objects.access.trace_names import TraceNames
from objects.access.tracing import Trace, not_asked, traces
from objects.query.query import RecordQuery

ON_OBJECT = frozenset({"create", "import"})  # actions that concern no record that there is


@dataclass(frozen=True)
class Question:
    """Whom it is about, and what he would do."""

    policy: AccessPolicy
    obj: CompiledObject
    action: str
    record_id: uuid.UUID | None
    field: str | None
    language: str

    @property
    def name(self) -> str:
        return self.policy.actor.name


def explain(
    actor: Actor,
    user_id: uuid.UUID,
    object_name: str,
    record_id: uuid.UUID | None,
    action: str,
    field: str | None = None,
) -> Explanation:
    """Explain whether a user may do `action` on an object, on one of its records, with one of its fields.

    Who manages users asks about anybody; others ask about themselves, as far as they know object, record and field.
    Raises Forbidden, NotFound, UnknownObject, UnknownField, and ValidationFailed for an unknown action.
    """
    if action not in ACTIONS:
        raise ValidationFailed.single("action", "invalid_choice", _("There is no such action."))
    is_manager = actor.has_function(MANAGE_USERS)
    if not is_manager and user_id != actor.user_id:
        raise Forbidden
    user = users_for_actor().filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    obj = _object(actor, object_name, is_manager=is_manager)
    about = build_actor(user, via=actor.via)
    record_id = None if action in ON_OBJECT else record_id
    question = Question(AccessPolicy.of(about), obj, action, record_id, field, actor.language)
    if not is_manager:
        _require_known(actor, question)
    elif field is not None and field not in obj.fields:
        raise UnknownField(field)
    facts = _facts(question)
    names = TraceNames([question.policy], actor.language)
    trace = None if facts is None else traces([question.policy], obj, action, facts, names)[0]
    is_allowed = user.is_active and _verdict(question, trace)
    steps = tuple(_steps(user, question, names.grantors(obj.name), trace))
    if not is_manager:  # what rules say about others' records is not his to know
        steps = tuple(step for step in steps if (step.layer, step.outcome) != (Layer.SHARING_RULE, Outcome.SILENT))
    return Explanation(user.pk, user.name, obj.name, record_id, action, field, is_allowed, steps)


def _verdict(question: Question, trace: Trace | None) -> bool:
    """Return what the policy says."""
    policy, obj, action = question.policy, question.obj, question.action
    return (
        policy.can(obj.name, action)
        and (trace is None or (trace.is_within and not trace.facts.is_deleted))
        and (question.field is None or allows_field(policy, obj, question.field, action))
    )


def _object(actor: Actor, object_name: str, *, is_manager: bool) -> CompiledObject:
    if not is_manager:
        AccessPolicy.of(actor).require(object_name, READ)
    if object_name not in current_snapshot().spec.object_map:
        raise UnknownObject
    return current_snapshot().object(object_name)


def _require_known(actor: Actor, question: Question) -> None:
    """Refuse what the caller may not know to be there."""
    if question.field is not None and not AccessPolicy.of(actor).can_see_field(question.obj, question.field):
        raise UnknownField(question.field)
    if question.record_id is not None and not is_visible(actor, question.obj.name, question.record_id):
        raise NotFound


def is_visible(actor: Actor, object_name: str, record_id: uuid.UUID) -> bool:
    """Tell whether the caller sees a record that is not in the recycle bin."""
    return RecordQuery(actor, object_name).where_ids([record_id]).exists()


def _facts(question: Question) -> Facts | None:
    if question.record_id is None:
        return None
    found = facts_of(question.obj, question.record_id)
    if found is None:
        raise NotFound
    return found


def _steps(user: User, question: Question, grantors: Grantors, trace: Trace | None) -> Iterator[Step]:
    yield _account(user)
    yield function_step(question.policy, question.action, grantors)
    yield _right(question, grantors)
    if trace is None:
        yield Step(Layer.RECORD, Outcome.NOT_ASKED, _("No record was named: this holds within the reach over records."))
    else:
        yield from _record(trace)
    if question.field is not None:
        yield _field(question, question.field, grantors)


def _field(question: Question, name: str, grantors: Grantors) -> Step:
    if not is_asked_about_fields(question.action):
        return not_asked(Layer.FIELD)
    return field_step(question.policy, question.obj, name, question.action, grantors, question.language)


def _account(user: User) -> Step:
    if user.is_active:
        return Step(Layer.ACCOUNT, Outcome.ALLOWS, _("%(name)s has an active account.") % {"name": user.name})
    text = _("%(name)s has been deactivated and can't sign in.") % {"name": user.name}
    return Step(Layer.ACCOUNT, Outcome.DENIES, text)


def function_step(policy: AccessPolicy, action: str, grantors: Grantors) -> Step:
    """Return what the right to read or change all data says about an action."""
    if policy.modifies_all:
        causes = grantors.of_function(policy.actor, MODIFY_ALL)
        text = _("May read and change all data, by %(who)s.") % {"who": said(causes)}
    elif policy.reads_all:
        causes = grantors.of_function(policy.actor, VIEW_ALL)
        text = _("May read all data, by %(who)s.") % {"who": said(causes)}
    else:
        return Step(Layer.FUNCTIONS, Outcome.SILENT, _("No right to read or change all data."))
    opens = policy.modifies_all or action == READ
    return Step(Layer.FUNCTIONS, Outcome.ALLOWS if opens else Outcome.SILENT, text, causes[0] if causes else None)


def _right(question: Question, grantors: Grantors) -> Step:
    policy, name = question.policy, question.obj.name
    label = question.obj.spec.label.text(question.language)
    if policy.modifies_all or (policy.reads_all and question.action == READ):
        return not_asked(Layer.OBJECT)
    told = {"name": question.name, "object": label, "action": action_label(question.action)}
    if policy.can(name, question.action):
        causes = grantors.of_action(policy.actor, question.action)
        text = _("“%(action)s” on “%(object)s” is granted by %(who)s.") % {**told, "who": said(causes)}
        return Step(Layer.OBJECT, Outcome.ALLOWS, text, causes[0] if causes else None)
    if question.action != READ and not grantors.of_action(policy.actor, READ):
        text = _(
            "No profile, permission set or group of %(name)s grants “Read” on “%(object)s”: without it nothing holds."
        )
    else:
        text = _("No profile, permission set or group of %(name)s grants “%(action)s” on “%(object)s”.")
    return Step(Layer.OBJECT, Outcome.DENIES, text % told)


def _record(trace: Trace) -> tuple[Step, ...]:
    if trace.facts.is_deleted:
        return (Step(Layer.RECORD, Outcome.DENIES, _("The record is in the recycle bin.")),)
    return trace.steps()
