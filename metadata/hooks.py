"""What higher layers do when the data model changes, inside the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from metadata.inputs import ObjectInput
from metadata.models import BusinessObject

# Called with the row of every new object and what was asked for, in the order of registration.
object_created: list[Callable[[BusinessObject, ObjectInput], None]] = []
