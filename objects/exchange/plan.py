"""How a file becomes records: which column is which field, what happens to whom, and whether the caller may."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError, ValidationFailed
from crm_platform.kit.ids import parse_uuid
from metadata.compiler.compiled import CompiledObject
from objects.access.policy import AccessPolicy
from objects.exchange.fields import CREATED, ID, OWNER, ImportField, import_fields, is_privileged, unique_fields
from objects.exchange.models import Import
from objects.exchange.places import places_of

CREATE, UPDATE, UPSERT, DELETE = "create", "update", "upsert", "delete"
MASS_UPDATE, MASS_TRANSFER, EXPORT = "mass_update", "mass_transfer", "export"
PENDING = "pending"  # the plan of a draft whose file is not there yet
OPS = {"insert": CREATE, "update": UPDATE, "upsert": UPSERT, "delete": DELETE}  # of the Open API, with a file
SKIP, ALLOW, REPLACE = "skip", "allow", "update"
IGNORE, CLEAR = "ignore", "clear"
MODES = {
    CREATE: _("Create new records only"),
    UPDATE: _("Update existing records"),
    UPSERT: _("Update, or create what is not there"),
}
ALL_MODES = {**MODES, DELETE: _("Move records to the trash")}
ON_DUPLICATE = {
    SKIP: _("Leave the row out"),
    ALLOW: _("Create it all the same, where the rule allows that"),
    REPLACE: _("Update the existing record"),
}
BLANKS = {IGNORE: _("Leave the field as it is"), CLEAR: _("Empty the field")}


@dataclass(frozen=True, slots=True)
class Target:
    """What a column becomes: a field, and by which field of the other object a lookup is found ("": any that fits)."""

    field: str
    match: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """`columns` holds a target, or None for a column that is left out, for each column of the header."""

    columns: tuple[Target | None, ...] = ()
    mode: str = CREATE
    key: str = ""
    duplicates: str = SKIP
    blanks: str = IGNORE
    pool_id: uuid.UUID | None = None

    @property
    def creates(self) -> bool:
        return self.mode in (CREATE, UPSERT)

    @property
    def updates(self) -> bool:
        return not self.deletes and (self.mode != CREATE or self.duplicates == REPLACE)

    @property
    def deletes(self) -> bool:
        return self.mode == DELETE

    @property
    def fields(self) -> list[str]:
        return [target.field for target in self.columns if target is not None]

    def options(self) -> dict[str, Any]:
        """Return everything but the columns, in the form of the API."""
        return {
            "mode": self.mode,
            "key": self.key,
            "duplicates": self.duplicates,
            "blanks": self.blanks,
            "pool_id": str(self.pool_id) if self.pool_id else None,
        }

    def to_json(self) -> dict[str, Any]:
        columns = [target and {"field": target.field, "match": target.match} for target in self.columns]
        return {**self.options(), "columns": columns}


def read_plan(given: Mapping[str, Any], header: Sequence[str]) -> Plan:
    """Return the plan in JSON; columns are a list, or an object by header. Raises ValidationFailed."""
    unknown = given.keys() - {"columns", "mode", "key", "duplicates", "blanks", "pool_id"}
    errors = [
        FieldError(str(name)[:80], "unknown_field", _("There is no such option.")) for name in sorted(unknown, key=str)
    ]
    chosen = {}
    for name, known, usual in (
        ("mode", ALL_MODES, CREATE),
        ("duplicates", ON_DUPLICATE, SKIP),
        ("blanks", BLANKS, IGNORE),
    ):
        chosen[name] = given.get(name) or usual
        if not isinstance(chosen[name], str) or chosen[name] not in known:
            errors.append(FieldError(name, "invalid_choice", _("There is no such choice.")))
    pool = given.get("pool_id") or None
    pool_id = parse_uuid(pool) if pool is not None else None
    if pool is not None and pool_id is None:
        errors.append(FieldError("pool_id", "invalid_reference", _("There is no such pool.")))
    key = given.get("key") or ""
    columns = tuple(_targets(given.get("columns") or [], header, errors))
    if errors:
        raise ValidationFailed(errors)
    return Plan(columns, **chosen, key=str(key), pool_id=pool_id)


def op_of(row: Import) -> str:
    """Return what an order does, by the name that the Open API has for it."""
    plan = row.plan.get(PENDING, row.plan)
    if row.kind != Import.Kind.IMPORT:
        return str(plan["op"])
    return next(op for op, mode in OPS.items() if mode == plan.get("mode", CREATE))


def is_import(row: Import) -> bool:
    """Tell whether an order makes records of the rows of a file."""
    return row.kind == Import.Kind.IMPORT and op_of(row) != DELETE


def naming_plan(header: Sequence[str], given: Mapping[str, Any], guessed: Sequence[Target | None]) -> Plan:
    """Return the plan of a file that names the records to delete, its key the ID unless `given` says otherwise.

    The column is the one that is given or guessed to be the key; where there is a single one, it needs no telling.
    """
    options = {name: given[name] for name in ("mode", "key", "columns") if given.get(name)}
    read = read_plan({**options, "mode": DELETE}, header)
    key = read.key or ID
    found = read.columns or tuple(guessed)
    columns = [target if target is not None and target.field == key else None for target in found]
    if len(header) == 1 and not read.columns:
        columns = [Target(key)]
    return replace(read, columns=tuple(columns), key=key)


def _targets(given: Any, header: Sequence[str], errors: list[FieldError]) -> Iterator[Target | None]:
    if isinstance(given, Mapping):
        for name in given.keys() - set(header):
            errors.append(
                FieldError("columns", "invalid_choice", _("The file has no column %(name)s."), {"name": str(name)[:80]})
            )
        given = [given.get(name) for name in header]
    if not isinstance(given, list | tuple) or len(given) > len(header):
        errors.append(FieldError("columns", "invalid_type", _("Name a field for each column of the header.")))
        return
    for item in given:
        target = _target(item)
        if target is None and item not in (None, ""):
            errors.append(
                FieldError("columns", "invalid_type", _("A column is the name of a field, or its name and match."))
            )
        yield target


def _target(item: Any) -> Target | None:
    if isinstance(item, str) and item:
        return Target(item)
    if isinstance(item, Mapping) and isinstance(item.get("field"), str) and item.keys() <= {"field", "match"}:
        return Target(item["field"], str(item.get("match") or ""))
    return None


def stored_plan(stored: Mapping[str, Any]) -> Plan:
    """Return a plan as it was kept."""
    columns = tuple(item and Target(item["field"], item["match"]) for item in stored.get("columns", ()))
    rest = {name: stored[name] for name in ("mode", "key", "duplicates", "blanks") if name in stored}
    return Plan(columns, **rest, pool_id=parse_uuid(stored.get("pool_id")))


@dataclass
class PlanCheck:
    """What stands against a plan, as errors by the place on the form: an option, or `columns.3`."""

    actor: Actor
    obj: CompiledObject
    plan: Plan
    errors: list[FieldError] = field(default_factory=list)

    def error(self, place: str | None, code: str, message: Any, **params: Any) -> None:
        self.errors.append(FieldError(place, code, message, params))


def check_plan(actor: Actor, obj: CompiledObject, plan: Plan) -> None:
    """Raise Forbidden without the rights that the plan needs, ValidationFailed where it can't be carried out."""
    policy = AccessPolicy.of(actor)
    needed = (("import", not plan.deletes), ("create", plan.creates), ("edit", plan.updates), ("delete", plan.deletes))
    for action, is_needed in needed:
        if is_needed:
            policy.require(obj.name, action)
    check = PlanCheck(actor, obj, plan)
    if not plan.deletes:
        _check_columns(check)
    _check_key(check)
    _check_pool(check)
    if check.errors:
        raise ValidationFailed(check.errors)


