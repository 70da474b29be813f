"""The shipped CRM with a rule that sends leads to those that are there already."""

from __future__ import annotations

from crm_platform.kit.context import system_actor
from metadata import services
from metadata.models import DuplicateRule
from metadata.rule_inputs import DuplicateRuleInput

PHONE = "13800138000"
EVENTS = ("create", "edit", "api", "import")


def divert_leads() -> None:
    """Let leads with the phone number of another one be noted there, and nothing else be asked about duplicates."""
    for row in list(DuplicateRule.objects.filter(business_object__api_name="lead")):
        services.delete_duplicate_rule(system_actor(), "lead", row.api_name)
    given = DuplicateRuleInput("again", "Again", ["phone"], dict.fromkeys(EVENTS, "route"))
    services.create_duplicate_rule(system_actor(), "lead", given)
