"""One run from data to table."""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.pool import Pool
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from crm_platform.kit.sqlnames import quote
from crm_platform.tenancy.context import tenant_context
from crm_platform.tenancy.database import prepare_database
from metadata.compiler.current import pinned_snapshot
from objects.query.query import RecordQuery
from tests.benchmarks import (
    claims,
    data,
    duplicates,
    imports,
    place,
    reach,
    recycling,
    report,
    saves,
    statements,
    summaries,
    twin_copy,
)
from tests.benchmarks.contenders import BARE, PRODUCT, TWIN, Contender, running
from tests.benchmarks.load import Answers, Call, Job, run_many
from tests.benchmarks.measure import Effort, measure
from tests.benchmarks.operations import LIST_PATH, RECORDS, STATUS, operations
from tests.kit import make

Headers = dict[str, str]


@dataclass(frozen=True)
class Caller:
    """The head of a division in one organisation: how he signs requests, and records that he may see."""

    headers: Headers
    session: Headers
    ids: Sequence[str]


@dataclass(frozen=True)
class Run:
    """What the parts of a run share: since when rows are not those of the seed, how many leads there are."""

    since: datetime
    rows: int
    folder: Path
    pool: Pool
    tell: Callable[[str], None]


def run(database: str, rows: int, folder: Path, pool: Pool, tell: Callable[[str], None]) -> int:
    """Make or find the data, measure the parts that are wanted, print; return how many targets were missed.

    `BENCH_PARTS` names some of PARTS, separated by commas; all are measured without it.
    """
    facts = _facts(database, rows)
    _tell_seed(facts, tell)
    found: list[report.Target] = []
    for name in wanted_parts():
        tell(f"  {name} …")
        found += PARTS[name](Run(datetime.fromisoformat(facts["seeded_until"]), rows, folder, pool, tell))
    for line in report.target_lines(found):
        tell(line)
    return sum(target.verdict == "MISSED" for target in found)


def wanted_parts() -> list[str]:
    """Return the parts that `BENCH_PARTS` names, in their usual order; raises SystemExit for one that is none."""
    named = [name.strip() for name in os.environ.get("BENCH_PARTS", "").split(",") if name.strip()]
    if unknown := set(named) - PARTS.keys():
        raise SystemExit(
            f"crm: no such part of the measurement: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}"
        )
    return [name for name in PARTS if name in named or not named]


def servers(run: Run) -> list[report.Target]:
    """Start the servers, compare their answers and measure them in turn; the table is told."""
    _sweep(run.since)  # what a run left that was cut off
    caller, small = _caller(data.SLUG), _caller(data.SMALL_SLUG)
    with _inside(data.SLUG) as schema:
        twin_copy.index_filter(schema)
        statements.write(run.folder / "statements.json", schema)
    connection.close()
    chosen = operations(caller.ids, caller.session)
    headers = {PRODUCT: caller.headers, TWIN: {"Authorization": f"Bearer {twin_copy.TOKEN}"}, BARE: {}}
    ready = {name: calls[0] for name, calls in chosen[0].calls.items()}
    try:
        with running(run.folder, headers, ready) as contenders:
            check_same_answers(contenders, caller.ids[0])
            # before the newest rows are those of the writers
            grown = growth(run.pool, contenders[PRODUCT], caller, small)
            figures = measure(run.pool, contenders, chosen, effort(), lambda label: run.tell(f"    {label} …"))
            run.tell("    list by rules …")
            reached = reach_by_rules(run.pool, contenders[PRODUCT], caller)
    finally:
        _sweep(run.since)
    for line in (*report.table(figures, chosen), ""):
        run.tell(line)
    by_rules = report.Target("list of 2 % by department, rules and team × administrator's", reached, 1.5)
    return [*report.targets(figures, grown), by_rules]


def checks(run: Run) -> list[report.Target]:
    """Measure the check for duplicates among all leads."""
    with _inside(data.SLUG):
        return [report.Target("duplicate check: p95", duplicates.p95(), 30, unit=" ms")]


def expressions(run: Run) -> list[report.Target]:
    """Measure rules, formulas and a roll-up over many children, in an organisation that is dropped afterwards."""
    lines = run.rows // 10
    seconds = effort().seconds
    with make.organization(), pinned_snapshot():
        actor = data.actor("admin")
        saves.build(actor)
        costs = saves.measure(actor, max(3, int(seconds * 200)))
        firms = summaries.build(actor, max(lines, 3 * summaries.FEW))
        changes = summaries.one_change(actor, firms, max(3, int(seconds * 100)))
        return [*saves.targets(costs), *summaries.targets(summaries.whole(actor), changes)]


