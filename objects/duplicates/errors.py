"""The error by which a write is refused because the record exists already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import PlatformError
from metadata.compiler.snapshot import SchemaSnapshot
from metadata.compiler.spec import DuplicateRuleSpec
from objects.duplicates.finding import MAX_MATCHES, Match
from objects.duplicates.results import SHOWN, Card, cards

OVERRIDE = "Prefer: duplicates=allow"


class TooManyChecks(PlatformError):
    """The caller has asked for duplicates too often, as somebody does who tries out numbers."""

    code = "rate_limited"
    status = 429
    message = _("Too many searches for duplicates. Go on in an hour.")


class DuplicateDetected(PlatformError):
    """Records match the one that was to be saved. `can_override`: the caller may save it all the same.

    `rules` holds, for each rule, what the caller may know of the records.
    """

    code = "duplicate_detected"
    status = 409
    message = _("There is a record like this already.")

    def __init__(self, actor: Actor, snapshot: SchemaSnapshot, refusing: Sequence[RuleMatches]) -> None:
        self.rules = [RuleFinding(actor, snapshot, *item) for item in refusing]
        self.can_override = all(item.can_override for item in self.rules)
        text = next((item.message for item in self.rules if item.message), None)
        details: dict[str, Any] = {"duplicates": [item.to_api() for item in self.rules]}
        if self.can_override:
            details["override"] = OVERRIDE
        super().__init__(text, **details)


RuleMatches = tuple[DuplicateRuleSpec, str, Sequence[Match]]  # rule, action, what matches


class RuleFinding:
    """What one rule has found, for people and for the API."""

    def __init__(
        self, actor: Actor, snapshot: SchemaSnapshot, rule: DuplicateRuleSpec, action: str, matches: Sequence[Match]
    ) -> None:
        self.rule, self.action = rule, action
        self.label = rule.label.text(actor.language)
        self.message = rule.message.text(actor.language)
        self.count = len({match.record_id for match in matches})
        self.cards: list[Card] = cards(actor, snapshot, _first(matches))
        self.can_override = action == "warn" and may_override(actor, rule)

    @property
    def is_more(self) -> bool:
        """Tell whether there are more records than were counted."""
        return self.count >= MAX_MATCHES

    def to_api(self) -> dict[str, Any]:
        """Return the member of `duplicates` in a problem document."""
        seen = [card for card in self.cards if card.record_id is not None]
        hidden = [card for card in self.cards if card.record_id is None]
        found: dict[str, Any] = {"rule": self.rule.api_name, "action": self.action, "count": self.count}
        found["records"] = [card.to_api() for card in seen]
        if hidden:
            found["hint"] = "another_owner"
            told = [card.to_api() for card in hidden]
            found["masked"] = [item for item in told if len(item) > 2]
        return found


def may_override(actor: Actor, rule: DuplicateRuleSpec) -> bool:
    """Tell whether the caller may save in spite of a warning of the rule."""
    return not rule.override or actor.has_function(rule.override)


def _first(matches: Sequence[Match]) -> list[Match]:
    """Return the best matches, each record once."""
    best: dict[Any, Match] = {}
    for match in sorted(matches, key=lambda item: -item.score):
        best.setdefault(match.record_id, match)
    return list(best.values())[:SHOWN]
