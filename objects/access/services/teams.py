"""Teams 相关团队: colleagues who work on a record beside its owner, each in a role of his and with a level."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from objects.access.models import Level, RecordShare
from objects.access.naming import existing
from objects.access.principals import USER, Principal
from objects.access.services.holding import Held, hold
from objects.access.services.sharing_rules import differences
from objects.access.services.telling import ON_TEAM, tell
from objects.records.unit import run_unit

ADDED, CHANGED, REMOVED = "record.team_added", "record.team_changed", "record.team_removed"
TEAM = RecordShare.Source.TEAM
LEVELS = (Level.READ, Level.EDIT)
ROLE = 60


def team(actor: Actor, object_name: str, record_id: uuid.UUID) -> list[RecordShare]:
    """Return the members of a record's team, for whoever may read the record."""
    return team_of(hold(actor, object_name, record_id, is_locked=False))


def team_of(held: Held) -> list[RecordShare]:
    """Return the team of a record that the caller has in hand."""
    return list(_all(held).order_by("id"))


def user_id_of(row: RecordShare) -> uuid.UUID:
    """Return which user a member is."""
    found = Principal.parse(row.principal).id
    assert found is not None, "members of teams are users"
    return found


def add_member(
    actor: Actor, object_name: str, record_id: uuid.UUID, user_id: uuid.UUID, *, level: int = Level.READ, role: str = ""
) -> RecordShare:
    """Add somebody to a record's team. Raises NotFound, Forbidden, and ValidationFailed, also for a member."""

    def work() -> RecordShare:
        held = hold(actor, object_name, record_id)
        held.require_staff()
        principal = str(existing(str(Principal(USER, user_id)), "user_id", chooser=actor))
        if held.record.owner_id == user_id:
            raise ValidationFailed.single("user_id", "invalid_choice", _("The owner needs no place on the team."))
        if _all(held).filter(principal=principal).exists():
            raise ValidationFailed.single("user_id", "not_unique", _("This user is on the team already."))
        held.refuse_if_full()
        row = RecordShare(object_id=held.obj.spec.id, record_id=held.id, principal=principal, source=TEAM)
        row.level, row.team_role, row.granted_by_id = level, role, actor.user_id
        _clean(row)
        row.save(force_insert=True)
        held.note(actor, ADDED, {"after": said(row)})
        tell(actor, held, row, ON_TEAM)
        return row

    return run_unit(work)


def change_member(
    actor: Actor,
    object_name: str,
    record_id: uuid.UUID,
    user_id: uuid.UUID,
    *,
    level: int | None = None,
    role: str | None = None,
) -> RecordShare:
    """Change a member's level or role on the team."""

    def work() -> RecordShare:
        held = hold(actor, object_name, record_id)
        held.require_staff()
        row = _get(held, user_id)
        before = said(row)
        row.level = row.level if level is None else level
        row.team_role = row.team_role if role is None else role
        _clean(row)
        after = said(row)
        if after != before:
            row.save(update_fields=["level", "team_role"])
            held.note(actor, CHANGED, {"principal": row.principal, **differences(before, after)})
        return row

    return run_unit(work)


def remove_member(actor: Actor, object_name: str, record_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Take somebody off a record's team; a member may leave it himself."""

    def work() -> None:
        held = hold(actor, object_name, record_id)
        if user_id != actor.user_id:
            held.require_staff()
        row = _get(held, user_id)
        held.note(actor, REMOVED, {"before": said(row)})
        row.delete()

    run_unit(work)


def require_team_level(level: int, field: str) -> None:
    """Raise ValidationFailed at `field` for a level that members of teams can't have."""
    if level not in LEVELS:
        raise ValidationFailed.single(field, "invalid_choice", _("Unknown level."))


def keep_on_team(actor: Actor, held: Held, user_id: uuid.UUID, level: int) -> None:
    """Give somebody a place on the team, or at least this level there; for who hands the record on."""
    row = _all(held).filter(principal=str(Principal(USER, user_id))).first()
    if row is None:
        row = RecordShare(
            object_id=held.obj.spec.id,
            record_id=held.id,
            principal=str(Principal(USER, user_id)),
            source=TEAM,
            level=level,
            granted_by_id=actor.user_id,
        )
        row.save(force_insert=True)
        held.note(actor, ADDED, {"after": said(row)})
    elif row.level < level:
        before, row.level = said(row), level
        row.save(update_fields=["level"])
        held.note(actor, CHANGED, {"principal": row.principal, **differences(before, said(row))})


def said(row: RecordShare) -> dict[str, Any]:
    """Return what a member's row says, as the audit trail holds it."""
    return {"principal": row.principal, "level": int(row.level), "role": row.team_role}


def _all(held: Held) -> Any:
    return RecordShare.objects.filter(object_id=held.obj.spec.id, record_id=held.id, source=TEAM)


def _get(held: Held, user_id: uuid.UUID) -> RecordShare:
    found: RecordShare | None = _all(held).filter(principal=str(Principal(USER, user_id))).first()
    if found is None:
        raise NotFound
    return found


def _clean(row: RecordShare) -> None:
    require_team_level(row.level, "level")
    row.team_role = row.team_role.strip()
    if len(row.team_role) > ROLE:
        raise ValidationFailed.single("role", "too_long", _("At most %(max)d characters."), max=ROLE)
