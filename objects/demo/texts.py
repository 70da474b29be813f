"""What people write: sentences of `texts.yaml` with the names and numbers of the case filled in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from objects.demo.world import SeedRow, World

AMOUNT_STEP = 1_000


def round_to(value: float, step: int) -> Decimal:
    """Return an amount rounded to whole steps, never below one."""
    return Decimal(max(1, round(value / step)) * step)


def facts(world: World, row: SeedRow) -> dict[str, Any]:
    """Return what the sentences about a lead, account, deal or contract may mention."""
    values, dice = row.values, world.dice
    account_id = row.id if row.object in ("lead", "account") else values["account_id"].id
    company = world.companies[account_id]
    person = world.people[account_id]
    amount = values.get("amount") or values.get("expected_amount") or Decimal(200_000)
    line = values.get("product_line") or (values.get("interests") or ["crm"])[0]
    return {
        "person": person.address,
        "title": person.title,
        "boss": f"{world.words.surname()}总",
        "short": company.short,
        "city": company.city,
        "product": next(item["name"] for item in world.words.data["products"] if item["line"] == line),
        "users": dice.choice((12, 20, 30, 45, 50, 60, 80, 120)),
        "trial": dice.choice((5, 10, 15, 20)),
        "amount": f"{amount / 10_000:.1f}",
        "rep": row.owner.name,
        "next": dice.choice(world.words.texts["next_words"]),
        "reason": world.words.texts["lost_reasons"].get(values.get("lost_reason"))
        or world.words.texts["invalid_reasons"].get(values.get("invalid_reason"), "暂时没有需求"),
    }


def fill(template: str, known: dict[str, Any]) -> str:
    """Return the sentence with its placeholders filled in."""
    return template.format_map(known)
