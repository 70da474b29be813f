"""What is planted in hidden fields appears on no surface for somebody who may not see them, however he asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from crm_platform.kit.context import Actor
from crm_platform.tenancy.context import tenant_context
from metadata.compiler.current import current_snapshot, pinned_snapshot
from metadata.field_types.operators import Arity, operators
from objects.access.services.field_levels import set_field_levels
from objects.history.selectors import history
from objects.merging.values import told_counts
from objects.records.trial import try_expression
from objects.search.entries import index_records
from tests.security.hiding import CLIENT, COMPANY, HIDDEN, MADE, MARK, MASKED, ORDER, Hideout, Planted, hideout
from tests.security.matrix import FILLERS, routes

NAMES = tuple(f"{MARK}{kind}__c" for kind in HIDDEN)
FEWEST_QUERIES = 500


@pytest.fixture(scope="module")
def the_hideout(django_db_setup: None, django_db_blocker: Any) -> Iterator[Hideout]:
    with django_db_blocker.unblock(), hideout() as made:
        yield made


@pytest.fixture
def home(the_hideout: Hideout, settings: Any, django_db_blocker: Any) -> Iterator[Hideout]:
    """The organisation, entered; what the test writes is rolled back."""
    settings.API_BURST = (0, 10)
    with django_db_blocker.unblock(), tenant_context(the_hideout.schema_name), transaction.atomic():
        with pinned_snapshot():
            yield the_hideout
        transaction.set_rollback(True)


def body_of(answer: Any) -> str:
    """Return everything that an answer tells, headers included."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.items())
    return f"{headers}\n{content.decode(errors='replace')}"


def traces_in(text: str, planted: Planted) -> list[str]:
    """Return what of the planted values, and of the names of hidden fields, a text tells."""
    return [trace for trace in (*planted.traces, MARK, *MADE) if trace in text]


# --- every address --------------------------------------------------------------------------------------------
def addresses(home: Hideout, *names: str) -> Iterator[str]:
    """Yield every address that can be read, for the client, its company and its order, or for other records."""
    things = (
        {"object_name": CLIENT, "record_id": home.ids["record_id"]},
        {"object_name": COMPANY, "record_id": home.ids["company_id"]},
        {"object_name": ORDER, "record_id": home.ids["order_id"]},
    )
    things = tuple({"object_name": CLIENT, "record_id": home.ids[name]} for name in names) or things
    more = {"field_name": "kz_text__c", "field": "kz_mail__c", "value": "x@example.com", "code": "USD"}
    numbers = {"field_id": str(current_snapshot().object(CLIENT).field("kz_text__c").spec.id)}
    for thing in things:
        values = {**FILLERS, **home.ids, **more, **numbers, **thing}
        for _pattern, route in routes():
            wanted = re.findall(r"<\w+:(\w+)>", route)
            if "^" not in route and all(name in values for name in wanted):
                for name in wanted:
                    route = re.sub(rf"<\w+:{name}>", values[name], route)
                yield route


QUERIES = {
    f"/o/{CLIENT}/": ("?view=rare", "?view=plain", "?sort=kz_text__c", "?sort=company_id", "?q=known", "?q=Ann"),
    f"/o/{COMPANY}/": ("?sort=name", "?sort=-made_sum__c"),
    f"/lookup/{COMPANY}": ("?q=known", f"?for={CLIENT}.company_id", f"?for={CLIENT}.kz_link__c"),
    "/search": ("?q=known", "?q=Ann"),
    "/duplicates/check": ("?name=Ann",),
    f"/api/v1/records/{CLIENT}": (
        "?include=labels&expand=company",
        "?fields=id,name,company.name",
        "?fields=kz_text__c",
        "?expand=kz_link__c",
        "?sort=kz_number__c",
        "?filter[kz_text__c][contains]=a",
        "?filter[kz_text__c][nosuch]=a",
        "?count=exact",
    ),
    f"/api/v1/records/{ORDER}": ("?include=labels&expand=client,client.company", "?fields=client.kz_text__c"),
    "/api/v1/search": ("?q=known", "?q=Ann"),
}


def all_reads(home: Hideout) -> list[str]:
    found = dict.fromkeys(addresses(home))
    return [*found, *(f"{address}{query}" for address, queries in QUERIES.items() for query in queries)]


