"""How the demands stand: of one record, and of those of a team."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from workflows.sla.models import SlaClock

LATELY = timedelta(days=7)
State, Kind = SlaClock.State, SlaClock.Kind


@dataclass(frozen=True)
class Score:
    """How many demands on somebody's records were met and missed lately."""

    met: int = 0
    missed: int = 0

    @property
    def percent(self) -> int | None:
        """The part that was met; None where there was none."""
        total = self.met + self.missed
        return round(100 * self.met / total) if total else None


def latest(record_id: uuid.UUID) -> SlaClock | None:
    """Return the newest demand on a record, None where there was none; what is no more meant is left out."""
    return SlaClock.objects.filter(record_id=record_id).exclude(state=State.STOPPED).order_by("-id").first()


def missed(object_id: int, owners: Collection[uuid.UUID], now: datetime, limit: int) -> list[uuid.UUID]:
    """Return the records of some people whose first response was missed lately, the latest first."""
    rows = SlaClock.objects.filter(
        object_id=object_id, owner__in=owners, state=State.MISSED, settled_at__gte=now - LATELY
    )
    return list(dict.fromkeys(rows.order_by("-settled_at").values_list("record_id", flat=True)[:limit]))


def scores(object_id: int, owners: Sequence[uuid.UUID], now: datetime) -> Mapping[uuid.UUID, Score]:
    """Return the score of each of some people; who had no demands is left out."""
    rows = SlaClock.objects.filter(
        object_id=object_id, owner__in=owners, state__in=(State.MET, State.MISSED), settled_at__gte=now - LATELY
    )
    found: dict[uuid.UUID, Score] = {}
    for owner, state in rows.values_list("owner_id", "state"):
        old = found.get(owner, Score())
        found[owner] = Score(old.met + (state == State.MET), old.missed + (state == State.MISSED))
    return found
