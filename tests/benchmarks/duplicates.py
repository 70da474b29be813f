"""How long the check takes whether a lead is there already, by its phone and the name of its company.

The keys of all leads are made in temporary tables that stand before the real ones, so that nothing stays behind.
"""

from __future__ import annotations

import json
import random
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from crm_platform.kit.companies import company_core
from crm_platform.kit.context import system_actor
from crm_platform.tenancy.context import schema_name
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import Labels, MatcherSpec, MatchingRuleSpec
from metadata.match_methods import match_methods
from objects.access.policy import AccessPolicy
from objects.duplicates import finding, plan
from objects.duplicates.finding import Ask, Probe

CHECKS = 400
ALIKE = 80  # percent
KEY_TABLE, DECISIONS = "objects_duplicatekey", "objects_notduplicate"
PHONES, COMPANY = ("mobile", "phone"), "company"


def p95() -> float:
    """Return the 95th percentile of a check's milliseconds among the organisation's leads."""
    lead = current_snapshot().object("lead")
    with keys_of_all(lead):
        times = [_timed(lead, probe) for probe in _probes(lead)]
    return statistics.quantiles(times[len(times) // 10 :], n=20)[-1]  # the first ones find a cold cache


def plan_of_one() -> str:
    """Return how the server carries one check out: EXPLAIN (ANALYZE, BUFFERS)."""
    lead, seen = current_snapshot().object("lead"), []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        head, _semicolon, query = sql.rpartition("; ")
        with connection.connection.cursor() as cursor:
            cursor.execute(f"{head or 'SELECT 1'}; EXPLAIN (ANALYZE, BUFFERS) {query}", params)
            seen.append("\n".join(row[0] for row in cursor.fetchall()))
        return execute(sql, params, many, context)

    with keys_of_all(lead):
        probes = list(_probes(lead))
        with connection.execute_wrapper(explain):
            _timed(lead, probes[-1])
    return seen[0]


@contextmanager
def keys_of_all(lead: CompiledObject) -> Iterator[None]:
    """Make the keys of all leads for the time of the block."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
            for table in (KEY_TABLE, DECISIONS):
                cursor.execute(f"CREATE TEMP TABLE {table} (LIKE {schema_name()}.{table} INCLUDING DEFAULTS)")
            _fill(cursor, lead)
            for index in _indexes(cursor):
                cursor.execute(index)
            cursor.execute(f"ANALYZE {KEY_TABLE}")
        yield
        transaction.set_rollback(True)


def _fill(cursor: Any, lead: CompiledObject) -> None:
    phone, company = match_methods.get("phone").code, match_methods.get("company").code
    for name in PHONES:
        field = lead.field(name)
        cursor.execute(
            f"INSERT INTO {KEY_TABLE} (id, object_id, record_id, source, method, key)"
            f" SELECT 0, %s, id, %s, %s, {field.column('_e164').column} FROM {lead.table}"
            f" WHERE {field.column('_e164').column} IS NOT NULL",
            [lead.spec.id, field.spec.id, phone],
        )
    field = lead.field(COMPANY)
    cursor.execute(f"SELECT DISTINCT {field.main.column} FROM {lead.table}")
    cores = {name: company_core(name) for (name,) in cursor.fetchall() if name}
    cursor.execute(
        f"INSERT INTO {KEY_TABLE} (id, object_id, record_id, source, method, key)"
        f" SELECT 0, %s, t.id, %s, %s, left(c.value, 200) FROM {lead.table} t"
        f" JOIN jsonb_each_text(%s::jsonb) c ON c.key = t.{field.main.column}",
        [lead.spec.id, field.spec.id, company, json.dumps(cores)],
    )


def _indexes(cursor: Any) -> list[str]:
    """Return the real table's indexes as statements for the temporary one."""
    schema = schema_name()
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = %s", [schema, KEY_TABLE])
    found = [row[0] for row in cursor.fetchall() if "_pkey" not in row[0]]
    return [text.replace(f"{schema}.{KEY_TABLE}", f"pg_temp.{KEY_TABLE}") for text in found]


def _asks(lead: CompiledObject) -> list[Ask]:
    by_phone = MatcherSpec("phone", PHONES, PHONES)
    by_name = MatcherSpec("company", (COMPANY,), (COMPANY,), ALIKE)
    asks = []
    for matcher in (by_phone, by_name):
        rule = MatchingRuleSpec(uuid.uuid4(), matcher.method, Labels(), "lead", (matcher,))
        matching = plan.matching(current_snapshot(), lead.spec, rule)
        assert matching is not None
        asks.append(Ask(matcher.method, matching))
    return asks


def _probes(lead: CompiledObject) -> list[Probe]:
    """Return what is asked: half of it of leads that are there, the names written in another way."""
    dice = random.Random(7)
    names = [lead.field(name).main.column for name in (*PHONES, COMPANY)]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(names)} FROM {lead.table} ORDER BY id LIMIT {CHECKS}")
        rows = cursor.fetchall()
    sources = {source for ask in _asks(lead) for item in ask.matching.comparisons for source in item.own}
    probes = []
    for mobile, phone, company in rows:
        is_new = dice.random() < 0.5
        name = f"{company[:3]}{dice.choice('云海星辰')}{company[3:]}" if is_new else company
        values = {
            "mobile": f"+86 139 {dice.randrange(10**8):08d}" if is_new else mobile,
            "phone": phone,
            COMPANY: f"{name} ",
        }
        keys = {source: source.keys(lead, values) for source in sources}
        probes.append(Probe(uuid.uuid4(), keys))
    return probes


def _timed(lead: CompiledObject, probe: Probe) -> float:
    policy, asks = AccessPolicy.of(system_actor("bench")), _asks(lead)
    started = time.perf_counter()
    finding.find(policy, current_snapshot(), asks, [probe], timezone.now())
    return (time.perf_counter() - started) * 1000
