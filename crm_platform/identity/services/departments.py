"""The department tree: grows, is renamed, moved and closed; never deleted, because records keep naming it."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm_platform.identity import journal
from crm_platform.identity.functions import MANAGE_USERS
from crm_platform.identity.models import Department, User
from crm_platform.identity.services.access import bump_access_version, lock_identity, require_function
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, NotFound, StateConflict, ValidationFailed

MAX_DEPTH = 20  # `path` has room for 63 levels; nobody can read more than these


@transaction.atomic
def create_department(actor: Actor, name: str, parent_id: uuid.UUID, *, code: str = "") -> Department:
    """Add a department below another one, after its siblings."""
    _begin(actor)
    parent = _active(parent_id, "parent")
    name = _valid_name(name, parent, code=code)
    _require_depth(parent.depth + 1)
    made: Department = Department.objects.add_child(parent, {"name": name, "code": code.strip()})
    bump_access_version()
    after = {**_names(made), "parent": parent.name}
    journal.tell(actor, journal.Event("department.created", made.name, made.pk, journal.differences({}, after)))
    return made


@transaction.atomic
def rename_department(actor: Actor, department_id: uuid.UUID, name: str, *, code: str | None = None) -> Department:
    """Give a department another name (and code); its place stays."""
    _begin(actor)
    department = _get(department_id)
    before = _names(department)
    department.code = department.code if code is None else code.strip()
    department.name = _valid_name(name, _parent(department), code=department.code, but=department)
    department.save(update_fields=["name", "code"])
    if different := journal.differences(before, _names(department)):
        journal.tell(actor, journal.Event("department.changed", department.name, department.pk, different))
    return department


@transaction.atomic
def move_department(actor: Actor, department_id: uuid.UUID, parent_id: uuid.UUID) -> Department:
    """Put a department with everything below it under another one; the root stays where it is."""
    _begin(actor)
    department, parent = _get(department_id), _active(parent_id, "parent")
    if department.is_root():
        raise StateConflict(_("The top department can't be moved."))
    if parent.path.startswith(department.path):
        raise ValidationFailed.single("parent", "invalid_reference", _("A department can't be moved below itself."))
    deepest = Department.objects.filter(path__startswith=department.path).order_by("-depth").first()
    assert deepest is not None, "a department is among its own descendants"
    _require_depth(parent.depth + 1 + deepest.depth - department.depth)
    _valid_name(department.name, parent, code=department.code, but=department)
    before = _parent(department)
    if before == parent:
        return department
    Department.objects.move(department, parent, "last-child")
    bump_access_version()
    change = {"parent": (before.name if before else None, parent.name)}
    journal.tell(actor, journal.Event("department.moved", department.name, department.pk, change))
    return _get(department_id)


@transaction.atomic
def deactivate_department(actor: Actor, department_id: uuid.UUID) -> None:
    """Close a department: nobody active may be left in it or below it."""
    _begin(actor)
    department = _get(department_id)
    if department.is_root():
        raise StateConflict(_("The top department can't be closed."))
    below = Department.objects.filter(path__startswith=department.path)
    if User.objects.filter(is_active=True, department__in=below).exists():
        raise StateConflict(_("Active users belong to this department or to one below it. Move them first."))
    below.update(is_active=False)
    bump_access_version()
    journal.tell(actor, journal.Event("department.closed", department.name, department.pk))


@transaction.atomic
def reactivate_department(actor: Actor, department_id: uuid.UUID) -> None:
    """Open a closed department again, with those above it and without those below it."""
    _begin(actor)
    department = _get(department_id)
    above = [department.path[:end] for end in range(Department.steplen, len(department.path) + 1, Department.steplen)]
    Department.objects.filter(path__in=above).update(is_active=True)
    bump_access_version()
    journal.tell(actor, journal.Event("department.reopened", department.name, department.pk))


def _names(department: Department) -> dict[str, str]:
    """Return what the audit trail says about a department besides its place."""
    return {"name": department.name, "code": department.code}


def _begin(actor: Actor) -> None:
    require_function(actor, MANAGE_USERS)
    lock_identity()


def _get(department_id: uuid.UUID) -> Department:
    found: Department | None = Department.objects.filter(pk=department_id).first()
    if found is None:
        raise NotFound(_("There is no such department."))
    return found


def _active(department_id: uuid.UUID, field: str) -> Department:
    found: Department | None = Department.objects.filter(pk=department_id, is_active=True).first()
    if found is None:
        raise ValidationFailed.single(field, "invalid_reference", _("Choose an open department."))
    return found


def _parent(department: Department) -> Department | None:
    path = department.path[: -Department.steplen]
    found: Department | None = Department.objects.filter(path=path).first()
    return found


def _valid_name(name: str, parent: Department | None, *, code: str, but: Department | None = None) -> str:
    """Return the trimmed name; raises ValidationFailed when name or code are bad or taken."""
    name, code, errors = name.strip(), code.strip(), []
    others = Department.objects.exclude(pk=but.pk) if but else Department.objects.all()
    if not name:
        errors.append(FieldError("name", "required", _("Give a name.")))
    if len(name) > 100:
        errors.append(FieldError("name", "too_long", _("Give a name of at most 100 characters.")))
    if parent and others.filter(path__startswith=parent.path, depth=parent.depth + 1, name=name).exists():
        errors.append(FieldError("name", "not_unique", _("There is a department of this name beside it.")))
    if len(code) > 40:
        errors.append(FieldError("code", "too_long", _("Give a code of at most 40 characters.")))
    if code and others.filter(code=code).exists():
        errors.append(FieldError("code", "not_unique", _("Another department has this code.")))
    if errors:
        raise ValidationFailed(errors)
    return name


def _require_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValidationFailed.single(
            "parent", "out_of_range", _("Departments may be at most %(count)s levels deep.") % {"count": MAX_DEPTH}
        )
