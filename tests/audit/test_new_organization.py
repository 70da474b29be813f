"""Triggers of the template come along when an organisation is made."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection

from crm_platform.audit.actions import REVEALED
from crm_platform.audit.services import record_entry
from crm_platform.kit.context import system_actor


def test_new_organisations_get_the_same_protection(fresh_organization: Any) -> None:
    record_entry(system_actor(), REVEALED)
    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute("DELETE FROM audit_auditentry")
