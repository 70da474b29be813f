"""What rules of access have in common when they are written: their object, their label, their condition."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.services import require_function
from crm_platform.kit.context import Actor, system_actor
from crm_platform.kit.errors import NotFound, PlatformError, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.models import BusinessObject
from objects.access import criteria
from objects.access.policy import AccessPolicy

LABEL = 100
MAX_RULES = 200  # of one kind for one object


def begin(actor: Actor) -> None:
    """Raise Forbidden unless the caller manages users: who may see what is part of that."""
    require_function(actor, MANAGE_USERS)


def object_row(object_name: object, field: str = "object") -> BusinessObject:
    """Return an object that is in use; raises ValidationFailed at `field`."""
    spec = current_snapshot().spec.object_map.get(str(object_name))
    if spec is None:
        raise ValidationFailed.single(field, "invalid_reference", _("There is no such object."))
    return BusinessObject.objects.get(pk=spec.id)


def compiled_of(row: BusinessObject) -> CompiledObject:
    """Return the object of a rule as it is now; raises NotFound for one that is in the trash."""
    if row.api_name not in current_snapshot().spec.object_map:
        raise NotFound
    return current_snapshot().object(row.api_name)


def clean_label(given: object) -> str:
    """Return a rule's label; raises ValidationFailed."""
    label = given.strip() if isinstance(given, str) else ""
    if not label:
        raise ValidationFailed.single("label", "required", _("This field is required."))
    if len(label) > LABEL:
        raise ValidationFailed.single("label", "too_long", _("At most %(max)d characters."), max=LABEL)
    return label


def check_condition(actor: Actor, obj: CompiledObject, condition: Any) -> None:
    """Raise ValidationFailed unless the condition says something that the object's records can meet."""
    if not condition:
        raise ValidationFailed.single("condition", "required", _("This field is required."))
    try:
        bound = criteria.checked(obj, condition, actor, AccessPolicy.of(system_actor()))
    except ValidationFailed:
        raise
    except PlatformError as error:
        raise ValidationFailed.single("condition", error.code, str(error.message).replace("%", "%%")) from error
    if bound.shape is None:
        raise ValidationFailed.single("condition", "required", _("This field is required."))
