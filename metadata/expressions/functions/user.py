"""Questions about the caller: role, permissions, team, department."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from metadata.expressions.definitions import FALSE, USER, Param, define, text
from metadata.expressions.environment import Environment
from metadata.expressions.evaluate import identity
from metadata.expressions.sql import Sql, sql
from metadata.expressions.types import ValueType

if TYPE_CHECKING:
    from metadata.expressions.to_orm import SqlContext

T = ValueType
FAMILY = "user"
_PERSON = Param("user", frozenset({T.REFERENCE}))


def _hasrole(env: Environment, role: str) -> bool:
    return env.around.has_role(role)


def _hasperm(env: Environment, permission: str) -> bool:
    return env.actor.has_function(permission)


def _indept(env: Environment, department: str) -> bool:
    return env.around.in_department(department)


def _myteam(env: Environment, user: Any) -> bool:
    """Tell whether a user is the caller or somebody below."""
    return identity(user) == env.actor.user_id or _ismanagerof(env, user)


def _ismanagerof(env: Environment, user: Any) -> bool:
    person = identity(user)
    return isinstance(person, uuid.UUID) and env.around.is_manager_of(person)


def _known_answer(ask: Any) -> Any:
    """Return the SQL of a question that is answered before the statement is sent: its argument is written out."""

    def write(ctx: SqlContext, argument: Sql) -> Sql:
        return ctx.constant(ask(ctx.env, str(argument.constant)), T.BOOLEAN)

    return write


def _team_sql(with_caller: bool) -> Any:
    def write(ctx: SqlContext, user: Sql) -> Sql:
        actor = ctx.env.actor
        people = [*ctx.env.around.team(), *([actor.user_id] if with_caller and actor.user_id else [])]
        return sql("({0} = ANY({1}))", user, ctx.constant(tuple(people), T.REFERENCES))

    return write


define("HASROLE", FAMILY, (text("role", is_literal=True),), T.BOOLEAN, _hasrole, _known_answer(_hasrole),
       _("Whether the caller has a role, by its API name."),
       ('HASROLE("department_head")', ""), uses={USER})  # fmt: skip
define("HASPERM", FAMILY, (text("permission", is_literal=True),), T.BOOLEAN, _hasperm, _known_answer(_hasperm),
       _("Whether the caller holds a permission such as metadata.customize."),
       ('HASPERM("metadata.customize")', ""), uses={USER})  # fmt: skip
define("INDEPT", FAMILY, (text("department", is_literal=True),), T.BOOLEAN, _indept, _known_answer(_indept),
       _("Whether the caller belongs to a department, by name or code, or to one below it."),
       ('INDEPT("华东大区")', ""), uses={USER})  # fmt: skip
define("ISMANAGEROF", FAMILY, (_PERSON,), T.BOOLEAN, _ismanagerof, _team_sql(with_caller=False),
       _("Whether a user reports to the caller, directly or through others."),
       ("ISMANAGEROF(owner_id)", ""), nulls=FALSE, uses={USER}, cost=5)  # fmt: skip
define("MYTEAM", FAMILY, (_PERSON,), T.BOOLEAN, _myteam, _team_sql(with_caller=True),
       _("Whether a user is the caller or reports to the caller."), ("MYTEAM(owner_id)", ""),
       nulls=FALSE, uses={USER}, cost=5)  # fmt: skip
