"""Many people take from pools, give back, transfer and import at once: one owner each, no cap passed, all of it logged.

Beside them somebody looks all the time, and at no moment may he see more than the caps allow.
"""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import Forbidden, NotFound, PlatformError, StateConflict
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.packages.portable import CRM_PACKAGE, apply, load_package
from objects.records.ownership import Holder
from objects.records.service import RecordService
from tests.chaos.harness import FULL
from tests.kit import make
from tests.objects.world import inside
from tests.workflows.pools.desk import NOBODY
from workflows.pools.models import Pool, PoolMovement
from workflows.pools.outcomes import Outcome
from workflows.pools.services.claiming import assign, claim, claim_next, move, recall, release
from workflows.pools.services.inputs import HoldCapInput, MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_hold_caps, set_members

pytestmark = [pytest.mark.chaos, pytest.mark.xdist_group("chaos")]

USERS, LEADS, THREADS, ACTS = (40, 400, 32, 10_000) if FULL else (8, 60, 8, 320)
CAP, TOTAL = (15, 18) if FULL else (5, 7)  # of the first pool, and over all
_HELD = """
    SELECT coalesce(c.owner_id, h.user_id), coalesce(c.pool_id, h.pool_id), coalesce(c.n, 0), coalesce(h.held, 0)
    FROM (SELECT owner_id, pool_id, count(*) AS n FROM {table} WHERE owner_id IS NOT NULL AND deleted_at IS NULL
          GROUP BY 1, 2) c
    FULL JOIN (SELECT user_id, pool_id, held FROM objects_holding WHERE object_id = {object:d} AND held <> 0) h
    ON h.user_id = c.owner_id AND h.pool_id IS NOT DISTINCT FROM c.pool_id"""


class Desk:
    """An organisation with two pools of leads, its people, and what they may do to each other."""

    def __init__(self, schema: str) -> None:
        apply(system_actor(), load_package(CRM_PACKAGE))
        self.schema, self.lost = schema, Counter[str]()
        department = make.department("Sales")
        everything = Profile.objects.get(api_name="administrator")
        self.people = [make.user(role="everything", department=department, profile=everything) for _ in range(USERS)]
        pool = PoolInput(object="lead", label="线索公海", hold_cap=CAP, cool_down_days=0, position=-2)
        other = PoolInput(object="lead", label="大客户", scope=NOBODY, position=-1)
        self.pools = [create_pool(system_actor(), item).pk for item in (pool, other)]
        for key in self.pools:
            set_members(system_actor(), key, [MemberInput(principal="everyone")])
        set_hold_caps(system_actor(), "lead", [HoldCapInput(principal="everyone", cap=TOTAL)])
        self.leads = self._make_leads()

    def actor(self, dice: random.Random) -> Actor:
        return build_actor(User.objects.get(pk=dice.choice(self.people).pk), via="api")

    def act(self, dice: random.Random) -> None:
        """Let somebody do something; what stands against it is what may."""
        actor, some = self.actor(dice), dice.sample(self.leads, 3)
        pool, other = dice.sample(self.pools, 2)
        person = str(dice.choice(self.people).pk)
        service = RecordService(actor)
        acts: tuple[tuple[int, Callable[[], Any]], ...] = (
            (40, lambda: claim(actor, self.pools[0], some)),
            (15, lambda: claim_next(actor, pool, 2)),
            (8, lambda: assign(actor, pool, some, uuid.UUID(person))),
            (12, lambda: release(actor, "lead", some[:2], pool_id=dice.choice([None, *self.pools]))),
            (4, lambda: recall(actor, pool, some)),
            (4, lambda: move(actor, pool, some, other)),
            (6, lambda: service.transfer("lead", some[0], person)),
            (6, lambda: service.update("lead", some[1], {"owner_id": person})),
            (3, lambda: service.bulk_update("lead", [{"id": str(key), "owner_id": person} for key in some])),
            (2, lambda: service.bulk_create("lead", [_lead(owner_id=person) for _ in range(2)], all_or_none=False)),
        )
        (chosen,) = dice.choices([act for _often, act in acts], [often for often, _act in acts])
        try:
            found = chosen()
            told = [item.status for item in found if isinstance(item, Outcome)] if isinstance(found, list) else []
            self.lost.update(told)
        except (NotFound, Forbidden, StateConflict) as error:
            self.lost[error.code] += 1
        except PlatformError as error:
            assert error.code == "pool_cap_reached", error
            self.lost[error.code] += 1

    def look(self) -> None:
        """Fail unless the counters are the counts, and within the caps."""
        obj = current_snapshot().object("lead")
        with connection.cursor() as cursor:
            cursor.execute(_HELD.format(table=obj.table, object=obj.spec.id))
            rows = cursor.fetchall()
        total: Counter[uuid.UUID] = Counter()
        for owner, pool, count, held in rows:
            assert count == held, (owner, pool, count, held)
            assert count <= CAP or pool != self.pools[0]
            total[owner] += count
        assert all(count <= TOTAL for count in total.values())

    def _make_leads(self) -> list[uuid.UUID]:
        results = RecordService(system_actor()).bulk_create("lead", [_lead() for _number in range(LEADS)])
        return [result.id for result in results if result.id]


