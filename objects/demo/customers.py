"""The second act: accounts and contacts, from converted leads and from the time before the CRM."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from objects.demo.market import converted
from objects.demo.texts import round_to
from objects.demo.words import Company, Person
from objects.demo.world import DemoUser, SeedRow, World

ACCOUNTS = 400
CONTACTS = 800
FORMER_ACCOUNTS = 110  # customers from before, brought over when the CRM was introduced
EMPLOYEES = {"s1": (5, 19), "s2": (20, 99), "s3": (100, 499), "s4": (500, 999), "s5": (1000, 6000)}
LEVELS = {"s1": "small", "s2": "normal", "s3": "normal", "s4": "key", "s5": "strategic"}
ATTITUDES = {"supporter": 45, "neutral": 42, "opponent": 13}


def add_customers(world: World) -> None:
    """Add accounts and contacts; leads that can't be converted any more stay with their owners."""
    _introduce(world)
    leads = converted(world)
    chosen = {lead.id for lead, _at in world.dice.some(leads, ACCOUNTS - FORMER_ACCOUNTS, ACCOUNTS - FORMER_ACCOUNTS)}
    for lead, at in leads:
        if lead.id in chosen:
            _convert(world, lead, at)
        else:
            del lead.values["converted_at"]
    while len(world.rows["account"]) < ACCOUNTS:
        _found(world)
    _fill_up_contacts(world)
    _group(world)


def _introduce(world: World) -> None:
    """Bring in the former customers on the first day."""
    for number in range(FORMER_ACCOUNTS):
        company = world.words.company()
        owner = world.dice.choice(world.reps(company.region))
        at = world.clock.start + timedelta(seconds=number)
        row = add_account(world, company, owner, at, by=world.users["admin"], source="referral")
        row.values["type"] = "customer" if world.dice.chance(0.7) else "prospect"
        if row.values["type"] == "customer":
            row.values["first_deal_on"] = world.clock.day(-365 - world.dice.randint(20, 700))
        add_contact(world, row, world.words.person(company, "decision_maker"), at, by=world.users["admin"])


def _convert(world: World, lead: SeedRow, at: datetime) -> None:
    company, person = world.companies[lead.id], world.people[lead.id]
    account = add_account(world, company, lead.owner, at, source=lead.values["source"])
    contact = add_contact(world, account, person, at)
    contact.values["is_key"] = True
    lead.change(
        at,
        lead.owner,
        status="converted",
        converted_at=at,
        converted_account_id=account.ref,
        converted_contact_id=contact.ref,
    )


def _found(world: World) -> None:
    """Add an account that a rep found himself."""
    company = world.words.company()
    owner = world.dice.choice(world.reps(company.region))
    at = world.clock.arrivals(1, world.dice)[0]
    row = add_account(world, company, owner, at, source="cold_call")
    add_contact(world, row, world.words.person(company), at)


def add_account(
    world: World, company: Company, owner: DemoUser, at: datetime, *, by: DemoUser | None = None, source: str
) -> SeedRow:
    """Add an account with all that is known about the company."""
    dice = world.dice
    employees = dice.randint(*EMPLOYEES[company.size])
    row = world.add(
        "account",
        owner,
        at,
        by=by,
        name=company.name,
        short_name=company.short,
        type="prospect",
        level=LEVELS[company.size],
        industry=company.industry,
        source=source,
        company_size=company.size,
        employees=employees,
        annual_revenue=round_to(employees * dice.uniform(300_000, 900_000), 100_000),
        phone=company.phone,
        email=f"info@{company.domain}",
        website=f"https://www.{company.domain}",
        province=company.province,
        city=company.city,
        address=company.address,
        credit_code=f"91{dice.randint(110000, 659000)}MA{dice.randint(0, 9_999_999):07d}{dice.choice('123456789X')}",
        invoice_title=company.name,
        bank_name=f"{dice.choice(('招商银行', '工商银行', '建设银行', '中国银行', '浦发银行'))}{company.city}分行",
        bank_account=f"0000{dice.randint(0, 999_999_999_999):012d}",
        next_contact_at=world.clock.work_moment(world.clock.day(dice.randint(-6, 25)), dice)
        if dice.chance(0.45)
        else None,
    )
    world.companies[row.id] = company
    return row


def add_contact(world: World, account: SeedRow, person: Person, at: datetime, *, by: DemoUser | None = None) -> SeedRow:
    """Add a person of an account; the first one is whom the account's activities are about."""
    dice = world.dice
    row = world.add(
        "contact",
        account.owner,
        at,
        by=by,
        name=person.name,
        account_id=account.ref,
        title=person.title,
        department_name=world.words.data["departments"][person.role],
        role=person.role,
        attitude=dice.weighted(ATTITUDES),
        is_key=person.role == "decision_maker",
        gender=person.gender,
        mobile=person.mobile,
        email=person.email,
        wechat=f"wx_{person.email.split('@')[0].replace('.', '_')}" if dice.chance(0.5) else None,
        birthday=world.clock.day(-dice.randint(26 * 365, 56 * 365)) if dice.chance(0.3) else None,
        hobbies="、".join(dice.some(world.words.data["hobbies"], 1, 2)) if dice.chance(0.35) else None,
    )
    world.people.setdefault(account.id, person)
    world.people[row.id] = person
    world.contacts[account.id].append(row)
    return row


def _fill_up_contacts(world: World) -> None:
    """Give the larger accounts more contacts, who report to the first one."""
    accounts = world.rows["account"]
    weights = [{"s1": 1, "s2": 2, "s3": 3, "s4": 5, "s5": 6}[row.values["company_size"]] for row in accounts]
    missing = CONTACTS - len(world.rows["contact"])
    for account in world.dice.choices(accounts, weights=weights, k=missing):
        at = world.clock.after(account.created_at, 1, 60, world.dice)
        at = min(at, world.clock.now - timedelta(hours=world.dice.randint(1, 60)))
        at = max(at, account.created_at)
        row = add_contact(world, account, world.words.person(world.companies[account.id]), at)
        if world.dice.chance(0.5):
            row.values["reports_to_id"] = world.contacts[account.id][0].ref


def _group(world: World) -> None:
    """Make some accounts subsidiaries of a large one in the same industry."""
    parents = [row for row in world.rows["account"] if row.values["company_size"] == "s5"]
    for parent in parents[:12]:
        fitting = [
            row
            for row in world.rows["account"]
            if row.values["industry"] == parent.values["industry"]
            and row.values["company_size"] in ("s2", "s3")
            and "parent_id" not in row.values
        ]
        for child in world.dice.some(fitting, 1, 3):
            child.values["parent_id"] = parent.ref
            parent.values.setdefault("description", "集团客户，下属公司分别采购。")


def total(rows: list[SeedRow], name: str) -> Decimal:
    """Return the sum of an amount over rows."""
    return sum((row.values[name] for row in rows), Decimal(0))
