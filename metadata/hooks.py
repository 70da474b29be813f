"""What higher layers do when the data model changes, inside the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from metadata.models import BusinessObject

# Called with the row of every new object, in the order of registration (grants, layouts, …).
object_created: list[Callable[[BusinessObject], None]] = []
