"""Invariants: nothing is told of what is sound, and what somebody broke behind the platform's back is."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from crm_platform.identity.models import User
from crm_platform.kit.context import system_actor
from metadata import services
from metadata.compiler.current import current_snapshot, repin
from metadata.inputs import FieldInput, ObjectInput
from objects.invariants import violations
from objects.records.service import RecordService


def test_what_is_broken_by_hand_is_found(fresh_organization: Any) -> None:
    fields = [FieldInput("city__c", "text", "城市")]
    services.create_object(system_actor(), ObjectInput("shop__c", "门店", fields=fields, has_pools=True))
    repin()
    owner = User.objects.get(username="admin")
    service = RecordService(system_actor())
    for number in range(3):
        service.create("shop__c", {"name": f"门店{number}", "owner_id": str(owner.pk)})
    assert violations() == []
    obj = current_snapshot().object("shop__c")
    column = obj.field("city__c").main.column
    with connection.cursor() as cursor:
        cursor.execute("UPDATE objects_holding SET held = held + 2")
        cursor.execute(f'ALTER TABLE "{obj.table}" DROP COLUMN "{column}"')
    told = violations()
    assert [text.split(":")[0] for text in told] == ["tables", "holdings"]
    assert f"{owner.pk} holds 3 of pool None, 5 are counted" in told[1]
    with pytest.raises(CommandError, match="Not everything holds"):
        call_command("check_invariants", organization=fresh_organization.slug, stdout=StringIO())