def _check_columns(check: PlanCheck) -> None:
    known = {item.name: item for item in import_fields(check.actor, check.obj)}
    seen: set[str] = set()
    for index, target in enumerate(check.plan.columns):
        place = f"columns.{index}"
        if target is None:
            continue
        if target.field not in known:
            if is_privileged(target.field):
                check.error(place, "read_only_field", _("Only who may change all records of the object can set this."))
            else:
                check.error(place, "unknown_field", _("Unknown field: %(path)s") % {"path": target.field[:80]})
        elif target.field in seen:
            check.error(place, "invalid_choice", _("Another column is this field already."))
        elif target.match and target.match not in known[target.field].match_names:
            check.error(place, "invalid_choice", _("Records can't be found by this field."))
        seen.add(target.field)
    if not seen:
        check.error("columns", "required", _("Choose the field of at least one column."))
    if check.plan.creates:
        for item in missing_fields(known, check.plan):
            name = item.label(check.actor.language)
            check.error("columns", "required", _("No column is %(name)s, which every record must have."), name=name)


def missing_fields(known: Mapping[str, ImportField], plan: Plan) -> list[ImportField]:
    """Return the fields without which no record can be created, and which no column is."""
    return [item for name, item in known.items() if item.is_required and name not in plan.fields]


def _check_key(check: PlanCheck) -> None:
    plan = check.plan
    if plan.mode == CREATE:
        if ID in plan.fields:
            check.error("columns", "read_only_field", _("New records get their IDs from the platform."))
        return
    keys = {ID, *(item.name for item in unique_fields(check.actor, check.obj))}
    if plan.key not in keys:
        check.error("key", "required", _("Choose the field by which existing records are found."))
    elif plan.key not in plan.fields:
        check.error("key", "required", _("No column is the field by which records are found."))
    if plan.deletes:
        return
    if plan.key != ID and ID in plan.fields:
        check.error("columns", "read_only_field", _("The ID is read only where records are found by it."))
    if plan.mode == UPDATE and any(name in CREATED for name in plan.fields):
        check.error("columns", "read_only_field", _("Who created a record, and when, can be told of new ones only."))


def _check_pool(check: PlanCheck) -> None:
    if check.plan.pool_id is None:
        return
    if check.plan.pool_id not in dict(places_of(check.actor, check.obj)):
        check.error("pool_id", "invalid_reference", _("There is no such pool, or you may not put records into it."))
    if OWNER in check.plan.fields:
        check.error("pool_id", "invalid_choice", _("Records that get an owner do not go into a pool."))
