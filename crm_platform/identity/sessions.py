"""Sessions in the database, read by a statement that is planned once per connection; who has which is a column."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.utils import timezone

from crm_platform.identity.sign_in_models import Session
from crm_platform.kit.context import client_address
from crm_platform.kit.db import fetch_prepared

SESSION_SQL = """
    SELECT session_data, last_seen_at, signed_in_at FROM identity_session WHERE session_key = $1 AND expire_date > $2
"""
SEEN_EVERY = timedelta(minutes=1)
BROWSER, SIGNED_IN, CONFIRMED = "browser", "signed_in_at", "confirmed_at"


class SessionStore(db.SessionStore):
    """Every page begins with its session: the ORM's way of reading it takes five times as long."""

    last_seen_at: datetime | None = None
    signed_in_at: datetime | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def load(self) -> dict[str, Any]:
        """Return what the session holds, nothing (and no key any more) when there is none or its time is over."""
        for data, seen, signed_in in fetch_prepared("session_data", SESSION_SQL, [self.session_key, timezone.now()]):
            self.last_seen_at, self.signed_in_at = seen, signed_in
            return self.decode(data)
        self._session_key = None
        return {}

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """Return the row: whose it is, and since when, stand beside what it holds."""
        user_id = data.get(SESSION_KEY)
        if user_id:
            data.setdefault(SIGNED_IN, timezone.now().isoformat())
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = user_id
        row.signed_in_at = datetime.fromisoformat(data[SIGNED_IN]) if user_id else None
        row.address = client_address.get()[:45]
        row.browser = data.get(BROWSER, "")[:100]
        return row

    def is_over(self, now: datetime, idle: timedelta | None, longest: timedelta) -> bool:
        """Tell whether nobody used the session for too long, or it is too old whatever its use."""
        if self.last_seen_at is None or self.signed_in_at is None:  # made in this request
            return False
        return (idle is not None and now - self.last_seen_at > idle) or now - self.signed_in_at > longest

    def note_use(self, now: datetime) -> None:
        """Write down that somebody is there, once a minute."""
        if self.last_seen_at is not None and now - self.last_seen_at > SEEN_EVERY:
            Session.objects.filter(session_key=self.session_key).update(
                last_seen_at=now, address=client_address.get()[:45]
            )

    def confirm(self) -> None:
        """Write down that the person has just proved who they are."""
        self[CONFIRMED] = timezone.now().isoformat()

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the person has proved a short while ago who they are."""
        proofs = [self[name] for name in (CONFIRMED, SIGNED_IN) if name in self]
        longest = timedelta(minutes=settings.SIGN_IN_FRESH_MINUTES)
        return any(now - datetime.fromisoformat(proof) < longest for proof in proofs)
