"""The departments to which somebody belongs besides his own."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, User, UserDepartment
from crm_platform.identity.services.access import bump_access_version, lock_identity, require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, ValidationFailed

MAX_TITLE = 100


@transaction.atomic
def add_user_department(
    actor: Actor, user_id: uuid.UUID, department_id: uuid.UUID, *, title: str = ""
) -> UserDepartment:
    """Let a user belong to one more department, or give him another title there."""
    user = _begin(actor, user_id)
    department: Department | None = Department.objects.filter(pk=department_id, is_active=True).first()
    title, errors = title.strip(), []
    if department is None:
        errors.append(FieldError("department", "invalid_reference", _("Choose an open department.")))
    elif department.pk == user.department_id:
        errors.append(FieldError("department", "not_unique", _("This is the user's own department.")))
    if len(title) > MAX_TITLE:
        message = _("Use at most %(count)s characters.") % {"count": MAX_TITLE}
        errors.append(FieldError("title", "too_long", message))
    if errors or department is None:
        raise ValidationFailed(errors)
    before = _state(user)
    made, _is_new = UserDepartment.objects.update_or_create(user=user, department=department, defaults={"title": title})
    _end(actor, user, before)
    return made


@transaction.atomic
def remove_user_department(actor: Actor, user_id: uuid.UUID, department_id: uuid.UUID) -> None:
    """Let a user no longer belong to one of the other departments."""
    user = _begin(actor, user_id)
    before = _state(user)
    UserDepartment.objects.filter(user=user, department=department_id).delete()
    _end(actor, user, before)


def _begin(actor: Actor, user_id: uuid.UUID) -> User:
    require_function(actor, MANAGE_USERS)
    lock_identity()
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound(_("There is no such user."))
    return user


def _end(actor: Actor, user: User, before: list[str]) -> None:
    after = _state(user)
    if before != after:
        bump_access_version()
        journal.tell(
            actor, journal.Event("user.departments_changed", user.name, user.pk, {"departments": (before, after)})
        )


def _state(user: User) -> list[str]:
    rows = user.other_departments.select_related("department").order_by("department__path")
    return [f"{row.department.name} ({row.title})" if row.title else row.department.name for row in rows]
