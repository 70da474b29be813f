"""Kinds of notifications and a mail server for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crm_platform.notifications.kinds import NotificationKind, kinds
from tests.kit.mail_server import Inbox, mail_server
from tests.kit.work import registered


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    """A kind for both channels and one for the console alone."""
    both, quiet = NotificationKind("test.both", "Both", frozenset({"app", "mail"})), frozenset({"app"})
    with registered(kinds, both, NotificationKind("test.app", "App", quiet)):
        yield


@pytest.fixture
def inbox(settings: Any) -> Iterator[Inbox]:
    with mail_server(settings) as made:
        yield made
