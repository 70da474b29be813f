"""Naming what a person was given: what he owns, for whom he stands in, what is shared with him."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from objects.access.explanation import Cause, Layer, Outcome, Step
from objects.access.facts import Facts
from objects.access.models import Level, RecordShare
from objects.access.standing import Standing
from objects.access.trace_names import TraceNames


def ownership(standing: Standing, facts: Facts, names: TraceNames, name: str, *, is_own: bool) -> Iterator[Step]:
    """Yield whether the record is his own, and what standing in for others does."""
    owner = Cause("user", str(facts.owner_id), facts.owner) if facts.owner_id else None
    is_his = facts.owner_id == standing.own[0]
    if is_own and is_his:
        yield Step(Layer.OWNER, Outcome.ALLOWS, _("%(name)s owns the record.") % {"name": name}, owner)
    elif is_his:
        text = _("%(name)s owns the record, but the role reaches no records for this action.") % {"name": name}
        yield Step(Layer.OWNER, Outcome.SILENT, text, owner)
    elif owner is None:
        yield Step(Layer.OWNER, Outcome.SILENT, _("The record has no owner."))
    else:
        yield Step(Layer.OWNER, Outcome.SILENT, _("The owner is %(owner)s.") % {"owner": facts.owner}, owner)
    if len(standing.own) > 1:
        yield from _stand_ins(standing, facts, names, is_own=is_own)


def _stand_ins(standing: Standing, facts: Facts, names: TraceNames, *, is_own: bool) -> Iterator[Step]:
    for row in names.stand_ins:
        if row.delegate_id != standing.own[0] or row.user_id not in standing.own:
            continue
        opens = is_own and row.user_id == facts.owner_id
        told = {"user": row.user.name, "until": moment(row.ends_at)}
        if opens:
            text = _("Stands in until %(until)s for %(user)s, who owns the record.")
        else:
            text = _("Stands in until %(until)s for %(user)s, whose record this is not.")
        cause = Cause("delegation", str(row.pk), row.user.name)
        yield Step(Layer.STAND_IN, Outcome.ALLOWS if opens else Outcome.SILENT, text % told, cause)


def shares(standing: Standing, every: tuple[list[RecordShare], Mapping[str, str]], needed: int) -> Iterator[Step]:
    """Yield every share of the record with the person: his team membership, and what was shared by hand."""
    rows, names = every
    his = [row for row in rows if row.principal in standing.principals]
    if not his:
        yield Step(Layer.SHARE, Outcome.SILENT, _("Not on the team, and nothing is shared by hand."))
    for row in his:
        yield _share(row, names[row.principal], needed)


def _share(row: RecordShare, name: str, needed: int) -> Step:
    is_over = row.expires_at is not None and row.expires_at <= timezone.now()
    told = {"name": name, "level": Level(row.level).label, "role": row.team_role or _("member")}
    if row.source == RecordShare.Source.TEAM:
        text = _("%(name)s is on the team as %(role)s: %(level)s.") % told
    else:
        text = _("Shared with %(name)s: %(level)s.") % told
    if row.granted_by is not None:
        text += " " + _("Given by %(user)s.") % {"user": row.granted_by.name}
    if row.expires_at is not None:
        text += " " + (_("Ended %s.") if is_over else _("Ends %s.")) % moment(row.expires_at)
    if row.level < needed:
        text += " " + _("That is not enough for this action.")
    opens = row.level >= needed and not is_over
    cause = Cause("share", str(row.pk), name)
    return Step(Layer.SHARE, Outcome.ALLOWS if opens else Outcome.SILENT, text, cause)


def moment(at: datetime) -> str:
    """Return a moment as people read it, in the zone of the reader."""
    return date_format(timezone.localtime(at), "Y-m-d H:i")