def claimed(run: Run) -> list[report.Target]:
    """Measure claims of some of the leads, in an organisation that is dropped afterwards."""
    return claims.targets(*claims.measure(max(run.rows // 200, 200), run.tell))


def recycled(run: Run) -> list[report.Target]:
    """Measure the return of a tenth of as many leads, in an organisation that is dropped afterwards."""
    return recycling.targets(recycling.measure(run.rows, run.tell))


def imported(run: Run) -> list[report.Target]:
    """Measure an import of a tenth of as many rows, in an organisation that is dropped afterwards."""
    with make.organization():
        with pinned_snapshot():
            imports.build()
        with pinned_snapshot():
            return imports.targets(imports.measure(data.actor("admin"), min(max(run.rows // 10, 1_000), 100_000)))


PARTS: Mapping[str, Callable[[Run], list[report.Target]]] = {
    "servers": servers,
    "duplicates": checks,
    "expressions": expressions,
    "claims": claimed,
    "recycling": recycled,
    "imports": imported,
}


def effort() -> Effort:
    """Return how long to measure: `BENCH_SECONDS` for each operation, server, number of callers and round."""
    seconds = float(os.environ.get("BENCH_SECONDS") or 1.5)
    return Effort(3 if seconds >= 1 else 1, seconds, min(seconds, 0.5))


def check_same_answers(contenders: Mapping[str, Contender], record_id: str) -> None:
    """Raise AssertionError unless all servers give the same rows, counts and record."""
    asked = {operation.key: operation for operation in operations([record_id], {})}
    for key in ("list", "filter"):
        answers = {name: _json(contenders[name], calls[0]) for name, calls in asked[key].calls.items()}
        rows = {
            name: [_essence(row) for row in answer.get("data") or answer["results"]] for name, answer in answers.items()
        }
        assert rows[PRODUCT] and rows[PRODUCT] == rows[TWIN] == rows[BARE], f"different rows: {rows}"
        if key == "filter":
            counts = [answers[PRODUCT]["count"]["value"], answers[TWIN]["count"], min(answers[BARE]["count"], 10_000)]
            assert len(set(counts)) == 1, f"different counts: {counts}"
    records = [_json(contenders[name], calls[0]) for name, calls in asked["get"].calls.items()]
    assert {record["id"] for record in records} == {record_id}
    assert len({(record["name"], record["company"], record["email"]) for record in records}) == 1


def growth(pool: Pool, product: Contender, large: Caller, small: Caller) -> dict[str, float]:
    """Return the medians on the large organisation as multiples of those on the small one, measured in turn."""
    calls: dict[str, Callable[[Caller], list[Call]]] = {
        "list": lambda caller: [Call("GET", LIST_PATH)],
        "get": lambda caller: [Call("GET", f"{RECORDS}/{item}") for item in caller.ids],
        "filter by index": lambda caller: [Call("GET", f"{LIST_PATH}&filter[status][eq]={STATUS}")],
    }
    found = {}
    for name, prepared in calls.items():
        answers = (Answers(), Answers())
        for _round in range(effort().rounds + 1):
            for place_of, caller in zip(answers, (large, small), strict=True):
                job = Job(product.port, caller.headers, prepared(caller), effort().seconds / 2)
                place_of.add(run_many(pool, job, 1))
        found[name] = statistics.median(answers[0].times) / statistics.median(answers[1].times)
    return found


def reach_by_rules(pool: Pool, product: Contender, caller: Caller) -> float:
    """Return what the list of a representative costs, as a multiple of the administrator's."""

    def ask(key: str, request: Call) -> Answers:
        headers = {**caller.headers, "Authorization": f"Bearer {key}"}
        return run_many(pool, Job(product.port, headers, [request], effort().seconds / 2), 1)

    return reach.measure(data.schema_of(data.SLUG), ask, effort().rounds + 1)


def _facts(database: str, rows: int) -> dict[str, Any]:
    """Return the figures of the seed, after seeding unless a former run has."""
    facts = place.make_database(database, rows)
    if facts is not None:
        prepare_database()
        return facts
    facts = {**data.build(rows), "seeded_until": timezone.now().isoformat()}
    with _inside(data.SLUG) as schema:
        twin_copy.copy(schema)
    place.note_facts(database, facts)
    return facts


def _tell_seed(facts: Mapping[str, Any], tell: Callable[[str], None]) -> None:
    rate = facts["rows"] / max(facts["seed_seconds"], 0.1)
    tell(
        f"seeded {facts['rows']:,} leads in {facts['seed_seconds']} s ({rate:,.0f} rows/s), of which indexes"
        f" {facts['index_seconds']} s; organisation with the CRM package in {facts['organization_seconds']} s"
    )


@contextmanager
def _inside(slug: str) -> Iterator[str]:
    schema = data.schema_of(slug)
    with tenant_context(schema), pinned_snapshot():
        yield schema


def _caller(slug: str) -> Caller:
    host = f"{slug}.localhost"
    with _inside(slug):
        key, session = data.new_key(data.HEAD), data.new_session(data.HEAD)
        ids = [str(item) for item in RecordQuery(data.actor(data.HEAD), "lead").ids(400)]
    cookie = f"{settings.SESSION_COOKIE_NAME}={session}"
    return Caller({"Host": host, "Authorization": f"Bearer {key}"}, {"Host": host, "Cookie": cookie}, ids)


def _sweep(since: datetime) -> None:
    """Delete what the measured writes created, so that the next run starts from the same rows."""
    with _inside(data.SLUG) as schema, connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for table in (f"{schema}.{quote(data.lead_table())}", f"{twin_copy.SCHEMA}.lead"):
            cursor.execute(f"DELETE FROM {table} WHERE created_at > %s", [since])
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("TRUNCATE events_outboxmessage, objects_recordchange")
    connection.close()


def _json(contender: Contender, request: Call) -> Any:
    status, body = contender.ask(request)
    assert status == 200, f"{contender.name}: {status} {body[:300]!r}"
    return json.loads(body)


def _essence(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a row says in any server's spelling."""
    owner, campaign = row.get("owner"), row.get("campaign")
    owner_name = row.get("owner_name") or row.get("owner.name") or (owner["name"] if isinstance(owner, dict) else None)
    campaign_name = row.get("campaign_name") or row.get("campaign.name")
    if isinstance(campaign, dict):
        campaign_name = campaign["name"]
    amount = row["expected_amount"]
    return (row["id"], row["name"], row["status"], amount and float(amount), owner_name, campaign_name)
