"""The door to changes of type: try one, start it, see how it stands, cancel it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from crm_platform.jobs.models import Job
from crm_platform.jobs.services import abort, enqueue
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import NotFound, PlatformError, StateConflict
from metadata.compiler.current import current_snapshot
from metadata.compiler.spec import FieldSpec
from metadata.field_types import field_types
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import InvalidValue
from metadata.inputs import FieldInput
from metadata.models import BusinessField, BusinessObject, LabelTranslation
from metadata.names import CUSTOM_SUFFIX
from metadata.publishing import publish, require_customize
from metadata.retyping.conversion import convert, organization_display
from metadata.retyping.preview import EXAMPLES, Converter, Preview, is_small, preview_all
from metadata.retyping.requests import TypeChange, checked, is_in_place, new_spec
from metadata.retyping.rows import Left, read_rows
from metadata.services.fields import update_field
from metadata.services.new_fields import NewFields

KIND, PREVIEW_KIND = "metadata.change_type", "metadata.preview_type_change"
FLAGS = ("is_searchable", "track_history", "is_case_sensitive", "is_deprecated", "is_custom")
CARRIED = ("required_if", "visible_if", "readonly_if", "sensitivity")
NAME_LENGTH = 40


@dataclass(frozen=True)
class Pending:
    """A change of type that is not finished: the successor, the job that fills it, what does not convert so far."""

    successor: BusinessField
    job: Job | None
    left: int
    examples: list[dict[str, str]]


def preview_type_change(actor: Actor, change: TypeChange) -> Preview | Job:
    """Return what the change would do; for a large table the job whose result will say so.

    Raises Forbidden, NotFound, StateConflict, ValidationFailed.
    """
    require_customize(actor)
    obj, old, change = checked(change)
    if not is_small(obj):
        args = {**asdict(change), "object": change.object_name, "field": change.field_name}
        label = f"{change.object_name}.{change.field_name} → {change.type}"
        return enqueue(PREVIEW_KIND, args, actor=actor, label=label)
    new = new_spec(old.spec, change.type, change.settings, change.choices, change.choice_set)
    return preview_all(actor, obj, old, new).seen_by(actor, obj.name)


def preview_of(actor: Actor, object_name: str, field_name: str, job_id: UUID) -> tuple[Job, Preview | None]:
    """Return the job of a preview with its result, None while there is none; raises NotFound."""
    require_customize(actor)
    wanted = {"kind": PREVIEW_KIND, "args__object": object_name, "args__field": field_name}
    job = Job.objects.filter(pk=job_id, **wanted).first()
    if job is None:
        raise NotFound
    if job.state != Job.State.SUCCEEDED or job.result is None:
        return job, None
    return job, Preview(**job.result).seen_by(actor, object_name)


def change_type(actor: Actor, change: TypeChange) -> Job | None:
    """Start giving a field another type; returns the job, None when the column could be widened at once.

    From the commit on every write of the field goes to its successor, too. The job carries the existing values
    over and then swaps the two in one publish: the successor takes the name, the old field is hidden as
    `<name>_old` and can be restored for 30 days. Raises what `preview_type_change` raises.
    """
    require_customize(actor)
    obj, old, change = checked(change)
    if is_in_place(old.spec, change):
        update_field(actor, obj.name, old.name, type=change.type, settings=dict(change.settings))
        return None

    def prepare() -> Job:
        owner = BusinessObject.objects.select_for_update().get(pk=obj.spec.id)
        row = owner.fields.filter(pk=old.spec.id, state=BusinessField.State.ACTIVE).first()
        if row is None:
            raise NotFound(_("There is no such field."))
        if row.successors.filter(state=BusinessField.State.PREPARING).exists():
            raise StateConflict(_("The field is getting another type already."))
        if Job.objects.filter(dedupe_key=f"backfill:{row.pk}", state__in=Job.UNFINISHED).exists():
            raise StateConflict(_("Existing records are just being given the field's default. Try again later."))
        fields = NewFields()
        successor = fields.add(owner, _successor_input(actor, owner, old.spec, change), row)
        fields.save()
        args = {"object_id": obj.spec.id, "field_id": row.pk, "successor_id": successor.pk, "on": change.on_failure}
        label = f"{obj.name}.{old.name} → {change.type}"
        return enqueue(KIND, args, actor=actor, dedupe_key=f"retype:{row.pk}", label=label)

    return publish(actor, f"Change the type of {obj.name}.{old.name} to {change.type}", prepare)


def pending_change(actor: Actor, object_name: str, field_name: str) -> Pending | None:
    """Return how the field's change of type stands; None when there is none."""
    require_customize(actor)
    obj = current_snapshot().object(object_name)
    old, new = obj.fields.get(field_name), obj.successors.get(field_name)
    successor = BusinessField.objects.filter(pk=new.spec.id).first() if new else None
    if old is None or new is None or successor is None:
        return None
    left = Left.over(obj, old, new)
    preview = Preview()
    Converter(actor, old.spec, new.spec).count(read_rows(obj, old, left.ids(EXAMPLES)), preview)
    job = Job.objects.filter(kind=KIND, args__successor_id=successor.pk).order_by("-created_at").first()
    return Pending(successor, job, left.count(), preview.seen_by(actor, object_name).examples)


