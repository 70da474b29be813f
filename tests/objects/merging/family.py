"""The data model of these tests: firms with everything that can point at them."""

from __future__ import annotations

from metadata.inputs import FieldInput, ObjectInput
from tests.objects.duplicates.book import field, word
from tests.objects.world import choices

OBJECTS = (
    ObjectInput(
        "firm",
        "Firm",
        plural_label="Firms",
        is_custom=False,
        fields=[
            word("name", is_required=True),
            word("code", is_unique=True),
            field("phone", "phone"),
            field("phones", "phones"),
            field("amount", "currency"),
            FieldInput("tags", "multi_picklist", "Tags", choices=choices("a", "b", "c"), is_custom=False),
            field("parent_id", "lookup", target="firm"),
            field("done", "checkbox"),
            field("scan", "file"),
            field("secret", "encrypted_text"),
        ],
    ),
    ObjectInput(
        "person",
        "Person",
        is_custom=False,
        fields=[
            word("name"),
            field("firm_id", "lookup", target="firm"),
            word("badge", is_unique=True, unique_scope=["firm_id"]),
            field("weight", "decimal"),
        ],
    ),
    ObjectInput("trip", "Trip", is_custom=False, fields=[word("name"), field("person_id", "lookup", target="person")]),
    ObjectInput(
        "bill",
        "Bill",
        is_custom=False,
        fields=[word("name"), field("firm_id", "lookup", target="firm", on_delete="restrict")],
    ),
    ObjectInput(
        "item", "Item", is_custom=False, fields=[word("name"), field("firm_id", "master_detail", target="firm")]
    ),
    ObjectInput(
        "note",
        "Note",
        is_custom=False,
        fields=[
            word("name"),
            field("about", "poly_lookup", targets=["firm", "person"]),
            field("firms", "multi_lookup", target="firm", link_attributes=["role"]),
        ],
    ),
)
