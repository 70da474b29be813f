"""What administrators say about pools, and whether it can be: names, figures, conditions, fields."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.utils.translation import gettext as _

from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import FieldError, PlatformError, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.query import ordering
from objects.query.fragments import checked_tree
from workflows.pools.models import Clock, OpenTasks, Pool

API_NAME = re.compile(r"^[a-z][a-z0-9_]{0,39}$")
MOST_WORDS = 50
LARGEST, SMALLEST_OF_LARGE = 2**31 - 1, 32_767


@dataclass(frozen=True, kw_only=True)
class PoolInput:
    """All that an administrator says about a pool; see the model for what each member means."""

    object: str
    label: str
    api_name: str = ""  # "": one is made
    description: str = ""
    position: int = 0
    is_active: bool = True
    scope: Any = None
    mode: str = Pool.Mode.CLAIM
    masked_fields: Sequence[str] = ()
    order: Sequence[str] = ()
    hold_cap: int | None = None
    uncounted: Any = None
    daily_cap: int | None = None
    hourly_cap: int | None = None
    batch_size: int = 50
    daily_views: int | None = None
    cool_down_days: int = 0
    cool_down_exempt: Sequence[str] = ()
    protection_hours: int = 0
    own_department_hours: int = 0
    members_release: bool = True
    reasons: Sequence[str] = ()
    keeps_team: bool = False
    open_tasks: str = OpenTasks.CLOSE
    recycles: bool = False
    clock: str = Clock.CALENDAR
    waits_for_leave: bool = True
    exempt: Any = None
    recycles_to: uuid.UUID | None = None
    run_cap: int = 100_000
    reminder_days: Sequence[int] = ()
    reminds_manager: bool = False
    extension_days: int = 0
    protected_cap: int = 0


@dataclass(frozen=True, kw_only=True)
class MemberInput:
    """Who works with a pool, by the written form of a principal."""

    principal: str
    is_admin: bool = False


@dataclass(frozen=True, kw_only=True)
class HoldCapInput:
    """How much somebody may hold over all pools; the first that names a person counts."""

    principal: str
    cap: int
    uncounted: Any = None


@dataclass(frozen=True, kw_only=True)
class RecycleRuleInput:
    """When records return; `id` names a rule that there is already."""

    label: str
    kind: str
    days: int = 0
    variants: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    group: int = 0
    is_active: bool = True
    id: int | None = None


CHANGEABLE = tuple(item.name for item in fields(PoolInput) if item.name not in ("object", "api_name"))
_NUMBERS: Mapping[str, tuple[int, int]] = {
    "position": (-LARGEST, LARGEST),
    "batch_size": (1, 1_000),
    "cool_down_days": (0, 3_650),
    "protection_hours": (0, SMALLEST_OF_LARGE),
    "own_department_hours": (0, SMALLEST_OF_LARGE),
    "run_cap": (1, LARGEST),
    "extension_days": (0, 3_650),
    "protected_cap": (0, SMALLEST_OF_LARGE),
}
_CAPS = ("hold_cap", "daily_cap", "hourly_cap", "daily_views")
_FLAGS = ("is_active", "members_release", "keeps_team", "recycles", "waits_for_leave", "reminds_manager")
_CHOICES: Mapping[str, Sequence[str]] = {
    "mode": Pool.Mode.values,
    "open_tasks": OpenTasks.values,
    "clock": Clock.values,
}
_TEXTS = {"label": 80, "description": 300}
_WORDS = ("reasons", "cool_down_exempt")
_TREES = ("scope", "uncounted", "exempt")


def clean(actor: Actor, obj: CompiledObject | None, row: Pool) -> None:
    """Check and tidy a pool's settings in place; raises ValidationFailed with all that is wrong.

    Of an object that is only about to be there (`obj` is None) nothing is known that fields could be compared with.
    """
    errors = [
        *_text_errors(row),
        *(found for name, (least, most) in _NUMBERS.items() for found in _whole(row, name, least, most)),
        *(found for name in _CAPS if getattr(row, name) is not None for found in _whole(row, name, 0, LARGEST)),
        *(_wrong(name) for name in _FLAGS if not isinstance(getattr(row, name), bool)),
        *(_wrong(name, "invalid_choice") for name, known in _CHOICES.items() if getattr(row, name) not in known),
        *(found for name in _WORDS for found in _word_errors(row, name)),
        *_reminder_errors(row),
        *(_field_errors(obj, row) if obj else ()),
    ]
    for name in _TREES:
        errors += tree_errors(actor, obj, getattr(row, name), name) if obj else ()
        setattr(row, name, getattr(row, name) or None)
    if errors:
        raise ValidationFailed(errors)


def tree_errors(actor: Actor, obj: CompiledObject, condition: Any, name: str) -> list[FieldError]:
    """Return what is wrong with a condition, told at the setting that holds it."""
    return caught(name, lambda: checked_tree(actor, obj, condition))


def caught(name: str, check: Callable[[], object]) -> list[FieldError]:
    """Return what a check finds wrong, told at `name`."""
    try:
        check()
    except ValidationFailed as error:
        return [
            FieldError(name, item.code, item.text.replace("%", "%%"), {"member": item.field}) for item in error.errors
        ]
    except PlatformError as error:
        return [FieldError(name, error.code, str(error.message).replace("%", "%%"))]
    return []


def whole_errors(value: object, name: str, least: int, most: int) -> list[FieldError]:
    """Return what is wrong with a number that must be whole and lie within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        return [FieldError(name, "invalid_type", _("Enter a whole number."))]
    if not least <= value <= most:
        message = _("Enter a number between %(least)d and %(most)d.")
        return [FieldError(name, "out_of_range", message, {"least": least, "most": most})]
    return []


