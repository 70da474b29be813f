"""Claims from a pool by many at once, beside the least that could do it: a counter and an owner, in one transaction.

The product's claim does all that it does in production: caps, history, outbox, movements, formulas, shares.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from metadata.compiler.current import pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.records.service import RecordService
from tests.benchmarks import data, report
from tests.kit import make
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.services.claiming import claim
from workflows.pools.services.settings import update_pool

WORKERS, PEOPLE, TRIES = 8, 40, 3  # threads, users, attempts at each lead
BATCH = 1_000
_BARE = """
    CREATE TABLE bare_lead (id uuid PRIMARY KEY, owner_id uuid);
    CREATE TABLE bare_quota (user_id uuid PRIMARY KEY, held int NOT NULL DEFAULT 0);
    INSERT INTO bare_lead SELECT unnest(%s::uuid[]);
    INSERT INTO bare_quota SELECT unnest(%s::uuid[])"""
_COUNT = "UPDATE bare_quota SET held = held + 1 WHERE user_id = %s AND held < %s"
_OWN = "UPDATE bare_lead SET owner_id = %s WHERE id = %s AND owner_id IS NULL"


@dataclass
class Figures:
    """How many attempts were made, how many won, in which time, and how long each took (seconds)."""

    won: int = 0
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    @property
    def p99(self) -> float:
        """The time within which 99 % were over, in milliseconds."""
        return statistics.quantiles(self.times, n=100)[98] * 1_000

    def __str__(self) -> str:
        return f"{len(self.times)} claims, {self.won} won, {self.per_second:.0f}/s, p99 {self.p99:.0f} ms"


def measure(leads: int, tell: Callable[[str], object] = print) -> tuple[Figures, Figures]:
    """Let people claim `leads` leads, three attempts at each; return the product's figures and the bare ones."""
    with make.organization(), pinned_snapshot():
        apply(system_actor("bench"), load_package(CRM_PACKAGE))
        pool = Pool.objects.get(api_name="leads")
        update_pool(system_actor("bench"), pool.pk, {"hold_cap": leads, "daily_cap": None})
        people = [make.user(password=None) for _number in range(PEOPLE)]
        ids = _waiting(leads)
        with connection.cursor() as cursor:
            cursor.execute(_BARE, [ids, [user.pk for user in people]])
        actors = {user.pk: data.actor(user.username) for user in people}
        found = _race(ids, people, lambda user, lead: _claimed(actors[user.pk], pool, lead))
        bare = _race(ids, people, lambda user, lead: _bare(user.pk, lead, leads))
        assert found.won == bare.won == leads == PoolMovement.objects.filter(kind="claim").count()
    tell(f"  product: {found}")
    tell(f"  bare: {bare}")
    return found, bare


def targets(found: Figures, bare: Figures) -> list[report.Target]:
    """Return what a claim may cost."""
    return [
        report.Target("claims: p99 with 8 at once", found.p99, 200, unit=" ms"),
        report.Target("claims: bare transactions in the time of one", bare.per_second / found.per_second, 25),
    ]


def _waiting(count: int) -> list[uuid.UUID]:
    """Make leads that nobody has: they wait in the first pool that takes them."""
    found: list[uuid.UUID] = []
    for start in range(0, count, BATCH):
        rows = [{"name": "线索", "company": uuid.uuid4().hex} for _row in range(min(BATCH, count - start))]
        found += [item.id for item in RecordService(system_actor()).bulk_create("lead", rows) if item.id]
    return found


def _race(ids: Sequence[uuid.UUID], people: Sequence[User], take: Callable[[User, uuid.UUID], bool]) -> Figures:
    """Let several try at once, each with a share of the attempts; raises what went wrong in any of them."""
    dice = random.Random(1)
    tries = [(dice.choice(people), lead) for lead in ids for _try in range(TRIES)]
    dice.shuffle(tries)
    found, wrong, schema = Figures(), [], str(connection.schema_name)  # type: ignore[attr-defined]

    def work(own: Sequence[tuple[User, uuid.UUID]]) -> None:
        try:
            with tenant_context(schema), pinned_snapshot():
                for user, lead in own:
                    start = time.perf_counter()
                    won = take(user, lead)
                    found.times.append(time.perf_counter() - start)
                    found.won += won
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(tries[place::WORKERS],)) for place in range(WORKERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise wrong[0]
    found.seconds = time.perf_counter() - start
    return found


def _claimed(actor: Actor, pool: Pool, lead: uuid.UUID) -> bool:
    return claim(actor, pool.pk, [lead])[0].is_ok


def _bare(user_id: uuid.UUID, lead: uuid.UUID, cap: int) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COUNT, [user_id, cap])
        cursor.execute(_OWN, [user_id, lead])
        if cursor.rowcount:
            return True
        transaction.set_rollback(True)
    return False
