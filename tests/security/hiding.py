"""An organisation in which one person may not see some fields, and what is planted in them."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import Profile, User
from crm_platform.kit.context import Actor, system_actor
from crm_platform.tenancy.context import tenant_context
from layouts.services import ListViewInput, create_list_view
from metadata import services
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from metadata.models import BusinessObject
from metadata.rule_inputs import DuplicateRuleInput, MatchingRuleInput, RecordTypeInput, ValidationRuleInput
from objects.access.grants import ACTIONS, grant_object
from objects.access.services.field_levels import set_field_levels
from objects.exchange.services import new_import
from objects.records.drafts import Consent
from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit import make
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.uploads import upload
from workflows.pools.models import RecycleRun
from workflows.pools.services.claiming import release
from workflows.pools.services.inputs import MemberInput, PoolInput
from workflows.pools.services.settings import create_pool, set_members

COMPANY, CLIENT, ORDER = "company__c", "client__c", "order__c"
MASKED = "masked__c"  # of the client: seen by everybody, but not while the record waits in the pool
MARK = "kz_"  # begins the API name of every hidden field, and its label
NOBODY = {"field": "name", "op": "eq", "value": "nobody"}  # what goes into the pool by itself
HIDDEN = ("text", "number", "day", "mail", "phone", "pick", "file", "link", "need", "notes")
# Visible to nobody who does not read what they are made of, whatever the grants say.
MADE = ("made_text__c", "made_virtual__c", "made_url__c")


def hidden(kind: str, type_key: str, **options: Any) -> FieldInput:
    return FieldInput(f"{MARK}{kind}__c", type_key, f"{MARK}{kind} label", **options)


def formula(api_name: str, expression: str, returns: str, **settings: Any) -> FieldInput:
    return FieldInput(
        api_name, "formula", api_name, settings={"expression": expression, "returns": returns, **settings}
    )


@dataclass(frozen=True)
class Planted:
    """What only somebody else may see: a value for every hidden field."""

    token: str = field(default_factory=lambda: f"zq{secrets.token_hex(6)}")
    number: int = field(default_factory=lambda: 100_000_000 + secrets.randbelow(800_000_000))
    day: str = field(default_factory=lambda: f"19{10 + secrets.randbelow(80)}-03-{10 + secrets.randbelow(18)}")
    phone: str = field(default_factory=lambda: f"+8613{secrets.randbelow(10**9):09d}")
    masked: str = field(default_factory=lambda: f"vk{secrets.token_hex(6)}")  # until the record is claimed

    @property
    def values(self) -> dict[str, Any]:
        return {
            "kz_text__c": self.token,
            "kz_number__c": self.number,
            "kz_day__c": self.day,
            "kz_mail__c": f"{self.token}@example.com",
            "kz_phone__c": self.phone,
            "kz_pick__c": "rare",
            "kz_notes__c": f"Long ago {self.token} was told",
        }

    @property
    def traces(self) -> tuple[str, ...]:
        """Texts of which none may appear anywhere: the values as they are kept, and as people read them."""
        digits, day = str(self.number), self.day
        year, month, of_month = day.split("-")
        rest = (digits, f"{self.number:,}", str(self.number + 1), f"{self.number + 1:,}", day)
        words = (f"{year}/{int(month)}/{int(of_month)}", self.phone, self.phone[3:], "RarestChoice")
        return (self.token, self.token.upper(), *rest, *words)


@dataclass
class Hideout:
    """The organisation: hosts, people, what was planted and where."""

    schema_name: str
    host: str
    planted: Planted
    ids: dict[str, str]
    keys: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def browser(self, name: str) -> OrganizationClient:
        client = OrganizationClient(self.host, raise_request_exception=False)
        client.cookies["sessionid"] = self.cookies[name]
        return client

    def api(self, name: str) -> OrganizationAPIClient:
        client = OrganizationAPIClient(self.host, raise_request_exception=False)
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.keys[name]}")
        return client

    def actor(self, name: str) -> Actor:
        return build_actor(User.objects.get(username=name), via="console")


@contextmanager
def hideout() -> Iterator[Hideout]:
    """Make the organisation; it is dropped afterwards."""
    with make.organization(enter=False) as made:
        with tenant_context(made.schema_name):
            place = _furnish(made.schema_name, f"{made.slug}.localhost")
        yield place


def _furnish(schema_name: str, host: str) -> Hideout:
    _model()
    _people()
    place = Hideout(schema_name, host, Planted(), {})
    place.ids = _records(place.actor("admin"), place.planted)
    for name in ("admin", "limited", "member"):
        client = OrganizationClient(host)
        client.force_login(User.objects.get(username=name))
        place.cookies[name] = client.cookies["sessionid"].value
        place.keys[name] = create_key(place.actor(name), "key", list(SCOPES))[1]
    return place


def _model() -> None:
    maker = system_actor()
    services.create_object(maker, ObjectInput(COMPANY, "Company", fields=[FieldInput("open__c", "text", "Open")]))
    services.create_object(maker, ObjectInput(CLIENT, "Client", fields=_client_fields(), has_pools=True))
    lookup = FieldInput("client_id", "lookup", "Client", settings={"target": CLIENT}, is_custom=False)
    services.create_object(maker, ObjectInput(ORDER, "Order", fields=[lookup]))
    value = FieldInput("made_value__c", "lookup_value", "Value", settings={"path": "client.kz_text__c"})
    services.add_field(maker, ORDER, value)
    copy = FieldInput("made_copy__c", "copied_value", "Copy", settings={"path": "client.kz_number__c"})
    services.add_field(maker, ORDER, copy)
    rollup = {"object": CLIENT, "lookup": "company_id", "operation": "sum", "field": "kz_number__c"}
    services.add_field(maker, COMPANY, FieldInput("made_sum__c", "rollup", "Sum", settings=rollup))
    counted = {"object": CLIENT, "lookup": "company_id", "operation": "count", "filter": "kz_number__c > 5"}
    services.add_field(maker, COMPANY, FieldInput("made_count__c", "rollup", "Count", settings=counted))
    rule = ValidationRuleInput("rule__c", "Rule", 'name = "break"', "No: {kz_text__c}", location="kz_text__c")
    services.create_validation_rule(maker, CLIENT, rule)
    narrowed = {"kz_pick__c": ["rare"]}
    services.create_record_type(maker, CLIENT, RecordTypeInput("big", "Big", choices=narrowed))
    services.create_record_type(maker, CLIENT, RecordTypeInput("small", "Small", choices=narrowed))
    matchers = [{"method": "exact", "fields": ["kz_text__c"]}]
    services.create_matching_rule(maker, CLIENT, MatchingRuleInput("same__c", "Same", CLIENT, matchers))
    shown = ["name", "kz_text__c", "kz_mail__c"]
    duplicate = DuplicateRuleInput("twice__c", "Twice", ["same__c"], {"create": "warn"}, shown_fields=shown)
    services.create_duplicate_rule(maker, CLIENT, duplicate)


def _client_fields() -> list[FieldInput]:
    choices = [ChoiceInput("rare", "RarestChoice"), ChoiceInput("usual", "UsualChoice")]
    return [
        FieldInput("open__c", "text", "Open", is_searchable=True),
        FieldInput(MASKED, "text", "Until claimed", is_searchable=True, is_indexed=True),
        FieldInput("company_id", "lookup", "Company", settings={"target": COMPANY}, is_custom=False),
        hidden("text", "text", is_searchable=True, is_indexed=True),
        hidden("number", "integer", is_indexed=True),
        hidden("day", "date"),
        hidden("mail", "email", is_searchable=True, is_unique=True),
        hidden("phone", "phone", is_searchable=True),
        hidden("pick", "picklist", choices=choices),
        hidden("file", "file"),
        hidden("link", "lookup", settings={"target": COMPANY}),
        hidden("need", "text", is_required=True, default="given by default"),
        hidden("notes", "long_text"),
        formula("made_text__c", 'kz_text__c & "!"', "text"),
        formula("made_virtual__c", "kz_number__c + 1", "decimal", storage="virtual"),
        formula("safe__c", "LEN(kz_text__c)", "integer", is_safe=True),
        FieldInput("made_url__c", "dynamic_url", "Url", settings={"template": "https://x.example/{kz_text__c}"}),
    ]


def _people() -> None:
    make.user("limited", role="everything")
    make.user("member")  # of the pool, with the same profile, who sees nothing else
    profile = Profile.objects.get(api_name="sales_rep")
    for name in (COMPANY, CLIENT, ORDER):
        grant_object(system_actor(), profile, BusinessObject.objects.get(api_name=name), ACTIONS)
    kept = {f"{MARK}{kind}__c": "hidden" for kind in HIDDEN}
    set_field_levels(system_actor(), profile, CLIENT, kept)
    set_field_levels(system_actor(), profile, COMPANY, {"name": "hidden"})


def _pool(records: RecordService, values: dict[str, Any]) -> dict[str, str]:
    """Return a pool in which such a record waits, with a turn of taking back and what has moved it."""
    member = User.objects.get(username="member")
    pool = create_pool(
        system_actor(),
        PoolInput(object=CLIENT, label="Pool", masked_fields=[MASKED], order=[MASKED], recycles=True, scope=NOBODY),
    )
    set_members(system_actor(), pool.pk, [MemberInput(principal=f"user:{member.pk}")])
    now, held = timezone.now(), records.create(CLIENT, values).id
    release(system_actor(), CLIENT, [held], pool_id=pool.pk)
    run = RecycleRun.objects.create(pool=pool, scheduled_for=now, cutoff=now, finished_at=now)
    return {"pool_id": str(pool.pk), "waiting_id": str(held), "run_id": str(run.pk)}


def _limited() -> Actor:
    return build_actor(User.objects.get(username="limited"), via="console")


def _records(admin: Actor, planted: Planted) -> dict[str, str]:
    records = RecordService(admin, consent=Consent(duplicates=True, reason="Planted"))
    company = records.create(COMPANY, {"name": f"{planted.token} Ltd", "open__c": "known"})
    scan = upload(admin, f"{planted.token}.txt")
    values = {**planted.values, "kz_file__c": [scan.id], "kz_link__c": str(company.id)}
    links = {"company_id": str(company.id), "open__c": "known"}
    client = records.create(CLIENT, {"name": "Ann", **links, **values})
    records.update(CLIENT, client.id, {"kz_notes__c": f"And again {planted.token}", "open__c": "changed"})
    twin = records.create(CLIENT, {"name": "Bob", **links, "kz_text__c": "other", "kz_number__c": 7})
    records.create(CLIENT, {"name": "Double", **links, "kz_text__c": planted.token})
    gone = records.create(CLIENT, {"name": "Gone", **links, "kz_text__c": planted.token})
    order = records.create(ORDER, {"name": "One", "client_id": str(client.id)})
    waiting = {"name": "Waits", **links, **planted.values, "kz_mail__c": f"w{planted.token}@example.com"}
    view = create_list_view(
        admin,
        CLIENT,
        ListViewInput(
            "Rare",
            ["name", MASKED, "kz_text__c"],
            {"field": "kz_number__c", "op": "gt", "value": 5},
            order=["-kz_number__c"],
            api_name="rare",
            is_shared=True,
            is_default=True,
        ),
    )
    plain = ListViewInput("Plain", ["name", "kz_text__c"], order=["kz_text__c"], api_name="plain", is_shared=True)
    create_list_view(admin, CLIENT, plain)
    return {
        "object_name": CLIENT,
        "record_id": str(client.id),
        "twin_id": str(twin.id),
        "company_id": str(company.id),
        "order_id": str(order.id),
        **_pool(records, {**waiting, MASKED: planted.masked}),
        "deletion_id": str(records.delete(CLIENT, gone.id)),
        "file_id": str(scan.id),
        "view_id": str(view.uuid),
        "import_id": str(new_import(_limited(), CLIENT, io.BytesIO(b"name\nImported\n"), "rows.csv").pk),
        "which": "unprocessed",
    }