def without_own_words(text: str, address: str) -> str:
    """Return an answer without the names that the question itself has spelled."""
    for name in sorted(set(re.findall(rf"{MARK}\w+|made_\w+", address)), key=len, reverse=True):
        text = re.sub(rf"{re.escape(name)}(?!\w)", "", text)
    return text


def test_no_address_tells_what_is_hidden(home: Hideout) -> None:
    told, asked = {}, all_reads(home)
    for address in asked:
        client: Any = home.api("limited") if address.startswith("/api/") else home.browser("limited")
        answer = client.get(address)
        assert answer.status_code < 500, address
        found = traces_in(without_own_words(body_of(answer), address), home.planted)
        if found:
            told[address] = (answer.status_code, found)
    assert told == {}
    assert len(asked) > 150


def test_the_same_addresses_tell_it_to_whom_it_belongs(home: Hideout) -> None:
    """Without this, pages that show nothing at all would pass."""
    telling = 0
    for address in all_reads(home):
        client: Any = home.api("admin") if address.startswith("/api/") else home.browser("admin")
        telling += bool(traces_in(without_own_words(body_of(client.get(address)), address), home.planted))
    assert telling > 40


# --- what waits in a pool -----------------------------------------------------------------------------------------
def questions(home: Hideout) -> Iterator[tuple[str, str, str]]:
    """Yield names of what is masked or hidden while it waits, each with a question about it and one about nothing."""
    pool, masked = home.ids["pool_id"], home.planted.masked
    page, api = f"/pools/{pool}/", f"/api/v1/pools/{pool}/records"
    for name in (MASKED, *NAMES, *MADE):
        asked = [f"{page}?sort={name}", f"{api}?sort=-{name}", f"{page}filter?path={name}&op=starts&_operand=v&apply=1"]
        asked += [f"{api}?fields=id,{name}"] if name != MASKED else []  # that it is masked, he may see
        for value in (masked[:3], "wrong"):
            asked += [f"{page}?{name}__starts={value}", f"{api}?filter[{name}][starts]={value}"]
        for address in asked:
            yield name, address, address.replace(name, "nothing__c")


def test_what_a_pool_masks_is_told_nowhere_before_it_is_claimed(home: Hideout) -> None:
    secret = (*home.planted.traces, home.planted.masked, MARK, *MADE)
    told, pages, api = {}, home.browser("member"), home.api("member")

    def ask(address: str) -> Any:
        answer: Any = (api if address.startswith("/api/") else pages).get(address)
        assert answer.status_code < 500, address
        return answer

    asked = list(addresses(home, "waiting_id"))
    for address in [*asked, f"/pools/{home.ids['pool_id']}/?q=Waits", "/search?q=Waits", f"/api/v1/search?q={MASKED}"]:
        text = without_own_words(body_of(ask(address)), address)
        if found := [trace for trace in secret if trace in text]:
            told[address] = found
    for name, about, nothing in questions(home):
        answer, other = ask(about), ask(nothing)
        text, same = (_stable(_plain(item.content.decode())) for item in (answer, other))
        assert (answer.status_code, text.replace(name, "nothing__c")) == (other.status_code, same), about
    assert told == {}
    assert sum("/pools/" in address for address in asked) >= 15
    pool, waiting = home.ids["pool_id"], home.ids["waiting_id"]
    assert home.planted.masked in body_of(home.browser("admin").get(f"/pools/{pool}/"))
    pages.post(f"/pools/{pool}/claim", {"ids": [waiting]})
    claimed = body_of(pages.get(f"/o/{CLIENT}/{waiting}"))
    assert home.planted.masked in claimed and traces_in(claimed, home.planted) == []


