"""The first act: campaigns, products, and the leads that come in over the year."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from objects.demo.texts import AMOUNT_STEP, round_to
from objects.demo.words import Company
from objects.demo.world import DemoUser, SeedRow, World

LEADS = 2_000
SOURCES = {
    "website": 30,
    "campaign": 18,
    "exhibition": 14,
    "phone": 9,
    "referral": 10,
    "advertising": 12,
    "partner": 4,
    "cold_call": 3,
}
CAMPAIGN_TYPES = {
    "campaign": ("seminar", "webinar", "partner"),
    "exhibition": ("exhibition",),
    "advertising": ("advertising",),
}
RATINGS = {"hot": 15, "warm": 45, "cold": 40}
NO_CALLS = 0.02


def add_campaigns(world: World) -> None:
    """Add the campaigns of the year, past, running and planned."""
    marketer = world.users["songyating"]
    for item in world.words.data["campaigns"]:
        starts = world.clock.day(-30 * item["month"] - 8)
        ends = starts + timedelta(days=item["days"])
        status = "planned" if starts > world.clock.today else "active" if ends >= world.clock.today else "done"
        spent = {"planned": 0, "active": 0.45, "done": world.dice.uniform(0.85, 1.12)}[status]
        created = world.clock.work_moment(min(starts - timedelta(days=20), world.clock.day(-3)), world.dice)
        world.add(
            "campaign",
            marketer,
            created,
            name=item["name"],
            type=item["type"],
            status=status,
            starts_on=starts,
            ends_on=ends,
            location=item["location"],
            budget=Decimal(item["budget"]),
            actual_cost=round_to(item["budget"] * spent, 100) if spent else None,
            expected_leads=item["leads"],
            expected_revenue=Decimal(item["budget"] * 6),
            description=f"目标获取 {item['leads']} 条线索，活动结束两周内完成首次跟进。",
        )


def add_products(world: World) -> None:
    """Add the price list."""
    for item in world.words.data["products"]:
        world.add(
            "product",
            world.users["songyating"],
            world.clock.start,
            name=item["name"],
            code=item["code"],
            product_line=item["line"],
            category=item["category"],
            unit=item["unit"],
            list_price=Decimal(item["price"]),
            cost=Decimal(item["cost"]),
            tax_rate=Decimal(item["tax"]) / 100,
            is_active=True,
        )


def add_leads(world: World, count: int = LEADS) -> None:
    """Add leads, the newest mostly untouched, the older ones converted or given up."""
    for created in world.clock.arrivals(count, world.dice):
        company = world.words.company()
        owner = world.dice.choice(world.reps(company.region))
        row = _new_lead(world, company, owner, created)
        _live_on(world, row)


def _new_lead(world: World, company: Company, owner: DemoUser, created: datetime) -> SeedRow:
    dice, person = world.dice, world.words.person(company)
    source = dice.weighted(SOURCES)
    campaign = _campaign(world, source, created)
    line = world.words.product_line(company)
    by = world.users["songyating"] if campaign or source == "website" else owner
    row = world.add(
        "lead",
        owner,
        created,
        by=by,
        name=person.name,
        company=company.name,
        title=person.title,
        status="new",
        source=source,
        campaign_id=campaign.ref if campaign else None,
        mobile=person.mobile,
        email=person.email,
        phone=company.phone if dice.chance(0.35) else None,
        wechat=f"wx_{person.email.split('@')[0].replace('.', '_')}" if dice.chance(0.4) else None,
        rating=dice.weighted(RATINGS),
        industry=company.industry,
        company_size=company.size,
        expected_amount=round_to(dice.lognormvariate(11.6, 0.75), AMOUNT_STEP),
        interests=sorted({line, "crm"}),
        province=company.province,
        city=company.city,
        address=company.address,
        website=f"https://www.{company.domain}" if dice.chance(0.5) else None,
        do_not_call=dice.chance(NO_CALLS),
        description=f"通过{campaign.values['name']}登记，关注{company.short}的客户管理。" if campaign else None,
    )
    world.people[row.id] = person
    world.companies[row.id] = company
    return row


def _campaign(world: World, source: str, at: datetime) -> SeedRow | None:
    """Return a campaign of the right kind that had begun not long before."""
    kinds = CAMPAIGN_TYPES.get(source, ())
    day = at.astimezone(world.clock.zone).date()
    fitting = [
        row
        for row in world.rows["campaign"]
        if row.values["type"] in kinds and 0 <= (day - row.values["starts_on"]).days <= 95
    ]
    return world.dice.choice(fitting) if fitting else None


def _live_on(world: World, row: SeedRow) -> None:
    """Let a lead go through its states, as far as its age allows."""
    age = (world.clock.now - row.created_at).days
    fate = world.dice.weighted(_fates(age, row))
    first = world.clock.after(row.created_at, 0, 4, world.dice)
    if fate == "new" or not world.clock.is_past(first):
        return
    row.change(first, row.owner, status="working")
    if fate == "working":
        if world.dice.chance(0.6):
            row.values["next_contact_at"] = world.clock.work_moment(
                world.clock.day(world.dice.randint(-4, 12)), world.dice
            )
        return
    end = world.clock.after(first, 2, 35, world.dice)
    if not world.clock.is_past(end):
        return
    if fate == "invalid":
        reason = world.dice.weighted(
            {"no_need": 34, "wrong_contact": 22, "no_budget": 24, "competitor": 8, "duplicate": 12}
        )
        row.change(end, row.owner, status="invalid", invalid_reason=reason)
    else:
        row.values["converted_at"] = end


def _fates(age: int, row: SeedRow) -> dict[str, float]:
    luck = {"hot": 2.0, "warm": 1.0, "cold": 0.4}[row.values["rating"]] * row.owner.skill
    if age < 7:
        return {"new": 55, "working": 40, "invalid": 5}
    if age < 30:
        return {"new": 14, "working": 58, "invalid": 16, "converted": 12 * luck}
    if age < 90:
        return {"new": 3, "working": 40, "invalid": 37, "converted": 20 * luck}
    return {"new": 1, "working": 22, "invalid": 52, "converted": 25 * luck}


def converted(world: World) -> list[tuple[SeedRow, Any]]:
    """Return the leads to be converted, with the moment, in order of time."""
    leads = [(row, row.values["converted_at"]) for row in world.rows["lead"] if "converted_at" in row.values]
    return sorted(leads, key=lambda pair: pair[1])
