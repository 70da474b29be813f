"""What the organisation has already, read once for all new fields of a publish, so that checks cost no statements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from metadata.models import BusinessField, BusinessObject, ChoiceSet


@dataclass
class KnownFields:
    """The fields of one object: their states by name, and what is counted."""

    states: dict[str, str]
    types: dict[str, str]
    second: set[str]  # those whose values lie in the object's second table
    indexed: int = 0
    last_position: int = 0

    @classmethod
    def of(cls, business_object: BusinessObject) -> KnownFields:
        rows = list(business_object.fields.values_list("api_name", "state", "is_indexed", "position", "type", "part"))
        return cls(
            {row[0]: row[1] for row in rows},
            {row[0]: row[4] for row in rows},
            {row[0] for row in rows if row[5]},
            sum(row[2] for row in rows),
            max((row[3] for row in rows), default=0),
        )

    def add(self, row: BusinessField) -> None:
        self.states[row.api_name] = row.state
        self.types[row.api_name] = row.type
        if row.part:
            self.second.add(row.api_name)
        self.indexed += row.is_indexed
        self.last_position = max(self.last_position, row.position)


class KnownRows:
    """Reads each part when it is first asked for; valid inside one publish, whose lock keeps others away."""

    def __init__(self) -> None:
        self._fields: dict[int, KnownFields] = {}

    def fields_of(self, business_object: BusinessObject) -> KnownFields:
        if business_object.pk not in self._fields:
            self._fields[business_object.pk] = KnownFields.of(business_object)
        return self._fields[business_object.pk]

    @cached_property
    def active_objects(self) -> frozenset[str]:
        """The API names of the objects that a field may point at."""
        active = BusinessObject.objects.filter(state=BusinessObject.State.ACTIVE)
        return frozenset(active.values_list("api_name", flat=True))

    @cached_property
    def masters(self) -> dict[str, str]:
        """The master of every object that has one."""
        fields = BusinessField.objects.filter(type="master_detail", state=BusinessField.State.ACTIVE)
        return dict(fields.values_list("business_object__api_name", "settings__target"))

    @cached_property
    def choice_set_names(self) -> set[str]:
        return set(ChoiceSet.objects.values_list("api_name", flat=True))

    @cached_property
    def shared_sets(self) -> dict[str, ChoiceSet]:
        """The shared choice sets with their choices, by API name."""
        shared = ChoiceSet.objects.filter(is_shared=True).prefetch_related("choices")
        return {row.api_name: row for row in shared}

    def add(self, row: BusinessField) -> None:
        """Count a field that is going to be inserted."""
        self.fields_of(row.business_object).add(row)
        if row.type == "master_detail":
            self.masters[row.business_object.api_name] = row.settings["target"]
        if row.choice_set is not None:
            self.choice_set_names.add(row.choice_set.api_name)