# --- writes and what they answer --------------------------------------------------------------------------------
def writes(home: Hideout) -> Iterator[tuple[str, str, Any]]:
    """Yield method, address and data of requests whose answers might tell of hidden fields."""
    record, api = home.ids["record_id"], f"/api/v1/records/{CLIENT}"
    yield "post", f"/o/{CLIENT}/assess", {"name": "x"}
    yield "post", f"/o/{CLIENT}/{record}/assess", {"name": "break"}
    yield "post", f"/o/{CLIENT}/{record}/edit", {"name": "break"}
    yield "post", f"/o/{CLIENT}/new", {"name": "break"}
    yield "post", f"/o/{CLIENT}/duplicate-hint", {"name": "Ann"}
    yield "post", f"/o/{CLIENT}/columns", {"columns": ["name", "secret"]}
    yield "post", f"/o/{CLIENT}/assign", {"ids": record}
    yield "post", f"/o/{CLIENT}/{record}/reveal/kz_text__c", {}
    yield "post", f"/o/{CLIENT}/{record}/delete", {}
    yield "post", f"/o/{CLIENT}/merge", {"ids": [record, home.ids["twin_id"]]}
    yield "post", api, {"name": "break"}
    yield "post", api, {"name": "fine"}
    yield "patch", f"{api}/{record}", {"name": "break"}
    yield "patch", f"{api}/{record}", {"open__c": "other"}
    yield "post", f"{api}/validate", {"name": "break"}
    yield "post", f"{api}/validate", {"id": record, "open__c": "other"}
    yield "post", f"{api}/duplicates", {"name": "Ann", "kz_text__c": home.planted.token}
    yield "post", f"{api}/bulk-update", {"records": [{"id": record, "name": "break"}]}
    yield "post", f"{api}/merge", {"survivor": record, "losers": [home.ids["twin_id"]]}
    yield "post", f"{api}/{record}/reveal", {"field": "kz_text__c"}
    yield "put", f"{api}/by/kz_mail__c/{home.planted.token}@example.com", {"name": "x"}
    parts: list[dict[str, Any]] = [
        {"id": "list", "method": "GET", "path": f"/records/{CLIENT}"},
        {"id": "change", "method": "PATCH", "path": f"/records/{CLIENT}/{record}", "body": {"name": "break"}},
        {"id": "orders", "method": "GET", "path": f"/records/{ORDER}"},
    ]
    yield "post", "/api/v1/composite", {"requests": parts, "all_or_none": False}
    yield "post", "/api/v1/composite/batch", {"requests": parts}
    yield "post", f"/api/v1/composite/tree/{COMPANY}", {"records": [{f"{CLIENT}.company_id": [{"name": "break"}]}]}


def test_no_write_tells_what_is_hidden(home: Hideout) -> None:
    told = {}
    for method, address, data in writes(home):
        client: Any = home.api("limited") if address.startswith("/api/") else home.browser("limited")
        with transaction.atomic():
            answer = getattr(client, method)(address, data)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, address)
        sent = {*data, *data.values()} if all(isinstance(item, str) for item in data.values()) else {*data}
        text = without_own_words(body_of(answer), f"{address} {' '.join(sent)}")
        text = text if home.planted.token not in address else text.replace(home.planted.token, "")
        found = traces_in(text, home.planted)
        if found:
            told[method, address, str(data)] = (answer.status_code, found)
    assert told == {}


def test_history_and_formulas_tell_nothing(home: Hideout) -> None:
    limited: Actor = home.actor("limited")
    for entry in history(limited, CLIENT, home.ids["record_id"]).entries:
        assert {change.name for change in entry.changes} <= {"name", "open__c"}
    changed = [
        change.name for entry in history(limited, CLIENT, home.ids["record_id"]).entries for change in entry.changes
    ]
    assert changed == ["open__c"]
    for text in ("kz_text__c", "LEN(kz_notes__c)", "company.name", "company.made_sum__c"):
        trial = try_expression(limited, CLIENT, text, record_id=home.ids["record_id"])  # type: ignore[arg-type]
        assert trial.error is not None and trial.value is None and not trial.steps
    assert try_expression(limited, CLIENT, "name", record_id=home.ids["record_id"]).value == "Ann"  # type: ignore[arg-type]


def test_a_hidden_name_is_as_unknown_as_none(home: Hideout) -> None:
    """Answers differ only in the name that the caller has sent."""
    record, twin, api = home.ids["record_id"], home.ids["twin_id"], f"/api/v1/records/{CLIENT}"
    client = home.api("limited")

    def answers(name: str) -> list[tuple[int, str]]:
        asked = [
            client.get(f"{api}?filter[{name}][eq]=1"),
            client.get(f"{api}?filter[{name}][nosuch]=1"),
            client.get(f"{api}?filter[{name}][contains]=1"),
            client.get(f'{api}?filter={{"field":"{name}","op":"gt","value":1}}'),
            client.get(f"{api}?sort=-{name}"),
            client.get(f"{api}?fields={name}"),
            client.get(f"{api}?expand={name}"),
            client.get(f"{api}/by/{name}/1"),
            client.put(f"{api}/by/{name}/1", {"name": "x"}),
            client.post(api, {"name": "x", name: "y"}),
            client.post(f"{api}/validate", {"name": "x", name: None}),
            client.patch(f"{api}/{record}", {name: "y"}),
            client.patch(f"{api}/{record}", {name: "y"}, HTTP_IF_MATCH='"1"', HTTP_PREFER="handling=merge"),
            client.post(f"{api}/{record}/reveal", {"field": name}),
            client.post(f"{api}/duplicates", {name: "y"}),
            client.post(f"{api}/merge", {"survivor": record, "losers": [twin], "fields": {name: record}}),
            client.get(f"/api/v1/meta/objects/{CLIENT}/fields/{name}"),
        ]
        return [(item.status_code, _plain(item.content.decode()).replace(name, "…")) for item in asked]

    expected = answers("nothing__c")
    for name in (*NAMES, *MADE):
        assert answers(name) == expected, name


