"""Movements as people read them: who gave what to whom, why, and by which rule."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from workflows.pools.models import Pool, PoolMovement, RecycleRule

Kind = PoolMovement.Kind
ICONS = {
    Kind.CREATE: "plus",
    Kind.CLAIM: "hand-grab",
    Kind.ASSIGN: "user-plus",
    Kind.TRANSFER: "user-share",
    Kind.RELEASE: "arrow-back-up",
    Kind.RECALL: "arrow-back-up",
    Kind.RECYCLE: "recycle",
    Kind.MOVE: "arrows-exchange",
    Kind.UNDO: "restore",
}


@dataclass(frozen=True)
class ShownMovement:
    """One movement with the names of everybody and everything in it."""

    row: PoolMovement
    people: dict[uuid.UUID, str]
    pools: dict[uuid.UUID, str]
    rules: dict[int, str]
    title: str = ""  # of the record, as far as the reader may know it
    url: str = ""

    @property
    def at(self) -> datetime:
        return self.row.at

    @property
    def kind_label(self) -> str:
        return str(self.row.get_kind_display())

    @property
    def icon(self) -> str:
        return ICONS.get(self.row.kind, "transfer")  # type: ignore[call-overload, no-any-return]

    @property
    def who(self) -> str:
        return self.people.get(self.row.actor_id, "") if self.row.actor_id else _("The platform")

    @cached_property
    def before(self) -> str:
        return self._holder(self.row.from_owner_id, self.row.from_pool_id)

    @cached_property
    def after(self) -> str:
        return self._holder(self.row.to_owner_id, self.row.to_pool_id)

    @property
    def rule(self) -> str:
        return self.rules.get(self.row.rule_id, "") if self.row.rule_id else ""

    def _holder(self, owner: uuid.UUID | None, pool: uuid.UUID | None) -> str:
        if owner:
            return self.people.get(owner, _("(no longer there)"))
        return self.pools.get(pool, _("(no longer there)")) if pool else ""


def shown(rows: Sequence[PoolMovement], titles: dict[uuid.UUID, tuple[str, str]] | None = None) -> list[ShownMovement]:
    """Return movements for people; `titles` has name and address of the records that the reader may know."""
    people = _names(User, (item for row in rows for item in (row.actor_id, row.from_owner_id, row.to_owner_id)), "name")
    pools = _names(Pool, (item for row in rows for item in (row.from_pool_id, row.to_pool_id)), "label")
    rule_ids = {row.rule_id for row in rows if row.rule_id}
    rules = dict(RecycleRule.objects.filter(pk__in=rule_ids).values_list("pk", "label")) if rule_ids else {}
    known = titles or {}
    return [ShownMovement(row, people, pools, rules, *known.get(row.record_id, ("", ""))) for row in rows]


def movements_of(object_id: int, record_id: uuid.UUID, limit: int) -> list[ShownMovement]:
    """Return the latest movements of a record that the caller has been found to see."""
    rows = PoolMovement.objects.filter(object_id=object_id, record_id=record_id).order_by("-id")[:limit]
    return shown(list(rows))


def _names(model: type[User] | type[Pool], ids: Iterable[uuid.UUID | None], column: str) -> dict[uuid.UUID, str]:
    wanted = {item for item in ids if item}
    return dict(model.objects.filter(pk__in=wanted).values_list("pk", column)) if wanted else {}
