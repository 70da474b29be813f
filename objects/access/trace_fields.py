"""What decides about a field: which group grants it, and which source keeps a computed one hidden."""

from __future__ import annotations

from django.utils.translation import gettext as _

from metadata.compiler.compile import SHARED_TARGETS
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.expressions.graph import FieldNode
from objects.access import field_security
from objects.access.explanation import Layer, Outcome, Step
from objects.access.field_grants import FieldLevel
from objects.access.grantors import Grantors, said
from objects.access.policy import AccessPolicy
from objects.access.taint import sources_of

READING = frozenset({"read", "export"})
WRITING = frozenset({"create", "edit", "import", "mass_update"})


def is_asked_about_fields(action: str) -> bool:
    """Tell whether an action is about single fields; deleting or transferring is about the whole record."""
    return action in READING | WRITING


def allows_field(policy: AccessPolicy, obj: CompiledObject, name: str, action: str) -> bool:
    """Tell whether the policy lets the action take in the field."""
    if action in READING:
        return policy.can_read_field(obj, name)
    if action in WRITING:
        return any(field.name == name for field in policy.editable_fields(obj, for_create=action == "create"))
    return True


def field_step(
    policy: AccessPolicy, obj: CompiledObject, name: str, action: str, grantors: Grantors, language: str
) -> Step:
    """Return what the field's level says about the action."""
    field = obj.field(name)
    label, level = field.spec.label.text(language), policy.field_level(obj, name)
    outcome = Outcome.ALLOWS if allows_field(policy, obj, name, action) else Outcome.DENIES
    told = {"field": label, "level": _said(level)}
    if outcome == Outcome.DENIES and action in WRITING and not field_security.is_writable(field):
        return Step(Layer.FIELD, outcome, _("Nobody writes “%(field)s”: the platform fills it in.") % told)
    if policy.modifies_all:
        return Step(Layer.FIELD, outcome, _("“%(field)s”: whoever may change all data has every field.") % told)
    causes = grantors.of_field(policy.actor, name, max(level, FieldLevel.MASKED))
    hidden = _hidden_source(policy, (obj.name, name), language) if level < FieldLevel.READ else ""
    if field.spec.is_system:
        text = _("“%(field)s” is a system field: %(level)s.")
    elif hidden:
        text = _("“%(field)s” is worked out from “%(source)s”, which is hidden from this user.")
        told["source"] = hidden
    elif causes:
        text = _("“%(field)s”: %(level)s, granted by %(who)s.")
        told["who"] = said(causes)
    else:
        text = _("“%(field)s”: no profile, permission set or group of this user grants it.")
    return Step(Layer.FIELD, outcome, text % told, causes[0] if causes and not hidden else None)


def _said(level: FieldLevel) -> str:
    return {
        FieldLevel.HIDDEN: _("hidden"),
        FieldLevel.MASKED: _("masked"),
        FieldLevel.READ: _("read only"),
        FieldLevel.EDIT: _("read and edit"),
    }[level]


def _hidden_source(policy: AccessPolicy, node: FieldNode, language: str) -> str:
    """Return the label of a field that keeps a computed one hidden, "" where none does."""
    snapshot = current_snapshot()
    for source in sorted(sources_of(snapshot).get(node, frozenset())):
        if source[0] in SHARED_TARGETS or policy.reads_all_of([source]):
            continue
        spec = snapshot.spec.object_map.get(source[0])
        field = spec.field_map.get(source[1]) if spec else None
        return field.label.text(language) if field else ".".join(source)
    return ""
