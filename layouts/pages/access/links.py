"""Where access to a record is explained."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from metadata.field_types import widgets

USER, RECORD = "user", "record"
OBJECT_OF_RECORD = RECORD + widgets.OBJECT_SUFFIX


@dataclass(frozen=True)
class AccessLinks:
    """The addresses of both pages for one record; `who_url` is "" for those who may not ask who else can see it."""

    why_url: str
    who_url: str

    @classmethod
    def of(cls, object_name: str, record_id: uuid.UUID, *, may_ask: bool) -> AccessLinks:
        who = reverse("record-access", args=[object_name, record_id]) if may_ask else ""
        return cls(explain_url(object_name, record_id, "edit"), who)


def explain_url(object_name: str, record_id: uuid.UUID, action: str, user_id: uuid.UUID | None = None) -> str:
    """Return the address at which it is explained what a user, or the caller himself, may do to a record."""
    given = {OBJECT_OF_RECORD: object_name, RECORD: str(record_id), "action": action}
    if user_id is not None:
        given[USER] = str(user_id)
    return f"{reverse('access-explain')}?{urlencode(given)}"
