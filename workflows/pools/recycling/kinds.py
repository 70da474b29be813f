"""What each kind of rule asks of a record `t`, in SQL: since when it is neglected, and whether that counts at all.

Every kind waits from the last change of owner on at the earliest, so that nobody loses what he has just got, and so
that the index on (pool_id, last_owner_change_at) bounds what is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from crm_platform.kit.sqlnames import quote
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.snapshot import SchemaSnapshot
from objects.query.params import TRUE, SqlText
from workflows.pools.models import RecycleRule
from workflows.pools.recycling.conditions import expression_sql, tree_sql
from workflows.pools.recycling.related import RelatedObject, checked_field, related_object, texts, whole

Kind = RecycleRule.Kind
OWNED_SINCE = "t.last_owner_change_at"
CHOICES, TEXTS = ("picklist", "stage"), ("long_text", "text", "rich_text")
DATES = ("date",)
MOMENTS = ("datetime",)
MOST_CHARACTERS = 5_000


@dataclass(frozen=True)
class Question:
    """A rule in SQL, but for its days.

    `base` is the moment of the last good event: null where the rule never holds. `holds` must be true besides.
    `quick(cutoff)` says the same as `base < cutoff` in a form that stops at the first event that is young enough.
    """

    base: SqlText
    quick: Callable[[SqlText], SqlText]
    holds: SqlText = TRUE


@dataclass(frozen=True)
class Subject:
    """What questions are asked about: an object, at a moment, by the platform in the organisation's zone."""

    snapshot: SchemaSnapshot
    obj: CompiledObject
    actor: Actor
    now: datetime


def question(subject: Subject, rule: RecycleRule) -> Question:
    """Return what a rule asks; raises ValidationFailed for one that does not fit the object (any longer)."""
    if not isinstance(rule.settings, dict):
        raise ValidationFailed.single("settings", "invalid_type", _("Enter an object."))
    return KINDS[rule.kind](subject, rule)


def status_field(subject: Subject, rule: RecycleRule) -> CompiledField:
    """Return the field whose values a rule looks at; raises ValidationFailed."""
    usual = next((name for name in ("stage", "status") if name in subject.obj.fields), "")
    return checked_field(subject.obj, str(rule.settings.get("field") or usual), CHOICES, "field")


def _owned_before(cutoff: SqlText) -> SqlText:
    return SqlText(f"{OWNED_SINCE} < {cutoff.text}", cutoff.params)


def _no_follow_up(_subject: Subject, _rule: RecycleRule) -> Question:
    followed = "t.last_followup_at"

    def quick(cutoff: SqlText) -> SqlText:
        text = f"{OWNED_SINCE} < {cutoff.text} AND ({followed} IS NULL OR {followed} < {cutoff.text})"
        return SqlText(text, cutoff.params * 2)

    return Question(SqlText(f"greatest({OWNED_SINCE}, {followed})"), quick)


def _no_valid_follow_up(subject: Subject, rule: RecycleRule) -> Question:
    found = related_object(subject.snapshot, subject.obj, rule.settings, "follow_up")
    moment = found.chosen(rule.settings, "moment", MOMENTS, "followed_up_at")
    at = found.read(moment) if moment else "a.created_at"
    valid = _valid(subject, rule, found)
    return _since_last(at, f"{found.live()} AND {valid.text} AND {at} <= %s", (*valid.params, subject.now))


def _valid(subject: Subject, rule: RecycleRule, found: RelatedObject) -> SqlText:
    """Return what a follow-up must be to count."""
    settings = rule.settings
    parts = ["TRUE"]
    params: list[object] = []
    length, methods = whole(settings, "min_length", MOST_CHARACTERS), texts(settings, "methods")
    if length:
        text = found.chosen(settings, "text", TEXTS, "content")
        if text is None:
            raise ValidationFailed.single("text", "required", _("Choose the field with the text."))
        parts.append(f"char_length(btrim({found.read(text)})) >= %s")
        params.append(length)
    if methods:
        method = found.chosen(settings, "method", CHOICES, "method")
        if method is None:
            raise ValidationFailed.single("method", "required", _("Choose the field with the method."))
        parts.append(f"{found.read(method)} = ANY(%s::text[])")
        params.append(methods)
    more = tree_sql(found.object, settings.get("condition"), subject.actor, subject.now, alias="a")
    return SqlText(" AND ".join([*parts, more.text]), (*params, *more.params))


def _no_progress(subject: Subject, rule: RecycleRule) -> Question:
    field = status_field(subject, rule)
    if not field.spec.track_history:
        raise ValidationFailed.single("field", "invalid_choice", _("The history of this field is not kept."))
    where = "objects_recordchange a WHERE a.object_id = %s AND a.record_id = t.id AND a.changes ? %s"
    return _since_last("a.at", where, (subject.obj.spec.id, str(field.spec.id)))


