"""COPY carries every value through unharmed, and refuses what the field types refuse."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm_platform.kit.context import Actor
from crm_platform.kit.ids import uuid7
from crm_platform.kit.json import loads
from metadata.compiler.current import current_snapshot
from metadata.field_types.contexts import clean_context
from metadata.field_types.values import Reference
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.services import create_object
from objects.demo.copy import UnusableRow, as_text, copy_records

pytestmark = pytest.mark.django_db

NASTY = 'tab\tnew\nline\\N "quoted" {braces} 中文，逗号,😀'


@pytest.fixture
def machine(admin_actor: Actor) -> Any:
    kinds = [ChoiceInput(value, value) for value in ("a", 'b"c', "d\\e")]
    create_object(
        admin_actor,
        ObjectInput(
            "machine__c",
            "Machine",
            fields=[
                FieldInput("notes__c", "long_text", "Notes"),
                FieldInput("price__c", "currency", "Price"),
                FieldInput("kinds__c", "multi_picklist", "Kinds", choices=kinds),
                FieldInput("on__c", "checkbox", "On"),
                FieldInput("day__c", "date", "Day"),
                FieldInput("at__c", "datetime", "At"),
                FieldInput("tel__c", "phone", "Tel"),
                FieldInput("to__c", "poly_lookup", "To", settings={"targets": ["machine__c"]}),
            ],
        ),
    )
    return current_snapshot().object("machine__c")


def row(actor: Actor, **values: Any) -> dict[str, Any]:
    now = timezone.now()
    owner = Reference("user", actor.user_id)  # type: ignore[arg-type]
    return {
        "id": uuid7(),
        "version": 1,
        "created_at": now,
        "updated_at": now,
        "created_by_id": owner,
        "updated_by_id": owner,
        "owner_id": owner,
        "currency": "CNY",
        "name": "M",
        **values,
    }


def test_values_arrive_as_they_were(machine: Any, admin_actor: Actor) -> None:
    given = {
        "notes__c": NASTY,
        "price__c": Decimal("1234.50"),
        "kinds__c": ["a", 'b"c', "d\\e"],
        "on__c": True,
        "day__c": date(2026, 2, 28),
        "at__c": datetime(2026, 2, 28, 1, 2, 3, tzinfo=UTC),
        "tel__c": "138 0000 1234",
        "to__c": Reference("machine__c", uuid.UUID(int=7)),
    }
    ctx = clean_context(admin_actor, currency="CNY")
    rows = [row(admin_actor, **given), row(admin_actor, name="empty")]
    assert copy_records(machine, rows, ctx) == 2
    full, empty = (machine.model.objects.get(pk=item["id"]) for item in rows)
    assert {name: full.value(name) for name in given} == given
    assert empty.value("on__c") is False
    assert empty.value("notes__c") is None
    price, tel = machine.field("price__c"), machine.field("tel__c")
    assert getattr(full, price.column("_base").attr) == Decimal("1234.50")
    assert getattr(full, tel.column("_e164").attr) == "+8613800001234"


@pytest.mark.parametrize("bad", [{"nonsense": 1}, {"tel__c": "letters"}, {"kinds__c": ["z"]}])
def test_bad_rows_are_refused(machine: Any, admin_actor: Actor, bad: dict[str, Any]) -> None:
    with pytest.raises(UnusableRow):
        copy_records(machine, [row(admin_actor, **bad)], clean_context(admin_actor, currency="CNY"))


@pytest.mark.parametrize("value", [None, NASTY, "", True, ["x", 'y"\\', "z,{}"], Decimal("0.10"), {"a": "b\n"}])
def test_the_text_form_is_what_postgresql_reads(value: Any) -> None:
    kinds = {list: "text[]", bool: "boolean", Decimal: "numeric", dict: "jsonb"}
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMPORARY TABLE t (v {kinds.get(type(value), 'text')}) ON COMMIT DROP")
        cursor.copy_expert("COPY t FROM STDIN", StringIO(as_text(value) + "\n"))
        cursor.execute("SELECT v FROM t")
        (found,) = cursor.fetchone()
    assert (loads(found) if isinstance(value, dict) else found) == value
