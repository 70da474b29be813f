"""The data model that the tests of writing use: every kind of link, a unique text, numbers, money, defaults."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from crm_platform.events.models import OutboxMessage
from crm_platform.kit.context import system_actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.currencies import add_currency, set_rate
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from tests.objects.world import choices, text


def lookup(api_name: str, target: str, on_delete: str = "set_null") -> FieldInput:
    return FieldInput(
        api_name, "lookup", api_name, settings={"target": target, "on_delete": on_delete}, is_custom=False
    )


STATUS = [
    *choices("new", "paid"),
    ChoiceInput("old", "Old", is_active=False),
    ChoiceInput("open", "Open", is_default=True),
]

OBJECTS = (
    ObjectInput(
        "customer",
        "Customer",
        plural_label="Customers",
        is_custom=False,
        fields=[
            text("name", is_required=True, is_custom=False),
            text("code", is_unique=True, is_custom=False),
            text("secret_note", track_history=False, is_custom=False),
            lookup("parent_id", "customer"),
            FieldInput("employees", "integer", "Employees", settings={"min": 0}, is_custom=False),
            FieldInput("credit", "currency", "Credit", is_custom=False),
        ],
    ),
    ObjectInput(
        "purchase",
        "Purchase",
        plural_label="Purchases",
        is_custom=False,
        fields=[
            FieldInput(
                "name", "auto_number", "Number", settings={"pattern": "P-{YYYY}-{0000}", "start": 7}, is_custom=False
            ),
            lookup("customer_id", "customer", "restrict"),
            lookup("referrer_id", "customer"),
            FieldInput("status", "picklist", "Status", choices=STATUS, is_custom=False),
            FieldInput("amount", "currency", "Amount", is_custom=False),
            FieldInput("discount", "percent", "Discount", default="0.1", is_custom=False),
            FieldInput("paid", "checkbox", "Paid", is_custom=False),
            FieldInput("helper_id", "user", "Helper", is_custom=False),
            FieldInput("about", "poly_lookup", "About", settings={"targets": ["customer", "ticket"]}, is_custom=False),
            FieldInput("tags", "multi_picklist", "Tags", choices=choices("a", "b"), is_custom=False),
            FieldInput("due_on", "date", "Due on", is_custom=False),
            FieldInput("sent_at", "datetime", "Sent at", is_custom=False),
            FieldInput("notes", "long_text", "Notes", is_custom=False),
        ],
    ),
    ObjectInput(
        "purchase_line",
        "Line",
        is_custom=False,
        fields=[
            text("name", is_custom=False),
            FieldInput("purchase_id", "master_detail", "Purchase", settings={"target": "purchase"}, is_custom=False),
            FieldInput("quantity", "integer", "Quantity", is_custom=False),
        ],
    ),
    ObjectInput(
        "ticket",
        "Ticket",
        is_custom=False,
        fields=[text("name", is_custom=False), lookup("customer_id", "customer", "cascade")],
    ),
    ObjectInput(
        "secret__c",
        "Secret",
        fields=[
            text("name", is_custom=False),
            FieldInput("customer__c", "lookup", "C", settings={"target": "customer"}),
        ],
    ),
)


def row(object_name: str, record_id: uuid.UUID, *columns: str) -> tuple[Any, ...]:
    """Return columns of a record as they are stored."""
    with connection.cursor() as cursor:
        names = ", ".join(columns)
        cursor.execute(
            f'SELECT {names} FROM "{current_snapshot().object(object_name).table}" WHERE id = %s', [record_id]
        )
        return cursor.fetchone()


def column(object_name: str, field: str, suffix: str = "") -> str:
    """Return the physical column of a field."""
    return current_snapshot().object(object_name).field(field).column(suffix).column


def messages() -> QuerySet[OutboxMessage]:
    """Return the outbox messages about records (the data model has its own)."""
    return OutboxMessage.objects.filter(type__startswith="record.")


def errors_of(act: Callable[[], Any]) -> set[tuple[str | None, str]]:
    """Return field and code of every error with which the action is refused."""
    with pytest.raises(ValidationFailed) as failed:
        act()
    return {(error.field, error.code) for error in failed.value.errors}


def usd() -> None:
    """Put the dollar into use, at 7.25."""
    add_currency(system_actor(), "USD")
    set_rate(system_actor(), "USD", date(2020, 1, 1), Decimal("7.25"))
