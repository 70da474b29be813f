"""What every type of field shows of itself is read back by an import as the same value, in Chinese and English."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from crm_platform.identity.auth import build_actor
from metadata.field_types.attachments import AttachmentType
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import DisplayContext
from objects.exchange.cells import ReadContext, reader_of
from objects.exchange.finding import Finder, ReferenceReader
from tests.kit.field_battery import FIELD, TYPES, Battery, battery

# What they show is less than what they hold: formatting, the moment of a check-in, digits behind a mask.
LOSSY = {"rich_text", "check_in"}
SPELLED = {"phone", "phones"}  # the same number in another spelling


@pytest.mark.parametrize("key", TYPES)
def test_values_come_back_from_their_text(key: str, organization: Any) -> None:
    made = battery(key, lambda user: build_actor(user, via="console"))
    kind = made.type
    if made.field.is_read_only or kind.is_sealed or isinstance(kind, AttachmentType):
        pytest.skip("nothing that a file could bring")
    ids = made.create_rows()
    rows = {row.id: row for row in made.query.fields(FIELD).display(50).rows}
    for language in ("en", "zh-hans"):
        for record_id in ids:
            values = rows[record_id].values
            ctx = DisplayContext(language, made.actor.zone, timezone.now(), values)
            text = kind.to_text(made.field.spec, values[FIELD], ctx)
            back = read(made, text)
            if text and key in LOSSY:
                assert kind.to_text(made.field.spec, back, ctx) or key == "check_in"
            elif key in SPELLED:
                assert kind.match_values(made.field.spec, back) == kind.match_values(made.field.spec, values[FIELD])
            elif text:
                assert back == rounded(key, values[FIELD]), text


def read(made: Battery, text: str) -> Any:
    """Return the value that an import makes of a cell."""
    ctx = clean_context(made.actor, timezone.now())
    if not text.strip():
        return None
    if made.type.has_targets:
        reader = ReferenceReader(Finder(made.actor, ctx), made.field, "")
        reader.prepare([text])
        raw = reader.read(text)
    else:
        raw = reader_of(made.field, ReadContext(made.actor.zone))(text)
    return made.type.clean(made.field.spec, raw, ctx)


def rounded(key: str, value: Any) -> Any:
    """Return a value as its text tells it: moments are shown to the minute."""
    if key == "datetime":
        return value.replace(second=0, microsecond=0)
    return value