def _text_errors(row: Pool) -> list[FieldError]:
    errors = []
    if not API_NAME.match(row.api_name):
        message = _("Lower-case letters, digits and underscores, beginning with a letter.")
        errors.append(FieldError("api_name", "invalid_type", message))
    for name, most in _TEXTS.items():
        given = getattr(row, name)
        if not isinstance(given, str):
            errors.append(_wrong(name))
            continue
        setattr(row, name, given.strip())
        if name == "label" and not given.strip():
            errors.append(FieldError(name, "required", _("This field is required.")))
        if len(given.strip()) > most:
            errors.append(FieldError(name, "too_long", _("At most %(max)d characters."), {"max": most}))
    return errors


def _word_errors(row: Pool, name: str) -> list[FieldError]:
    given = getattr(row, name)
    if not _is_texts(given):
        return [_wrong(name)]
    words = list(dict.fromkeys(item.strip() for item in given if item.strip()))
    setattr(row, name, words)
    if len(words) > MOST_WORDS or any(len(item) > 80 for item in words):
        message = _("At most %(count)d entries of %(max)d characters each.")
        return [FieldError(name, "too_long", message, {"count": MOST_WORDS, "max": 80})]
    return []


def _reminder_errors(row: Pool) -> list[FieldError]:
    given = row.reminder_days
    if not isinstance(given, list | tuple) or any(whole_errors(item, "", 1, 365) for item in given) or len(given) > 5:
        return [FieldError("reminder_days", "out_of_range", _("At most five numbers of days between 1 and 365."))]
    row.reminder_days = sorted(set(given), reverse=True)
    return []


def _field_errors(obj: CompiledObject, row: Pool) -> list[FieldError]:
    if not (_is_texts(row.masked_fields) and _is_texts(row.order)):
        return [_wrong("masked_fields"), _wrong("order")]
    row.masked_fields = list(dict.fromkeys(row.masked_fields))
    row.order = list(dict.fromkeys(item.strip() for item in row.order))
    own = {item.api_name for item in obj.spec.business_fields}
    unknown = [name for name in row.masked_fields if name not in own]
    errors = [FieldError("masked_fields", "unknown_field", _("There is no such field."), {"name": n}) for n in unknown]
    everything = AccessPolicy.of(system_actor())
    return errors + caught("order", lambda: ordering.check(ordering.parse(row.order), obj, everything))


def _whole(row: Pool, name: str, least: int, most: int) -> list[FieldError]:
    return whole_errors(getattr(row, name), name, least, most)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _wrong(name: str, code: str = "invalid_type") -> FieldError:
    return FieldError(name, code, _("This is not a possible value."))
