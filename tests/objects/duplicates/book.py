"""The data model of these tests: prospects, clients and persons, which may be the same people and firms."""

from __future__ import annotations

from typing import Any

from crm_platform.kit.context import system_actor
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput
from tests.objects.world import text


def field(api_name: str, type_: str, **settings: Any) -> FieldInput:
    return FieldInput(api_name, type_, api_name, settings=settings, is_custom=False)


def word(api_name: str, **options: Any) -> FieldInput:
    return text(api_name, is_custom=False, **options)


OBJECTS = (
    ObjectInput(
        "client",
        "Client",
        plural_label="Clients",
        is_custom=False,
        fields=[
            word("name", is_required=True),
            word("tax_no"),
            field("phone", "phone"),
            field("email", "email"),
            field("website", "url"),
            word("city"),
            field("parent_id", "lookup", target="client"),
        ],
    ),
    ObjectInput(
        "prospect",
        "Prospect",
        plural_label="Prospects",
        is_custom=False,
        fields=[
            word("name", is_required=True),
            word("company"),
            field("mobile", "phone"),
            field("phone", "phone"),
            field("email", "email"),
            field("website", "url"),
            field("converted_at", "datetime"),
            field("client_id", "lookup", target="client"),
            field("about", "poly_lookup", targets=["client", "prospect"]),
        ],
    ),
)

PHONES = ["mobile", "phone"]


def matcher(method: str, fields: list[str], target_fields: list[str] | None = None, **more: Any) -> dict[str, Any]:
    return {"method": method, "fields": fields, "target_fields": target_fields or fields, **more}


def match_on(object_name: str, name: str, *matchers: dict[str, Any], target: str | None = None, **options: Any) -> None:
    """Add a matching rule."""
    given = MatchingRuleInput(name, name, target or object_name, matchers, **options)
    services.create_matching_rule(system_actor(), object_name, given)


def rule(object_name: str, name: str, action: str, *matching: str, **options: Any) -> None:
    """Add a duplicate rule that does the same at every event."""
    actions = options.pop("actions", None) or dict.fromkeys(("create", "edit", "api", "import"), action)
    given = DuplicateRuleInput(name, name, matching or [name], actions, **options)
    services.create_duplicate_rule(system_actor(), object_name, given)


def phone_rule(action: str, **options: Any) -> None:
    """Prospects with a common phone number, in whatever field, are the same."""
    match_on("prospect", "phones", matcher("phone", PHONES))
    rule("prospect", "phones", action, **options)