def cancel_type_change(actor: Actor, object_name: str, field_name: str) -> None:
    """Give the change up: the field stays as it is. Raises NotFound when there is none."""
    pending = pending_change(actor, object_name, field_name)
    if pending is None:
        raise NotFound(_("There is no such change."))
    if pending.job is not None and not pending.job.is_finished:
        try:
            abort(actor, pending.job.pk)
        except PlatformError:
            pass  # it is over by now, or somebody else's: without its successor it ends by itself
    publish(actor, f"Cancel the change of type of {object_name}.{field_name}", lambda: discard(pending.successor.pk))


def discard(successor_id: int) -> None:
    """Remove a successor inside a publish; its columns are dropped by the nightly job, as nobody names them."""
    row = BusinessField.objects.filter(pk=successor_id, state=BusinessField.State.PREPARING).first()
    if row is None:
        return
    LabelTranslation.objects.filter(target=row.uuid).delete()
    choice_set = row.choice_set
    row.delete()
    if choice_set is not None and not choice_set.is_shared and not choice_set.businessfield_set.exists():
        uuids = [choice_set.uuid, *choice_set.choices.values_list("uuid", flat=True)]
        LabelTranslation.objects.filter(target__in=uuids).delete()
        choice_set.delete()


def free_name(owner: BusinessObject, name: str, word: str) -> str:
    """Return a name for a field beside another one: `amount__c` → `amount_old__c`, `amount_old2__c`, …"""
    suffix = CUSTOM_SUFFIX if name.endswith(CUSTOM_SUFFIX) else ""
    taken = set(owner.fields.values_list("api_name", flat=True))
    number = 1
    while True:
        ending = f"_{word}{number if number > 1 else ''}{suffix}"
        found = name.removesuffix(suffix)[: NAME_LENGTH - len(ending)].rstrip("_") + ending
        if found not in taken:
            return found
        number += 1


def _successor_input(actor: Actor, owner: BusinessObject, old: FieldSpec, change: TypeChange) -> FieldInput:
    """Return the successor's description: what the admin chose, and everything else as the old field has it."""
    new_type = field_types.get(change.type)
    is_same_kind = new_type.expression_type == field_types.get(old.type).expression_type
    return FieldInput(
        api_name=free_name(owner, old.api_name, "new"),
        type=change.type,
        label=dict(old.label),
        help_text=dict(old.help_text),
        settings=dict(change.settings),
        choices=change.choices,
        choice_set=change.choice_set or _shared_set(old, change),
        default=_default(actor, old, change) if new_type.can_be_default else None,
        is_required=old.is_required and new_type.can_be_required,
        is_unique=old.is_unique and new_type.can_be_unique,
        is_indexed=old.is_indexed,
        unique_scope=old.unique_scope if old.is_unique and new_type.can_be_unique else (),
        default_formula=old.default_formula if is_same_kind else "",
        **{name: getattr(old, name) for name in (*FLAGS, *CARRIED)},
    )


def _shared_set(old: FieldSpec, change: TypeChange) -> str:
    """Return the shared set that the old field has, if the new one goes on with it."""
    is_kept = field_types.get(change.type).uses_choices and not change.choices
    return old.choice_set.api_name if is_kept and old.choice_set and old.choice_set.is_shared else ""


def _default(actor: Actor, old: FieldSpec, change: TypeChange) -> Any:
    """Return the default as the new type has it; None when it does not convert."""
    if old.default is None or isinstance(old.default, Mapping):
        return dict(old.default) if old.default is not None and change.type == old.type else None
    new = new_spec(old, change.type, change.settings, change.choices, change.choice_set)
    ctx = clean_context(actor)
    try:
        value = field_types.get(old.type).default(old, ctx)
        found = convert(old, new, value, ctx, organization_display(actor, ctx)).value
    except InvalidValue:
        return None
    return None if found is None else field_types.get(change.type).to_api(new, found)


def swap(old_id: int, successor_id: int) -> None:
    """Let the successor take the old field's name and place, inside a publish."""
    old = BusinessField.objects.select_related("business_object").get(pk=old_id)
    successor = BusinessField.objects.get(pk=successor_id, state=BusinessField.State.PREPARING)
    name = old.api_name
    old.api_name = free_name(old.business_object, name, "old")
    old.state, old.hidden_at, old.is_deprecated = BusinessField.State.HIDDEN, timezone.now(), True
    old.save()
    successor.api_name, successor.state, successor.position = name, BusinessField.State.ACTIVE, old.position
    successor.save()
