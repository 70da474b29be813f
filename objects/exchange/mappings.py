"""What headers mean, kept from one import to the next: by itself for each person, and under names for all."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import MODIFY_ALL, AccessPolicy
from objects.exchange.guessing import folded
from objects.exchange.models import ImportMapping
from objects.exchange.plan import Plan

MAX_NAME = 80
MAX_REMEMBERED = 500


def remember(actor: Actor, obj: CompiledObject, header: Sequence[str], plan: Plan) -> None:
    """Remember the caller's choices, in the caller's transaction, beside those of earlier files."""
    row, _is_new = ImportMapping.objects.get_or_create(object_id=obj.spec.id, user=_person(actor), name="")
    known = {**row.columns, **columns_of(header, plan)}
    row.columns = dict(list(known.items())[-MAX_REMEMBERED:])
    row.options, row.updated_at = plan.options(), timezone.now()
    row.save()


def save_mapping(
    actor: Actor,
    obj: CompiledObject,
    name: str,
    columns: Mapping[str, Any],
    options: Mapping[str, Any],
    *,
    is_shared: bool,
) -> ImportMapping:
    """Keep a mapping under a name, in place of the caller's own one of that name."""
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        raise ValidationFailed.single("name", "required", _("Give the mapping a name of at most 80 characters."))
    values = {"columns": dict(columns), "options": dict(options), "is_shared": is_shared, "updated_at": timezone.now()}
    row, _is_new = ImportMapping.objects.update_or_create(
        object_id=obj.spec.id, user=_person(actor), name=name, defaults=values
    )
    return row


def _person(actor: Actor) -> User | None:
    """Return the caller's account, None for the platform itself."""
    return User.objects.filter(pk=actor.user_id).first() if actor.user_id else None


def columns_of(header: Sequence[str], plan: Plan) -> dict[str, dict[str, str]]:
    """Return a plan's columns by folded header, those of nameless columns left out."""
    pairs = zip(header, plan.columns, strict=False)
    return {
        folded(text): {"field": target.field, "match": target.match}
        for text, target in pairs
        if target and folded(text)
    }


def visible_mappings(actor: Actor, object_ids: Sequence[int]) -> QuerySet[ImportMapping]:
    """Return the named mappings of objects that the caller may use: his own and shared ones."""
    rows = ImportMapping.objects.filter(Q(user=actor.user_id) | Q(is_shared=True), object_id__in=object_ids)
    return rows.exclude(name="").select_related("user").order_by("name", "id")


def delete_mapping(actor: Actor, mapping_id: uuid.UUID, readable: Sequence[int]) -> None:
    """Delete one of the caller's own; administrators delete shared ones, too. Raises NotFound."""
    row = visible_mappings(actor, readable).filter(pk=mapping_id).first()
    if row is None or not (row.user_id == actor.user_id or actor.has_function(MODIFY_ALL)):
        raise NotFound
    row.delete()


def importable_ids(actor: Actor) -> list[int]:
    """Return the ids of the objects whose records the caller may import."""
    policy = AccessPolicy.of(actor)
    return [spec.id for spec in policy.readable_objects() if policy.can(spec.api_name, "import")]