def _lead(**values: str) -> dict[str, str]:
    return {"name": "线索", "company": uuid.uuid4().hex, **values}


def test_one_owner_each_and_no_cap_passed(fresh_organization: Any) -> None:
    with pinned_snapshot():
        desk = Desk(fresh_organization.schema_name)
    start = time.monotonic()
    _race(desk)
    print(f"\n{ACTS:,} acts in {time.monotonic() - start:.1f} s: {dict(desk.lost)}")
    with pinned_snapshot():
        desk.look()
        _check_log()
    assert {"ok", "already_claimed", "pool_cap_reached"} <= desk.lost.keys()
    assert desk.lost["state_conflict"] <= desk.lost["ok"]


def _race(desk: Desk) -> None:
    """Let everybody act at once, with somebody looking; fail for whatever should not happen."""
    wrong: list[BaseException] = []
    over = threading.Event()

    def inside_it(work: Callable[[], None]) -> None:
        try:
            with inside(desk.schema), pinned_snapshot():
                work()
        except BaseException as error:
            wrong.append(error)
        finally:
            connection.close()

    def take_part(seed: int) -> None:
        dice = random.Random(seed)
        for _turn in range(ACTS // THREADS):
            desk.act(dice)

    def watch() -> None:
        while not over.wait(0.05):
            desk.look()

    threads = [threading.Thread(target=inside_it, args=(lambda n=n: take_part(n),)) for n in range(THREADS)]
    watcher = threading.Thread(target=inside_it, args=(watch,))
    for thread in (*threads, watcher):
        thread.start()
    for thread in threads:
        thread.join(timeout=1_800)
    over.set()
    watcher.join(timeout=60)
    assert wrong == []


def _check_log() -> None:
    """Fail unless every record's movements lead, one after the other, to where it is."""
    log: dict[uuid.UUID, list[PoolMovement]] = defaultdict(list)
    for row in PoolMovement.objects.order_by("pk"):
        log[row.record_id].append(row)
    records = current_snapshot().object("lead").model._base_manager.values_list("pk", "owner_id", "pool_id")
    for key, owner, pool in records:
        rows = log.pop(key)
        assert [row.kind for row in rows].count("create") == 1 and rows[0].kind == "create"
        for earlier, later in pairwise(rows):
            assert (earlier.to_owner_id, earlier.to_pool_id) == (later.from_owner_id, later.from_pool_id)
        assert Holder(rows[-1].to_owner_id, rows[-1].to_pool_id) == Holder(owner, pool)
    assert not log and Pool.objects.count() >= 2
