"""Which fields columns can become for one caller, and by which fields of another object its records are found."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledField, CompiledObject, UnknownObject
from metadata.compiler.current import current_snapshot
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.text import TextType
from objects.access.policy import AccessPolicy
from objects.records.validation import is_mandatory

ID, OWNER, CREATED_BY, CREATED_AT = "id", "owner_id", "created_by_id", "created_at"
CREATED = (CREATED_BY, CREATED_AT)
USER, DEPARTMENT = "user", "department"
USER_KEYS, DEPARTMENT_KEYS = ("username", "name", "email"), ("name",)
FINDING_TYPES = ("phone", "email")  # types whose values name a record as people write them


@dataclass(frozen=True)
class ImportField:
    """A field that a column may become."""

    obj: CompiledObject
    compiled: CompiledField
    actor: Actor

    @property
    def name(self) -> str:
        return self.compiled.name

    def label(self, language: str) -> str:
        return self.compiled.spec.label.text(language)

    @property
    def is_required(self) -> bool:
        """Whether a new record needs a value from the file: nothing else fills it in."""
        spec = self.compiled.spec
        has_default = spec.default is not None or spec.default_formula or spec.is_system
        return is_mandatory(self.compiled) and not has_default

    @property
    def is_reference(self) -> bool:
        return self.compiled.type.has_targets and self.name != ID

    @cached_property
    def match_names(self) -> tuple[str, ...]:
        """The fields by which records behind a lookup can be found; empty where that is no question."""
        if not self.is_reference:
            return ()
        found = (finding_fields(self.actor, target) for target in self.compiled.type.targets(self.compiled.spec))
        return tuple(dict.fromkeys(name for names in found for name in names))


def import_fields(actor: Actor, obj: CompiledObject) -> list[ImportField]:
    """Return the fields that the caller may fill from a file, in the object's order."""
    policy = AccessPolicy.of(actor)
    fields = [*policy.editable_fields(obj, for_create=True), obj.fields[ID]]
    if may_date_back(policy, obj):
        fields += [obj.fields[name] for name in CREATED]
    return [ImportField(obj, item, actor) for item in fields if not isinstance(item.type, AttachmentType)]


def may_date_back(policy: AccessPolicy, obj: CompiledObject) -> bool:
    """Tell whether the caller may say who created a record, and when: who may change every record of the object."""
    return policy.opens(obj.name, "edit")


def is_privileged(name: str) -> bool:
    return name in CREATED


def unique_fields(actor: Actor, obj: CompiledObject) -> list[CompiledField]:
    """Return the fields by which the caller can name one record of an object; records have IDs besides."""
    found = AccessPolicy.of(actor).readable_fields(obj)
    return [
        f for f in found if f.type.is_unique(f.spec) and not f.spec.unique_scope and not f.is_virtual and f.name != ID
    ]


def finding_fields(actor: Actor, target: str) -> tuple[str, ...]:
    """Return the fields by which the caller finds what a lookup points at, the first that fits counts."""
    if target == USER:
        return USER_KEYS
    if target == DEPARTMENT:
        return DEPARTMENT_KEYS
    policy = AccessPolicy.of(actor)
    try:
        obj = current_snapshot().object(target)
    except UnknownObject:
        return ()
    if not policy.can(target, "read"):
        return ()
    readable = {item.name: item for item in policy.readable_fields(obj)}
    unique = [item.name for item in unique_fields(actor, obj) if not item.type.is_sealed]
    named = [obj.spec.name_field] if isinstance(obj.name_field.type, TextType) else []
    told = [name for name, item in readable.items() if item.type.key in FINDING_TYPES]
    return tuple(name for name in dict.fromkeys([*named, *unique, *told]) if name in readable)