def _plain(text: str) -> str:
    """Return an answer without the number of its request."""
    return re.sub(r'"(request_id|instance)": ?"[^"]*"', "", text)


# --- five hundred questions -------------------------------------------------------------------------------------
class Attacker:
    """Asks about the hidden values of one record by filters, sorts and searches, and lets answers lead him on."""

    def __init__(self, home: Hideout, who: str, planted: Planted) -> None:
        self.home, self.who, self.planted = home, who, planted
        self.client, self.pages = home.api(who), home.browser(who)
        self.seen: list[tuple[int, str]] = []

    def ask(self, query: str, path: str = f"/api/v1/records/{CLIENT}") -> bool:
        """Note what the answer tells; True when the record is in it."""
        client: Any = self.client if path.startswith("/api/") else self.pages
        answer = client.get(f"{path}?{query}")
        text = _stable(answer.content.decode())
        self.seen.append((answer.status_code, text))
        return self.home.ids["record_id"] in text

    def attack(self) -> list[tuple[int, str]]:
        for path in ("kz_number__c", "made_virtual__c", "safe__c", "made_copy__c", "company.made_sum__c"):
            self._narrow_number(path)
        for path in ("kz_text__c", "kz_mail__c", "made_text__c", "made_url__c", "company.name", "company_id"):
            self._narrow_text(path)
        for name in (*NAMES, *MADE, "company.name"):
            self._try_operators(name)
            for sign in ("", "-"):
                self.ask(f"sort={sign}{name}&fields=id")
                self.ask(f"sort={sign}{name}", f"/o/{CLIENT}/")
        for text in (self.planted.token, self.planted.token[:4], self.planted.phone, "RarestChoice", "Ann"):
            self.ask(f"q={text}", "/api/v1/search")
            self.ask(f"q={text}", "/search")
            self.ask(f"q={text}", f"/o/{CLIENT}/")
            self.ask(f"q={text}", f"/lookup/{CLIENT}")
            self.ask(f"q={text}", f"/lookup/{COMPANY}")
        return self.seen

    def _narrow_number(self, path: str) -> None:
        low, high = 0, 1_000_000_000
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.ask(f"filter[{path}][gte]={middle}&fields=id") else (low, middle - 1)
        self.ask(f"filter[{path}][eq]={low}&fields=id")

    def _narrow_text(self, path: str) -> None:
        known = ""
        for _place in range(3):
            for sign in "0123456789abcdefz":
                if self.ask(f"filter[{path}][starts]={known}{sign}&fields=id"):
                    known += sign
                    break
        self.ask(f"filter[{path}][eq]={known}&fields=id")

    def _try_operators(self, name: str) -> None:
        value = self.planted.values.get(name, self.planted.token)
        for operator in operators:
            operand: Any = None if operator.arity is Arity.NONE else value
            if operator.arity in (Arity.MANY, Arity.TWO):
                operand = [value, value]
            self.ask("filter=" + json.dumps({"field": name, "op": operator.key, "value": operand}))


def _stable(text: str) -> str:
    """Return an answer without what differs from one moment to the next."""
    text = re.sub(r'(csrf[^"]*" (?:value|content)="|nonce[^"]*"|"X-CSRFToken": ?")[^"]*', "", text, flags=re.IGNORECASE)
    return re.sub(r'hx-headers=\'[^\']*\'|"(request_id|instance|next_cursor)": ?"[^"]*"', "", text)


