"""Leave of owners: the clocks of those who are or were away stand still meanwhile, as the pool says."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from workflows.assignment.models import Absence
from workflows.pools.recycling.clocks import RecycleClock, Spans

REACH = timedelta(days=3_660)  # before and after a moment: leave beyond it is not looked at


@dataclass(frozen=True)
class PoolClocks:
    """The clock of a pool, and those of the owners who were away since `since`, or will be.

    Whoever was away only before `since`, the earliest moment that any rule asks about, has the usual clock.
    """

    usual: RecycleClock
    now: datetime
    since: datetime
    minds_leave: bool
    owners: Collection[uuid.UUID] | None = None  # None: all

    def of(self, owner_id: uuid.UUID | None) -> RecycleClock:
        """Return the clock of what somebody holds."""
        return self._personal.get(owner_id, self.usual) if owner_id else self.usual

    def other_cutoffs(self, days: int) -> dict[uuid.UUID, datetime]:
        """Return the cutoffs of the owners for whom it is not the usual one; it is earlier for each of them."""
        usual = self.usual.cutoff(self.now, days)
        found = {owner: clock.cutoff(self.now, days) for owner, clock in self._personal.items()}
        return {owner: cutoff for owner, cutoff in found.items() if cutoff != usual}

    @cached_property
    def _personal(self) -> Mapping[uuid.UUID, RecycleClock]:
        if not self.minds_leave:
            return {}
        touched = Absence.objects.filter(ends_at__gt=self.since, starts_at__lt=self.now + REACH).order_by()
        rows = Absence.objects.filter(user__in=touched.values("user"), ends_at__gt=self.now - REACH)
        if self.owners is not None:
            rows = rows.filter(user__in=self.owners)
        spans: dict[uuid.UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
        for owner, start, end in rows.order_by("starts_at").values_list("user_id", "starts_at", "ends_at"):
            spans[owner].append((max(start, self.now - REACH), min(end, self.now + REACH)))
        return {owner: self.usual.without(_apart(found)) for owner, found in spans.items()}


def _apart(found: Iterable[tuple[datetime, datetime]]) -> Spans:
    """Return times of absence, in the order of their beginnings, run together where they touch."""
    whole: list[tuple[datetime, datetime]] = []
    for start, end in found:
        if start >= end:
            continue
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return tuple(whole)
