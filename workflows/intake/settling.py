"""What settling is for every kind of source: reading, making, changing, deleting and releasing. All is audited."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from crm_platform.audit.services import Subject, record_entry
from crm_platform.identity.models import User
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed, VersionConflict
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from workflows.intake import making
from workflows.intake.models import AddressedSource, Arrival, IntakeSource, new_token
from workflows.pools.models import Pool
from workflows.pools.services.seats import MANAGE

S = TypeVar("S", bound=IntakeSource)
Given = Mapping[str, Any]
SHARED = ("label", "pool_id", "owner_id", "duplicates", "is_active")


@dataclass(frozen=True)
class Kind(Generic[S]):
    """A kind of source. `check` returns what is wrong with a row into which `settable` members were put."""

    model: type[S]
    key: str  # begins the keys of its audit entries
    settable: tuple[str, ...]
    check: Callable[[S], list[FieldError]]
    arrivals: str = "arrivals"
    texts: Mapping[str, int] = field(default_factory=dict)  # members and their greatest length
    most: int = 100
    values: Callable[[Any], Given] = lambda row: row.values  # of what is released
    finish: Callable[[S, set[str]], None] = lambda row, changed: None  # what else follows from a change


def listed(actor: Actor, kind: Kind[S]) -> list[S]:
    """Return all sources of a kind with `sent`, `held` and `refused`: how much has come, and what became of it."""
    require_function(actor, MANAGE)
    states = {"held": Arrival.State.HELD, "refused": Arrival.State.REFUSED}
    counts = {
        name: Count(kind.arrivals, filter=Q(**{f"{kind.arrivals}__state": state})) for name, state in states.items()
    }
    return list(_rows(kind).annotate(sent=Count(kind.arrivals), **counts))


def get(actor: Actor, kind: Kind[S], source_id: uuid.UUID) -> S:
    """Return one source; raises NotFound."""
    require_function(actor, MANAGE)
    found: S | None = _rows(kind).filter(pk=source_id).first()
    if found is None:
        raise NotFound
    return found


@transaction.atomic
def create(actor: Actor, kind: Kind[S], object_name: str, given: Given) -> S:
    """Make a source for an object. Raises Forbidden, ValidationFailed."""
    require_function(actor, MANAGE)
    spec = current_snapshot().spec.object_map.get(object_name)
    if spec is None:
        raise ValidationFailed.single("object", "invalid_choice", _("There is no such object."))
    if kind.model._default_manager.count() >= kind.most:
        raise ValidationFailed.single(None, "out_of_range", _("At most %(max)d of these."), max=kind.most)
    row = kind.model(business_object=BusinessObject.objects.get(pk=spec.id))
    _fill(kind, row, {"label": "", **given})
    row.save(force_insert=True)
    record_entry(actor, f"{kind.key}.created", about(row))
    return row


@transaction.atomic
def update(actor: Actor, kind: Kind[S], source_id: uuid.UUID, changes: Given, expected_version: int | None = None) -> S:
    """Change a source. Raises Forbidden, NotFound, ValidationFailed, VersionConflict."""
    row = locked(actor, kind, source_id)
    if expected_version is not None and expected_version != row.version:
        raise VersionConflict(current_version=row.version)
    before = {name: getattr(row, name) for name in kind.settable if name in changes}
    _fill(kind, row, changes)
    kind.finish(row, {name for name, value in before.items() if getattr(row, name) != value})
    row.version += 1
    row.save()
    record_entry(actor, f"{kind.key}.changed", about(row), {"changed": sorted(changes)})
    return row


@transaction.atomic
def delete(actor: Actor, kind: Kind[S], source_id: uuid.UUID) -> None:
    """Delete a source with what came through it; the records stay."""
    row = locked(actor, kind, source_id)
    record_entry(actor, f"{kind.key}.deleted", about(row))
    row.delete()


@transaction.atomic
def new_secrets(actor: Actor, kind: Kind[Any], source_id: uuid.UUID) -> Any:
    """Give a source another address and another secret; the old ones end at once."""
    row: AddressedSource = locked(actor, kind, source_id)
    row.token, row.secret_number, row.version = new_token(), row.secret_number + 1, row.version + 1
    row.save()
    record_entry(actor, f"{kind.key}.changed", about(row), {"changed": ["secret", "token"]})
    return row


def release(actor: Actor, kind: Kind[Any], source_id: uuid.UUID, arrival_id: uuid.UUID) -> Any:
    """Make the record of what was held back. Raises NotFound, StateConflict, and what creating a record does."""
    row = getattr(get(actor, kind, source_id), kind.arrivals).filter(pk=arrival_id).first()
    if row is None:
        raise NotFound
    if not row.is_open:
        raise StateConflict(_("This has become a record already."))
    with transaction.atomic():
        released = making.release(row, kind.values)
        record_entry(actor, f"{kind.key}.released", about(row.source))
    return released


def about(row: IntakeSource) -> Subject:
    return Subject(object_name=row.business_object.api_name, record_name=row.label)


def _rows(kind: Kind[S]) -> Any:
    return kind.model._default_manager.select_related("business_object", "pool", "owner")


def locked(actor: Actor, kind: Kind[S], source_id: uuid.UUID) -> S:
    """Return one source, locked until the transaction ends; raises Forbidden, NotFound."""
    require_function(actor, MANAGE)
    rows = kind.model._default_manager.select_for_update(of=("self",)).select_related("business_object")
    row = rows.filter(pk=source_id).first()
    if row is None:
        raise NotFound
    return row


# --- checking ---------------------------------------------------------------------------------------------------
def _fill(kind: Kind[S], row: S, given: Given) -> None:
    errors = [FieldError(name, "unknown_field", _("Unknown member.")) for name in given.keys() - set(kind.settable)]
    for name in given.keys() & set(kind.settable):
        setattr(row, name, given[name])
    errors += [
        FieldError(name, "too_long", _("This text is too long."))
        for name, most in {"label": 80, **kind.texts}.items()
        if len(getattr(row, name)) > most
    ]
    if not row.label.strip():
        errors.append(FieldError("label", "required", _("This field is required.")))
    if row.duplicates not in IntakeSource.Duplicates.values:
        errors.append(FieldError("duplicates", "invalid_choice", _("Choose one of the offered values.")))
    errors += [*_place_errors(row), *kind.check(row)]
    if errors:
        raise ValidationFailed(errors)


def _place_errors(row: IntakeSource) -> list[FieldError]:
    errors = []
    if row.pool_id and not Pool.objects.filter(pk=row.pool_id, business_object=row.business_object).exists():
        errors.append(FieldError("pool_id", "invalid_reference", _("There is no such pool of this object.")))
    if row.owner_id and not User.objects.filter(pk=row.owner_id, is_active=True).exists():
        errors.append(FieldError("owner_id", "inactive_reference", _("There is no such active user.")))
    if row.owner_id and row.pool_id:
        errors.append(FieldError("owner_id", "invalid_choice", _("Choose a pool or an owner, not both.")))
    return errors
