"""The third act: opportunities that go through their stages, contracts, and the money that comes in."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from metadata.field_types.auto_number import render
from objects.demo.customers import total
from objects.demo.texts import round_to
from objects.demo.world import SeedRow, World

OPPORTUNITIES = 300
RENEWALS = 30
STAGES = ("contact", "requirements", "proposal", "negotiation")
# Days that a stage takes, and how often a deal is lost in it.
PACE = {"contact": (5, 18), "requirements": (10, 38), "proposal": (12, 45), "negotiation": (7, 32)}
LOSS = {"contact": 0.14, "requirements": 0.22, "proposal": 0.29, "negotiation": 0.18}
PROBABILITY = {"contact": 10, "requirements": 30, "proposal": 60, "negotiation": 80, "won": 100, "lost": 0}
FORECAST = {
    "contact": "pipeline",
    "requirements": "pipeline",
    "proposal": "best_case",
    "negotiation": "commit",
    "won": "closed",
    "lost": "omitted",
}
STALLED = 0.09  # deals that stop moving, for a manager to find
WON = {"product": 30, "case": 24, "relationship": 20, "service": 16, "price": 10}
LOST = {"price": 28, "competitor": 24, "no_budget": 18, "no_decision": 14, "timing": 9, "function": 7}
USERS = {"s1": (5, 15), "s2": (10, 40), "s3": (30, 120), "s4": (80, 260), "s5": (150, 600)}
NEXT_STEPS = {
    "contact": "约关键人做需求访谈",
    "requirements": "确认需求清单并安排演示",
    "proposal": "提交正式报价并约评审",
    "negotiation": "敲定付款条款，推动签约",
}
CONTRACT_PATTERN, PAYMENT_PATTERN = "HT-{YYYY}{MM}-{0000}", "HK-{YYYY}{MM}-{0000}"


def add_deals(world: World) -> None:
    """Add opportunities with their lines, contracts with theirs, and payments."""
    for account, at, lead in _beginnings(world):
        _add_opportunity(world, account, at, lead)
    for won in [row for row in world.rows["opportunity"] if row.values["stage"] == "won"]:
        _sign(world, won)
    _renew(world)
    _number(world, "contract", "number", CONTRACT_PATTERN)
    for contract in world.rows["contract"]:
        _bill(world, contract)
    _number(world, "payment", "name", PAYMENT_PATTERN)


def _beginnings(world: World) -> list[tuple[SeedRow, datetime, SeedRow | None]]:
    """Return (account, moment, lead): most from converted leads, the others with known customers."""
    accounts = {row.id: row for row in world.rows["account"]}
    leads = [row for row in world.rows["lead"] if row.values["status"] == "converted"]
    chosen = world.dice.sample(leads, min(len(leads), int(OPPORTUNITIES * 0.65)))
    begun: list[tuple[SeedRow, datetime, SeedRow | None]] = [
        (accounts[lead.values["converted_account_id"].id], lead.values["converted_at"], lead) for lead in chosen
    ]
    for at in world.clock.arrivals(OPPORTUNITIES - len(begun), world.dice):
        known = [row for row in world.rows["account"] if row.created_at < at]
        begun.append((world.dice.choice(known), at, None))
    return sorted(begun, key=lambda item: item[1])


def _add_opportunity(world: World, account: SeedRow, at: datetime, lead: SeedRow | None) -> None:
    company, dice = world.companies[account.id], world.dice
    line = world.words.product_line(company)
    users = dice.randint(*USERS[company.size])
    kind = "upsell" if account.values["type"] == "customer" and lead is None else "new_business"
    row = world.add(
        "opportunity",
        account.owner,
        at,
        name=f"{company.short} · {_headline(world, line)}{f' {users} 用户' if line in ('crm', 'service') else ''}",
        account_id=account.ref,
        contact_id=dice.choice(world.contacts[account.id]).ref,
        stage="contact",
        type=kind,
        product_line=line,
        source=account.values.get("source"),
        campaign_id=lead.values.get("campaign_id") if lead else None,
        stage_changed_at=at,
        competitors=dice.some(("vendor_a", "vendor_b", "vendor_c", "in_house", "foreign"), 1, 2)
        if dice.chance(0.45)
        else None,
    )
    if lead is not None:
        lead.values["converted_opportunity_id"] = row.ref
    _add_lines(world, row, line, users)
    amount = total(world.lines[row.id], "amount")
    row.values["amount"] = amount
    row.values["budget"] = round_to(float(amount) * dice.uniform(0.85, 1.3), 10_000)
    _advance(world, row, account)


def _headline(world: World, line: str) -> str:
    return next(str(item["name"]) for item in world.words.data["products"] if item["line"] == line)


def _add_lines(world: World, row: SeedRow, line: str, users: int) -> None:
    """Add what the deal is about: one main product, add-ons, and services to introduce it."""
    products = {item.values["code"]: item for item in world.rows["product"]}
    main = next(item for item in products.values() if item.values["product_line"] == line)
    wanted = [(main, users if main.values["unit"] == "user_year" else 1)]
    addons = [item for item in products.values() if item.values["product_line"] == line and item is not main]
    for item in world.dice.some(addons, 0, 2):
        wanted.append((item, users if item.values["unit"] == "user_year" else world.dice.randint(1, 2)))
    if world.dice.chance(0.75):
        wanted.append((products["SVC-IMPL"], world.dice.choice((5, 8, 10, 12, 15, 20, 30))))
    if world.dice.chance(0.25):
        wanted.append((products[world.dice.choice(("SVC-DATA", "TRN-ADMIN"))], 1))
    for product, quantity in wanted:
        discount = Decimal(world.dice.choice((0, 0, 5, 8, 10, 10, 12, 15))) / 100
        add_line(world, "opportunity_line", row, product.ref, Decimal(quantity), product.values["list_price"], discount)


def add_line(
    world: World, object_name: str, parent: SeedRow, product: Any, quantity: Decimal, price: Decimal, discount: Decimal
) -> None:
    """Add a line of an opportunity or contract, with the running number of all lines."""
    prefix = "SJ" if object_name == "opportunity_line" else "HM"
    number = len(world.rows[object_name]) + 1
    row = world.add(
        object_name,
        parent.owner,
        parent.created_at,
        name=f"{prefix}-{number:06d}",
        product_id=product,
        quantity=quantity,
        unit_price=price,
        discount=discount,
        amount=(quantity * price * (1 - discount)).quantize(Decimal("0.01")),
    )
    row.values[f"{parent.object}_id"] = parent.ref
    world.lines[parent.id].append(row)


def _advance(world: World, row: SeedRow, account: SeedRow) -> None:
    """Move a deal from stage to stage until it is decided or today is reached."""
    at, is_stalled = row.created_at, world.dice.chance(STALLED)
    for stage, following in zip(STAGES, (*STAGES[1:], "won"), strict=True):
        end = world.clock.after(at, *PACE[stage], world.dice)
        if (is_stalled and stage == "proposal") or not world.clock.is_past(end):
            break
        at = end
        if world.dice.chance(LOSS[stage] / row.owner.skill):
            reason = world.dice.weighted(LOST)
            row.change(at, row.owner, stage="lost", lost_reason=reason, closed_on=_day(world, at))
            break
        row.change(at, row.owner, stage=following)
        row.values["stage_changed_at"] = at
    stage = row.values["stage"]
    row.values["stage_changed_at"] = at
    row.values["probability"] = Decimal(PROBABILITY[stage]) / 100
    row.values["forecast_category"] = FORECAST[stage]
    if stage == "won":
        row.values.update(won_reason=world.dice.weighted(WON), closed_on=_day(world, at))
        account.values["type"] = "customer"
        account.values.setdefault("first_deal_on", _day(world, at))
    _expect(world, row, at)


def _expect(world: World, row: SeedRow, at: datetime) -> None:
    """Set when the deal is expected to close, and what comes next while it is open."""
    stage = row.values["stage"]
    if stage in ("won", "lost"):
        row.values["close_date"] = row.values["closed_on"] + timedelta(days=world.dice.randint(-6, 12))
        return
    left = sum(PACE[item][1] for item in STAGES[STAGES.index(stage) :])
    row.values["close_date"] = _day(world, at) + timedelta(days=int(left * world.dice.uniform(0.8, 1.2)))
    row.values["next_step"] = NEXT_STEPS[stage]
    row.values["next_contact_at"] = world.clock.work_moment(world.clock.day(world.dice.randint(-2, 10)), world.dice)


def _sign(world: World, won: SeedRow) -> None:
    """Add the contract of a won deal with the same lines."""
    signed = won.values["closed_on"] + timedelta(days=world.dice.randint(0, 9))
    is_signed = signed <= world.clock.today
    at = world.clock.work_moment(won.values["closed_on"], world.dice)
    row = _add_contract(world, won, min(at, world.clock.now), "sales", won.values["name"].replace(" · ", "") + "合同")
    row.values.update(opportunity_id=won.ref, contact_id=won.values["contact_id"], amount=won.values["amount"])
    for line in world.lines[won.id]:
        given = line.values
        add_line(
            world, "contract_line", row, given["product_id"], given["quantity"], given["unit_price"], given["discount"]
        )
    _set_term(world, row, signed if is_signed else None)


def _renew(world: World) -> None:
    """Add renewals by former customers, some of which expire soon."""
    today, last_year = world.clock.today, world.clock.day(-365)
    former = [row for row in world.rows["account"] if row.values.get("first_deal_on", today) < last_year]
    crm = next(item for item in world.rows["product"] if item.values["code"] == "CRM-ENT")
    for account in world.dice.some(former, RENEWALS, RENEWALS):
        signed = world.clock.day(-world.dice.randint(25, 360))
        at = world.clock.work_moment(signed - timedelta(days=world.dice.randint(2, 12)), world.dice)
        name = f"{account.values['short_name']}年度续约合同"
        row = _add_contract(world, account, max(at, account.created_at), "renewal", name)
        row.values.update(account_id=account.ref, contact_id=world.contacts[account.id][0].ref)
        users = Decimal(world.dice.randint(*USERS[account.values["company_size"]]))
        add_line(world, "contract_line", row, crm.ref, users, crm.values["list_price"], Decimal("0.15"))
        row.values["amount"] = total(world.lines[row.id], "amount")
        _set_term(world, row, signed)


def _add_contract(world: World, source: SeedRow, at: datetime, kind: str, name: str) -> SeedRow:
    account = source.values.get("account_id") or source.ref
    return world.add(
        "contract",
        source.owner,
        at,
        name=name,
        type=kind,
        account_id=account,
        signed_by_id=source.owner.ref,
        status="draft",
        payment_terms=world.dice.weighted({"instalments": 50, "one_off": 28, "quarterly": 16, "monthly": 6}),
        invoice_status="none",
        delivery_address=world.companies[account.id].address,
    )


def _set_term(world: World, row: SeedRow, signed: date | None) -> None:
    if signed is None:
        row.values["status"] = "approving"
        return
    # Software is rented by the year; analytics are installed and accepted once.
    is_once = any(line.values["product_id"].name == "BI 数据分析" for line in world.lines[row.id])
    ends = signed + timedelta(days=119 if is_once else 364)
    at = min(world.clock.work_moment(signed, world.dice), world.clock.now)
    row.change(max(at, row.created_at), row.owner, status="active")
    row.values.update(signed_on=signed, starts_on=signed, ends_on=ends)


def _number(world: World, object_name: str, field: str, pattern: str) -> None:
    """Give the rows their running numbers in the order in which they were created."""
    world.rows[object_name].sort(key=lambda row: row.created_at)
    for number, row in enumerate(world.rows[object_name], start=1):
        row.values[field] = render(pattern, number, row.created_at.astimezone(world.clock.zone).date())


def _bill(world: World, contract: SeedRow) -> None:
    """Add the payments of a signed contract by its terms, the due ones mostly received."""
    if "signed_on" not in contract.values:
        return
    parts = {
        "one_off": ((15, 1.0),),
        "instalments": ((10, 0.4), (60, 0.4), (120, 0.2)),
        "quarterly": tuple((10 + 91 * n, 0.25) for n in range(4)),
        "monthly": tuple((30 * n, 1 / 12) for n in range(12)),
    }[contract.values["payment_terms"]]
    left, paid = contract.values["amount"], Decimal(0)
    for period, (days, share) in enumerate(parts, start=1):
        is_last = period == len(parts)
        amount = left if is_last else (contract.values["amount"] * Decimal(str(share))).quantize(Decimal("0.01"))
        left -= amount
        row = _add_payment(world, contract, period, contract.values["signed_on"] + timedelta(days=days), amount)
        paid += row.values.get("paid_amount", Decimal(0))
    share_paid = paid / contract.values["amount"]
    contract.values["invoice_status"] = "full" if share_paid > Decimal("0.99") else "partial" if paid else "none"
    if share_paid == 1 and contract.values["ends_on"] < world.clock.today:
        contract.values["status"] = "completed"


def _add_payment(world: World, contract: SeedRow, period: int, due: date, amount: Decimal) -> SeedRow:
    dice = world.dice
    signed_at = min(world.clock.work_moment(contract.values["signed_on"], dice), world.clock.now)
    planned_at = max(contract.created_at, signed_at)
    row = world.add(
        "payment",
        contract.owner,
        planned_at,
        contract_id=contract.ref,
        account_id=contract.values["account_id"],
        period=period,
        status="planned",
        planned_on=due,
        planned_amount=amount,
    )
    paid_on = due + timedelta(days=dice.choice((-3, -1, 0, 0, 1, 2, 3, 5, 8, 15, 24)))
    is_late_payer = dice.chance(0.06) and (world.clock.today - due).days < 120
    if paid_on <= world.clock.today and not is_late_payer:
        method = dice.weighted({"transfer": 78, "acceptance": 12, "cheque": 4, "alipay": 3, "wechat": 3})
        at = min(world.clock.work_moment(paid_on, dice), world.clock.now)
        row.change(max(at, row.created_at), row.owner, status="paid", paid_on=paid_on, paid_amount=amount)
        row.values.update(method=method, invoice_number=f"{dice.randint(0, 99_999_999):08d}")
    elif due < world.clock.today:
        row.values.update(status="overdue", description="已电话催款，财务答复在走流程。")
    return row


def _day(world: World, at: datetime) -> date:
    return at.astimezone(world.clock.zone).date()
