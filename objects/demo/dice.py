"""Chance and time of the demo: both seeded, so that the same day gives the same data."""

from __future__ import annotations

import random
import uuid
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar

T = TypeVar("T")

DAYS = 365
# Demand by month: quiet around the Spring Festival, strong before the ends of quarters.
SEASON = {1: 0.8, 2: 0.45, 3: 1.25, 4: 1.05, 5: 1.0, 6: 1.2, 7: 0.9, 8: 0.9, 9: 1.2, 10: 0.85, 11: 1.25, 12: 1.15}
WEEKEND = 0.15
GROWTH = 0.5  # how much more comes in on the last day than on the first


class Dice(random.Random):
    """Random choices, the same for the same seed."""

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key, as likely as its weight says."""
        return self.choices(list(weights), weights=list(weights.values()))[0]

    def chance(self, probability: float) -> bool:
        """Return True with this probability."""
        return self.random() < probability

    def some(self, items: Sequence[T], low: int, high: int) -> list[T]:
        """Return `low` to `high` different items."""
        return self.sample(list(items), min(self.randint(low, high), len(items)))

    def uuid7(self, at: datetime) -> uuid.UUID:
        """Return a UUIDv7 of a moment, so that ids sort by creation as those of real records do."""
        number = int(at.timestamp() * 1000) << 80 | self.getrandbits(80)
        number = number & ~(0xF << 76) | 0x7 << 76
        return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


@dataclass(frozen=True)
class DemoClock:
    """The moment at which the demo plays; the story covers the 365 days before it."""

    now: datetime
    zone: zoneinfo.ZoneInfo

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def start(self) -> datetime:
        return self.now - timedelta(days=DAYS)

    def day(self, offset: int) -> date:
        """Return the day `offset` days from today."""
        return self.today + timedelta(days=offset)

    def at(self, day: date, hour: int, minute: int = 0) -> datetime:
        """Return a moment of a day in the organisation's zone."""
        return datetime.combine(day, time(hour, minute), self.zone)

    def work_moment(self, day: date, dice: Dice) -> datetime:
        """Return a moment within the working hours of a day."""
        return self.at(day, dice.choice((9, 9, 10, 10, 11, 13, 14, 14, 15, 16, 17)), dice.randrange(0, 60))

    def after(self, moment: datetime, low: int, high: int, dice: Dice) -> datetime:
        """Return a working moment `low` to `high` days after another one, never before it."""
        day = (moment + timedelta(days=dice.randint(low, high))).astimezone(self.zone).date()
        while day.isoweekday() > 5 and dice.chance(0.9):
            day += timedelta(days=1)
        return max(self.work_moment(day, dice), moment + timedelta(minutes=dice.randint(5, 90)))

    def is_past(self, moment: datetime) -> bool:
        return moment < self.now

    def arrivals(self, count: int, dice: Dice) -> list[datetime]:
        """Return moments over the year, in order: more in season, on weekdays, and towards the end."""
        days = [self.day(offset) for offset in range(-DAYS + 1, 1)]
        weights = [
            SEASON[day.month] * (WEEKEND if day.isoweekday() > 5 else 1) * (1 + GROWTH * index / DAYS)
            for index, day in enumerate(days)
        ]
        moments = (self.work_moment(day, dice) for day in dice.choices(days, weights=weights, k=count))
        return sorted(min(moment, self.now - timedelta(minutes=dice.randint(1, 90))) for moment in moments)
