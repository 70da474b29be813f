"""What reach by rules costs: the list of a representative beside that of an administrator, both by the API.

The representative sees about 2 % of all leads: through his department's scope, a rule that shares what one owner
has, a rule that shares by a condition, and a team that he is on. All of it goes again when the measurement is over.
"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from crm_platform.identity.models import Department, Role, User
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.sqlnames import quote
from crm_platform.tenancy.context import tenant_context
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.models import BusinessObject
from objects.access.models import Level, RecordShare, SharingRule
from objects.query.query import RecordQuery
from tests.benchmarks import data
from tests.benchmarks.load import Answers, Call
from tests.benchmarks.operations import FIELDS, LIST_PATH
from tests.kit import make

ADMIN, REP, PARTNER = "admin", "benchrep", "benchpartner"
COPIES, TEAM = 45, 100  # of 10,000 leads, so many are copied for the owner whose leads are shared; leads of the team

Ask = Callable[[str, Call], Answers]  # asks again and again with a key


def measure(schema: str, ask: Ask, rounds: int) -> float:
    """Return the median of the representative's list as a multiple of the administrator's, asked in turn."""
    times: dict[str, Answers] = {ADMIN: Answers(), REP: Answers()}
    with tenant_context(schema), pinned_snapshot(), representative():
        keys = {name: data.new_key(name) for name in times}
        for _round in range(rounds):
            for name, answers in times.items():
                answers.add(ask(keys[name], Call("GET", LIST_PATH)))
    return statistics.median(times[REP].times) / statistics.median(times[ADMIN].times)


def seen() -> float:
    """Return which part of all leads the representative sees."""
    found = RecordQuery(data.actor(REP), "lead").count("exact").value
    return found / RecordQuery(data.actor(ADMIN), "lead").count("exact").value


def plan_of(username: str) -> str:
    """Return how the server carries out somebody's list: EXPLAIN (ANALYZE, BUFFERS)."""
    statements: list[tuple[str, Any]] = []

    def catch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    query = RecordQuery(data.actor(username), "lead").fields("id", "version", *FIELDS)
    query.page(50)
    with connection.execute_wrapper(catch):
        RecordQuery(data.actor(username), "lead").fields("id", "version", *FIELDS, "city").page(50)
    sql, params = statements[-1]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {sql}", params)
        return "\n".join(row[0] for row in cursor.fetchall())


@contextmanager
def representative() -> Iterator[None]:
    """Make the representative, what he sees and why he sees it, for the time of the block."""
    lead, department = BusinessObject.objects.get(api_name="lead"), User.objects.get(username=data.HEAD).department
    rep, partner = _person(REP, department), _person(PARTNER, make.root_department())
    principal = f"user:{rep.pk}"
    given = {"business_object": lead, "shared_with": principal, "label": REP}
    team = {"object_id": lead.pk, "principal": principal, "source": RecordShare.Source.TEAM, "level": Level.EDIT}
    try:
        ids = _some_leads()
        _copy_leads(partner, ids[TEAM:])
        SharingRule.objects.create(kind="owner", owned_by=f"user:{partner.pk}", **given)
        SharingRule.objects.create(kind="criteria", condition=_of_company(ids[0]), **given)
        RecordShare.objects.bulk_create(RecordShare(record_id=item, **team) for item in ids[:TEAM])
        bump_access_version()
        yield
    finally:
        _forget(lead, principal, partner)


def _person(username: str, department: Department | None) -> User:
    """Return somebody with the scope of his department, whom an earlier run may have made."""
    role, _is_new = Role.objects.get_or_create(
        api_name=REP, defaults={"name": REP, "data_scope": Role.DataScope.DEPARTMENT}
    )
    found = User.objects.filter(username=username).first()
    return found or make.user(username, role=role, department=department, password=None)


def _some_leads() -> list[uuid.UUID]:
    """Return the ids of leads from all times: those of the team, and those that are copied."""
    table = data.lead_table()
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"SELECT id FROM {table} ORDER BY md5(id::text) LIMIT %s + %s * (SELECT count(*) FROM {table}) / 10000",
            [TEAM, COPIES],
        )
        return [row[0] for row in cursor.fetchall()]


def _copy_leads(owner: User, ids: list[uuid.UUID]) -> None:
    """Give somebody copies of leads."""
    obj = current_snapshot().object("lead")
    unique = {column.column for field in obj for column in field.columns if field.spec.is_unique}
    skipped = {"id", "owner_id", "owner_department_id", "external_id", *unique}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {obj.table} LIMIT 0")
        names = ", ".join(quote(column.name) for column in cursor.description if column.name not in skipped)
        cursor.execute(
            f"INSERT INTO {obj.table} (id, owner_id, owner_department_id, {names})"
            f" SELECT gen_random_uuid(), %s, %s, {names} FROM {obj.table} WHERE id = ANY(%s)",
            [owner.pk, owner.department_id, ids],
        )
        cursor.execute("RESET statement_timeout")


def _of_company(record_id: uuid.UUID) -> dict[str, Any]:
    """Return the condition of a rule: leads of the company of this one."""
    company = RecordQuery(data.actor(ADMIN), "lead").get(record_id)["company"]
    return {"field": "company", "op": "eq", "value": company}


def _forget(lead: BusinessObject, principal: str, partner: User) -> None:
    """Take everything away again but the accounts."""
    RecordShare.objects.filter(principal=principal).delete()
    SharingRule.objects.filter(business_object=lead, shared_with=principal).delete()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {data.lead_table()} WHERE owner_id = %s", [partner.pk])
    bump_access_version()
