"""What is measured: for every operation the requests that each server gets, asking for the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.contenders import BARE, PRODUCT, TWIN
from tests.benchmarks.load import COUNTER, Call

FIELDS = (
    *("name", "company", "status", "source", "rating", "mobile", "city", "expected_amount", "created_at"),
    *("owner_id", "campaign_id", "owner.name", "campaign.name"),
)
STATUS, SORT = "working", "-expected_amount"
BULK = 200
RECORDS = "/api/v1/records/lead"
LIST_PATH = f"{RECORDS}?fields={','.join(FIELDS)}"
FILTER_PATH = f"{LIST_PATH}&filter[status][eq]={STATUS}&sort={SORT}&count=capped"


@dataclass(frozen=True)
class Operation:
    """`calls` maps a contender's name to its requests; `headers` take the place of the contender's own."""

    key: str
    label: str
    calls: Mapping[str, Sequence[Call]]
    headers: Mapping[str, str] | None = None


def operations(ids: Sequence[str], session: Mapping[str, str]) -> list[Operation]:
    """Return the operations over records with these ids, reads first; pages are asked for with `session`."""
    one, many = _lead(), {"records": [_lead() for _number in range(BULK)]}
    change = {"city": "苏州", "title": COUNTER.decode()}
    return [
        _reads("list", "list of 50, 12 columns, 2 names", LIST_PATH, "/leads", "/list"),
        _each("get", "get", "GET", ids, None),
        _reads(
            "filter",
            "filter + sort + capped count, indexed",
            FILTER_PATH,
            f"/leads?status={STATUS}&sort={SORT}",
            "/count",
        ),
        Operation("html", "list page as HTML", {PRODUCT: [Call("GET", "/o/lead/")]}, session),
        _writes("create", "create", one, RECORDS, "/leads", "/create"),
        _each("patch", "patch", "PATCH", ids, change),
        _writes("bulk", f"bulk-create of {BULK}", many, f"{RECORDS}/bulk-create", "/leads/bulk", "/bulk"),
    ]


def _reads(key: str, label: str, product: str, twin: str, bare: str) -> Operation:
    return Operation(
        key, label, {PRODUCT: [Call("GET", product)], TWIN: [Call("GET", twin)], BARE: [Call("GET", bare)]}
    )


def _writes(key: str, label: str, body: Any, product: str, twin: str, bare: str) -> Operation:
    sent = json.dumps(body).encode()
    paths = {PRODUCT: product, TWIN: twin, BARE: bare}
    return Operation(key, label, {name: [Call("POST", path, sent)] for name, path in paths.items()})


def _each(key: str, label: str, method: str, ids: Sequence[str], body: Any) -> Operation:
    sent = json.dumps(body).encode() if body else None
    paths: dict[str, Callable[[str], str]] = {
        PRODUCT: lambda item: f"{RECORDS}/{item}",
        TWIN: lambda item: f"/leads/{item}",
        BARE: lambda item: f"/{key}/{item}",
    }
    return Operation(
        key, label, {name: [Call(method, path(item), sent) for item in ids] for name, path in paths.items()}
    )


def _lead() -> dict[str, Any]:
    return {
        "name": f"李明 {COUNTER.decode()}",
        "company": "苏州云启科技有限公司",
        "title": "采购经理",
        "status": "new",
        "rating": "warm",
        "mobile": "+86 138 1234 5678",
        "email": "li.ming@example.com",
        "city": "苏州",
        "province": "江苏",
        "expected_amount": "125000.00",
        "description": "对方希望下周安排一次产品演示。",
    }
