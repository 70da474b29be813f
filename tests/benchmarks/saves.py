"""What ten validation rules and five formulas add to saving one record: the same values, with them and without.

Both objects belong to an organisation that is dropped afterwards. Every save has a caller of its own, as every
request has, so that nothing is remembered that a request would have to find out.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from crm_platform.kit.context import Actor
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.rule_inputs import ValidationRuleInput
from objects.records.service import RecordService
from tests.benchmarks.report import Target

PLAIN, RULED, FIRM = "bench_plain__c", "bench_ruled__c", "bench_firm__c"
WANTED = 1.5
RULES = (
    "quantity__c < 0",
    "discount__c > 0.4 && ISPICKVAL(state__c, 'draft')",
    "AND(NOT(ISBLANK(starts__c)), ends__c < starts__c)",
    "AND(ISPICKVAL(state__c, 'lost'), ISBLANK(reason__c))",
    "ISCHANGED(price__c) && price__c < PRIORVALUE(price__c) / 2",
    "LEN(code__c) > 20 || CONTAINS(code__c, ' ')",
    "NOT(REGEX(code__c, '[A-Z]{2}-[0-9]+'))",
    "is_urgent__c && ends__c > TODAY() + 1000",
    "firm__r.is_blocked__c && quantity__c * price__c > 1000",
    "OR(price__c > 1000000, quantity__c > 100000, discount__c > 1)",
)
FORMULAS = (
    ("total__c", "quantity__c * price__c", "decimal"),
    ("net__c", "ROUND(total__c * (1 - discount__c), 2)", "decimal"),
    ("days__c", "ends__c - starts__c", "decimal"),
    ("title__c", "UPPER(LEFT(code__c, 2)) & ' / ' & firm__r.name", "text"),
    ("class__c", "IF(net__c > 10000, 'A', IF(net__c > 1000, 'B', 'C'))", "text"),
)


@dataclass(frozen=True)
class Cost:
    """Medians of one kind of save, in seconds: on the clock, and of the process's processor time."""

    plain: float
    ruled: float
    plain_cpu: float
    ruled_cpu: float


def build(actor: Actor) -> None:
    """Make the objects: equal but for the rules and formulas of one."""
    blocked = FieldInput("is_blocked__c", "checkbox", "Blocked")
    services.create_object(actor, ObjectInput(FIRM, "Firm", fields=[blocked]))
    for name in (PLAIN, RULED):
        services.create_object(actor, ObjectInput(name, name, fields=_fields()))
    for name, expression, returns in FORMULAS:
        settings = {"expression": expression, "returns": returns}
        services.add_field(actor, RULED, FieldInput(name, "formula", name, settings=settings))
    for number, condition in enumerate(RULES):
        rule = ValidationRuleInput(f"rule_{number}", f"Rule {number}", condition, "That can't be.")
        services.create_validation_rule(actor, RULED, rule)


def measure(actor: Actor, count: int) -> dict[str, Cost]:
    """Save `count` times each way, in turn: new records, then changes of one; returns the costs by kind."""
    firm = RecordService(actor).create(FIRM, {"name": "北方重工"}).id
    given = _values(str(firm))
    kept = {name: RecordService(actor).create(name, given).id for name in (PLAIN, RULED)}
    numbers = itertools.count(1)

    def create(service: RecordService, name: str) -> None:
        service.create(name, given)

    def update(service: RecordService, name: str) -> None:
        service.update(name, kept[name], {"quantity__c": 100 + next(numbers) % 1000})

    return {"create": _compared(actor, create, count), "update": _compared(actor, update, count)}


def targets(costs: dict[str, Cost]) -> list[Target]:
    """Return what is promised, with what was measured."""
    found = []
    for kind, cost in costs.items():
        label = f"{kind} with 10 rules, 5 formulas"
        found.append(Target(f"{label}: time × plain", cost.ruled / cost.plain, WANTED))
        found.append(Target(f"{label}: CPU × plain", cost.ruled_cpu / cost.plain_cpu, WANTED))
    return found


def _fields() -> list[FieldInput]:
    return [
        FieldInput("firm__c", "lookup", "Firm", settings={"target": FIRM}),
        FieldInput("code__c", "text", "Code"),
        FieldInput("quantity__c", "integer", "Quantity"),
        FieldInput("price__c", "decimal", "Price"),
        FieldInput("discount__c", "percent", "Discount"),
        FieldInput("starts__c", "date", "Starts"),
        FieldInput("ends__c", "date", "Ends"),
        FieldInput(
            "state__c", "picklist", "State", choices=[ChoiceInput("draft", "草稿"), ChoiceInput("lost", "丢单")]
        ),
        FieldInput("reason__c", "text", "Reason"),
        FieldInput("is_urgent__c", "checkbox", "Urgent"),
        FieldInput("email__c", "email", "Email"),
        FieldInput("phone__c", "phone", "Phone"),
        FieldInput("note__c", "long_text", "Note"),
    ]


def _values(firm: str) -> dict[str, Any]:
    return {
        "name": "报价单",
        "firm__c": firm,
        "code__c": "QT-20261122",
        "quantity__c": 12,
        "price__c": "129.50",
        "discount__c": "0.15",
        "starts__c": "2026-11-22",
        "ends__c": "2026-12-31",
        "state__c": "draft",
        "is_urgent__c": True,
        "email__c": "wang@example.com",
        "phone__c": "13800138000",
        "note__c": "老客户，月底前答复。",
    }


def _compared(actor: Actor, save: Callable[[RecordService, str], None], count: int) -> Cost:
    times: dict[str, list[tuple[float, float]]] = {PLAIN: [], RULED: []}
    for number in range(count + 1):
        for name in (PLAIN, RULED) if number % 2 else (RULED, PLAIN):
            service = RecordService(replace(actor, memo={}))
            started, cpu = time.perf_counter(), time.process_time()
            save(service, name)
            times[name].append((time.perf_counter() - started, time.process_time() - cpu))
    medians = [statistics.median(found[part] for found in times[name][1:]) for part in (0, 1) for name in times]
    return Cost(*medians)