def _since_last(at: str, source: str, params: tuple[object, ...]) -> Question:
    """Return the question that waits from the last of some events on."""

    def quick(cutoff: SqlText) -> SqlText:
        text = f"{OWNED_SINCE} < {cutoff.text} AND NOT EXISTS (SELECT FROM {source} AND {at} >= {cutoff.text})"
        return SqlText(text, (*cutoff.params, *params, *cutoff.params))

    last = f"SELECT max({at}) FROM {source}"  # noqa: S608 (physical names only)
    return Question(SqlText(f"greatest({OWNED_SINCE}, ({last}))", params), quick)


def _no_deal(subject: Subject, rule: RecycleRule) -> Question:
    found = related_object(subject.snapshot, subject.obj, rule.settings, "opportunity")
    stage = found.chosen(rule.settings, "stage", CHOICES, "stage")
    if stage is None:
        raise ValidationFailed.single("stage", "required", _("Choose the field with the stage."))
    won = texts(rule.settings, "won") or _won(stage)
    if not won:
        raise ValidationFailed.single("won", "required", _("Choose what counts as won."))
    closed = found.chosen(rule.settings, "date", DATES, "closed_on")
    day = f"({OWNED_SINCE} AT TIME ZONE %s)::date"
    since = f"a.updated_at >= {OWNED_SINCE}"
    zone: tuple[str, ...] = ()
    if closed is not None:
        read = found.read(closed)
        since, zone = f"CASE WHEN {read} IS NULL THEN {since} ELSE {read} >= {day} END", (subject.actor.time_zone,)
    deals = f"SELECT FROM {found.live()} AND {found.read(stage)} = ANY(%s::text[]) AND {since}"
    return Question(SqlText(OWNED_SINCE), _owned_before, SqlText(f"NOT EXISTS ({deals})", (won, *zone)))


def _won(stage: CompiledField) -> list[str]:
    return [
        choice.value
        for choice in (stage.spec.choice_set.choices if stage.spec.choice_set else ())
        if choice.properties.get("category") == "won"
    ]


def _not_converted(subject: Subject, rule: RecycleRule) -> Question:
    field = status_field(subject, rule)
    values = texts(rule.settings, "values")
    if not values:
        raise ValidationFailed.single("values", "required", _("Choose what counts as converted."))
    read = f"t.{quote(field.main.column)}"
    return Question(
        SqlText(OWNED_SINCE), _owned_before, SqlText(f"({read} IS NULL OR {read} <> ALL(%s::text[]))", (values,))
    )


def _contract_ended(subject: Subject, rule: RecycleRule) -> Question:
    """The end of the last contract; one without an end goes on for ever."""
    found = related_object(subject.snapshot, subject.obj, rule.settings, "contract")
    end = found.chosen(rule.settings, "date", DATES, "ends_on")
    if end is None:
        raise ValidationFailed.single("date", "required", _("Choose the field with the end."))
    source, params = found.live(), [subject.actor.time_zone]
    if statuses := texts(rule.settings, "statuses"):
        status = found.chosen(rule.settings, "status", CHOICES, "status")
        if status is None:
            raise ValidationFailed.single("status", "required", _("Choose the field with the status."))
        source, params = f"{source} AND {found.read(status)} = ANY(%s::text[])", [*params, statuses]  # type: ignore[list-item]
    read = found.read(end)
    ended = f"(max({read}) + 1)::timestamp AT TIME ZONE %s"
    bounded = f"HAVING count(*) > 0 AND count(*) = count({read})"
    last = f"SELECT greatest({OWNED_SINCE}, {ended}) FROM {source} {bounded}"  # noqa: S608 (physical names only)
    base = SqlText(f"({last})", tuple(params))

    def quick(cutoff: SqlText) -> SqlText:
        text = f"{OWNED_SINCE} < {cutoff.text} AND {base.text} < {cutoff.text}"
        return SqlText(text, (*cutoff.params, *base.params, *cutoff.params))

    return Question(base, quick)


def _expression(subject: Subject, rule: RecycleRule) -> Question:
    text = rule.settings.get("expression")
    asked = expression_sql(
        subject.snapshot, subject.obj, text if isinstance(text, str) else "", subject.actor, subject.now
    )
    return Question(SqlText(OWNED_SINCE), _owned_before, asked)


KINDS: Mapping[str, Callable[[Subject, RecycleRule], Question]] = {
    Kind.NO_FOLLOW_UP: _no_follow_up,
    Kind.NO_VALID_FOLLOW_UP: _no_valid_follow_up,
    Kind.NO_PROGRESS: _no_progress,
    Kind.NO_DEAL: _no_deal,
    Kind.NOT_CONVERTED: _not_converted,
    Kind.CONTRACT_ENDED: _contract_ended,
    Kind.EXPRESSION: _expression,
}
