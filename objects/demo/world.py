"""The demo while it is being made: rows in memory, by object, with what happened to them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from metadata.field_types.values import Reference
from objects.demo.dice import DemoClock, Dice
from objects.demo.words import Company, Person, Words


@dataclass(frozen=True)
class DemoUser:
    """A user of the demo. `skill` makes some win more deals than others."""

    id: uuid.UUID
    username: str
    name: str
    department_id: uuid.UUID
    region: str = ""
    skill: float = 1.0

    @property
    def ref(self) -> Reference:
        return Reference("user", self.id, self.name)


@dataclass(frozen=True)
class HistoryEntry:
    """One change of a record: `changes` holds (old, new) by API name."""

    at: datetime
    user: DemoUser
    changes: dict[str, tuple[Any, Any]]


@dataclass(eq=False)
class SeedRow:
    """A record to be written, with its system columns."""

    object: str
    id: uuid.UUID
    values: dict[str, Any]
    owner: DemoUser
    created_by: DemoUser
    created_at: datetime
    updated_at: datetime
    last_followup_at: datetime | None = None
    last_activity_at: datetime | None = None
    history: list[HistoryEntry] = field(default_factory=list)

    @property
    def ref(self) -> Reference:
        return Reference(self.object, self.id, self.values["name"])

    @property
    def version(self) -> int:
        return 1 + len(self.history)

    def change(self, at: datetime, user: DemoUser, **new: Any) -> None:
        """Give fields new values at a moment, and remember that it happened."""
        changes = {name: (self.values.get(name), value) for name, value in new.items()}
        self.history.append(HistoryEntry(at, user, changes))
        self.values.update(new)
        self.updated_at = max(self.updated_at, at)

    def touch(self, at: datetime, *, is_followup: bool) -> None:
        """Note an activity on the record."""
        self.last_activity_at = max(at, self.last_activity_at or at)
        if is_followup:
            self.last_followup_at = max(at, self.last_followup_at or at)


@dataclass
class World:
    """Everything that the parts of the story share."""

    dice: Dice
    clock: DemoClock
    words: Words
    users: dict[str, DemoUser]
    rows: dict[str, list[SeedRow]] = field(default_factory=lambda: defaultdict(list))
    # The person on the other side, by record: whom calls and visits are about.
    people: dict[uuid.UUID, Person] = field(default_factory=dict)
    companies: dict[uuid.UUID, Company] = field(default_factory=dict)  # behind leads and accounts
    contacts: dict[uuid.UUID, list[SeedRow]] = field(default_factory=lambda: defaultdict(list))  # of accounts
    lines: dict[uuid.UUID, list[SeedRow]] = field(default_factory=lambda: defaultdict(list))  # of deals

    @cached_property
    def accounts(self) -> dict[uuid.UUID, SeedRow]:
        """Accounts by id; read once all of them are there."""
        return {row.id: row for row in self.rows["account"]}

    def add(
        self, object_name: str, owner: DemoUser, at: datetime, /, *, by: DemoUser | None = None, **values: Any
    ) -> SeedRow:
        """Add a record that was created at a moment; empty values are left out."""
        given = {name: value for name, value in values.items() if value not in (None, "")}
        row = SeedRow(object_name, self.dice.uuid7(at), given, owner, by or owner, at, at)
        self.rows[object_name].append(row)
        return row

    def reps(self, region: str) -> list[DemoUser]:
        """Return those who sell in a region ("others" are served by everybody)."""
        sellers = [user for user in self.users.values() if user.region]
        return [user for user in sellers if user.region == region] or sellers
