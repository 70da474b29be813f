"""What higher layers do when the data model changes, inside the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import FieldError
from metadata.compiler.spec import ObjectSpec, SchemaSpec
from metadata.inputs import ObjectInput
from metadata.models import BusinessField, BusinessObject

# Called with the row of every new object and what was asked for, in the order of registration.
object_created: list[Callable[[BusinessObject, ObjectInput], None]] = []

# Called with the rows of all fields that a publish has just inserted, those that will replace another one included.
fields_created: list[Callable[[Sequence[BusinessField]], None]] = []

# Called with the row of a field before it is removed for good.
field_dropped: list[Callable[[BusinessField], None]] = []

# Tell which of the records of an object an actor may see: (actor, object, ids) → ids.
visible_records: list[Callable[[Actor, str, list[UUID]], set[UUID]]] = []

# Called inside a publish that has added or changed computed fields: (actor, API names of their objects).
computed_changed: list[Callable[[Actor, Sequence[str]], None]] = []

# Called inside a publish that has changed matching or duplicate rules.
matching_changed: list[Callable[[Actor], None]] = []

# Return what is wrong with the shapes that a publish is about to make: (schema, changed objects) → errors.
shape_checks: list[Callable[[SchemaSpec, Sequence[ObjectSpec]], list[FieldError]]] = []