def plant(record_id: str, planted: Planted) -> None:
    """Put other values behind the platform's back into the hidden fields: nothing but these differs afterwards."""
    obj: Any = current_snapshot().object(CLIENT)
    company: Any = current_snapshot().object(COMPANY)
    values = {
        **planted.values,
        "made_text__c": f"{planted.token}!",
        "made_url__c": f"https://x.example/{planted.token}",
    }
    columns = {
        obj.field(name).attr: value
        for name, value in values.items()
        if not isinstance(obj.field(name).type, type(None))
    }
    obj.model.objects.filter(pk=record_id).update(**columns)
    company.model.objects.update(
        **{company.field("name").attr: f"{planted.token} Ltd", company.field("made_sum__c").attr: planted.number}
    )
    index_records(obj.spec.id, list(obj.model.objects.values_list("pk", flat=True)))
    index_records(company.spec.id, list(company.model.objects.values_list("pk", flat=True)))


def test_five_hundred_questions_do_not_tell_one_value_from_another(home: Hideout) -> None:
    other = Planted(number=123_456_789, phone="+8613911112222", day="1955-03-12")
    before = Attacker(home, "limited", home.planted).attack()
    told_admin = Attacker(home, "admin", home.planted).attack()
    plant(home.ids["record_id"], other)
    after = Attacker(home, "limited", home.planted).attack()
    assert len(before) >= FEWEST_QUERIES
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == []
    assert Attacker(home, "admin", home.planted).attack() != told_admin, "the questions would not tell anybody anything"
    assert all(status < 500 for status, _text in before)


def test_duplicates_and_pickers_do_not_answer_guesses(home: Hideout) -> None:
    record, api = home.ids["record_id"], f"/api/v1/records/{CLIENT}"
    for guess in (home.planted.token, "wrong"):
        for name in ("kz_text__c", "nothing__c"):
            found = home.api("limited").post(f"{api}/duplicates", {name: guess}).json()
            assert found["duplicates"] == []
    assert home.api("limited").get(f"{api}/{record}/duplicates").json()["duplicates"] == []
    assert home.api("admin").get(f"{api}/{record}/duplicates").json()["duplicates"] != []
    pages = [home.browser("limited").get(f"/lookup/{COMPANY}?for={CLIENT}.{name}") for name in ("kz_link__c", "no__c")]
    assert len({answer.status_code for answer in pages}) == 1
    counts = {f"{CLIENT}.kz_link__c": 2, f"{CLIENT}.company_id": 1, "unknown.field": 1}
    assert told_counts(home.actor("limited"), counts) == {f"{CLIENT}.company_id": 1}


# --- files --------------------------------------------------------------------------------------------------------
def test_files_of_hidden_fields_are_not_there(home: Hideout) -> None:
    file_id = home.ids["file_id"]
    for address in (f"/api/v1/files/{file_id}", f"/api/v1/files/{file_id}/content"):
        assert home.api("admin").get(address).status_code == 200
        assert home.api("limited").get(address).status_code == 404
    assert home.browser("admin").get(f"/files/{file_id}").status_code == 200
    assert home.browser("limited").get(f"/files/{file_id}").status_code == 404


# --- hidden fields do not stand in the way -------------------------------------------------------------------------
def test_a_required_hidden_field_has_its_default(home: Hideout) -> None:
    made = home.api("limited").post(f"/api/v1/records/{CLIENT}", {"name": "New"})
    assert made.status_code == 201
    found = home.api("admin").get(f"/api/v1/records/{CLIENT}/{made.json()['id']}").json()
    assert found["kz_need__c"] == "given by default"


def test_what_is_declared_safe_is_read_although_its_sources_are_hidden(home: Hideout) -> None:
    found = home.api("limited").get(f"/api/v1/records/{CLIENT}/{home.ids['record_id']}").json()
    assert found["safe__c"] == len(home.planted.token)
    assert "made_text__c" not in found
    assert connection.schema_name == home.schema_name


def test_reading_all_sources_opens_what_is_made_of_them(home: Hideout) -> None:
    from crm_platform.identity.models import Profile

    profile = Profile.objects.get(api_name="sales_rep")
    set_field_levels(home.actor("admin"), profile, CLIENT, {"kz_text__c": "read"})
    found = home.api("limited").get(f"/api/v1/records/{CLIENT}/{home.ids['record_id']}").json()
    assert found["made_text__c"] == f"{home.planted.token}!"
    assert "made_virtual__c" not in found
