"""An indexed field gets an index of the kind that its column can have, and long values fit into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from crm_platform.identity.models import User
from metadata import services
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.records.service import RecordService
from tests.kit import make

pytestmark = pytest.mark.django_db
WORDS = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(4_000))  # hard to compress


@pytest.mark.parametrize(
    ("key", "methods", "value"),
    [
        ("text", ["btree", "gin"], "short"),
        ("long_text", ["gin"], WORDS),
        ("markdown", ["gin"], WORDS),
        ("rich_text", ["gin"], f"<p>{WORDS}</p>"),
        ("tags", ["gin"], ["VIP"]),
        ("json", ["gin"], {"words": WORDS}),
        ("date_range", ["gist"], {"start": "2026-01-05", "end": "2026-01-09"}),
        ("datetime_range", ["gist"], {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"}),
        ("duration", ["btree"], "2:30"),
        ("time", ["btree"], "09:30"),
    ],
)
def test_index_fits_the_column(key: str, methods: list[str], value: Any, actor_for: Callable[[User], Any]) -> None:
    actor = actor_for(make.user(role="everything", profile="administrator"))
    fields = [FieldInput("probe__c", key, "Probe", is_indexed=True)]
    services.create_object(actor, ObjectInput("sample__c", "Sample", fields=fields))
    assert RecordService(actor).create("sample__c", {"name": "Row", "probe__c": value}).id
    field = current_snapshot().object("sample__c").field("probe__c").spec
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT amname FROM pg_index x JOIN pg_class i ON i.oid = indexrelid JOIN pg_am a ON a.oid = relam"
            " WHERE relname ~ %s ORDER BY amname",
            [f"^[it]_c_{field.id}(_|$)"],
        )
        assert [name for (name,) in cursor.fetchall()] == methods
