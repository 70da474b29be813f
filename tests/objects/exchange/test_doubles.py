"""What becomes of rows that are there already, within a chunk, across chunks and in the table; and what is told before.

Chunks have two rows here. Every file is checked first: the dry run must tell what the import then does.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from metadata.compiler.current import current_snapshot
from metadata.inputs import FieldInput, ObjectInput
from objects.exchange import job, services
from objects.exchange.models import Import, ImportKey
from objects.records.drafts import Consent
from objects.records.service import RecordService
from tests.kit.work import run_queued_jobs
from tests.objects import world as worlds
from tests.objects.duplicates.book import field, match_on, matcher, rule, word
from tests.objects.exchange.files import counts, prepared, result
from tests.objects.world import World

OBJECTS = (
    ObjectInput(
        "client",
        "Client",
        is_custom=False,
        fields=[
            word("name", is_required=True),
            word("code", is_unique=True),
            field("phone", "phone"),
            word("city"),
            field("parent_id", "lookup", target="client"),
            FieldInput("friends__c", "multi_lookup", "Friends", settings={"target": "client"}),
        ],
    ),
)
PHONES = [f"1380013800{number}" for number in range(9)]
FILE = [
    ["Name", "phone", "city"],
    ["a1", PHONES[1], "x"], ["a2", PHONES[1], "y"],  # within a chunk
    ["b1", PHONES[2], "x"], ["a3", "+86 " + PHONES[1], "z"],  # across chunks, written otherwise
    ["known", PHONES[0], "z"], ["b2", PHONES[2], "y"],  # what is there, across chunks
    ["none", "", "x"], ["c1", PHONES[3], "x"],
]  # fmt: skip


@pytest.fixture(scope="module")
def the_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), worlds.world(OBJECTS) as made:
        yield made


@pytest.fixture
def boss(world: World, monkeypatch: pytest.MonkeyPatch) -> Actor:
    monkeypatch.setattr(job, "CHUNK", 2)
    match_on("client", "phones", matcher("phone", ["phone"]))
    rule("client", "phones", "warn")
    return world.actor("boss")


def carried_out(actor: Actor, rows: Any, **plan: Any) -> Import:
    """Check a file, import it, see that both say the same, and return the import."""
    row = prepared(actor, "client", rows, **plan)
    services.try_all(actor, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    said = row.check_result
    services.start(actor, row.pk)
    run_queued_jobs()
    row.refresh_from_db()
    assert tuple(said["counts"][name] for name in ("created", "updated", "skipped", "failed")) == counts(row)
    assert said["problems"] == row.problems
    assert not ImportKey.objects.exists()
    return row


def there() -> dict[str, tuple[Any, ...]]:
    model: Any = current_snapshot().object("client").model
    rows = model._base_manager.filter(deleted_at=None).order_by("id")
    return {row.value("name"): (row.value("city"), row.version) for row in rows}


@pytest.mark.parametrize(
    ("mode", "expected", "names"),
    [
        ("skip", (4, 0, 4, 0), ["there", "a1", "b1", "none", "c1"]),
        ("allow", (8, 0, 0, 0), ["there", "a1", "a2", "b1", "a3", "known", "b2", "none", "c1"]),
        ("update", (4, 4, 0, 0), ["known", "a3", "b2", "none", "c1"]),
    ],
)
def test_each_mode_wherever_the_double_is(boss: Actor, mode: str, expected: tuple[int, ...], names: list[str]) -> None:
    RecordService(boss).create("client", {"name": "there", "phone": PHONES[0], "city": "old"})
    row = carried_out(boss, FILE, duplicates=mode)
    assert (counts(row), list(there())) == (expected, names)
    if mode == "skip":
        skipped = result(row)[1:]
        assert [line[0] for line in skipped] == ["a2", "a3", "known", "b2"]
        assert there()["there"] == ("old", 1)
        assert row.problems == {"duplicate_detected": 4}
    if mode == "update":
        assert (there()["known"][0], there()["a3"], there()["b2"]) == ("z", ("z", 3), ("y", 2))
        services.undo(boss, row.pk)
        run_queued_jobs()
        assert there() == {"there": ("old", 3)}


def test_what_no_mode_gets_past(world: World, boss: Actor) -> None:
    RecordService(boss).create("client", {"name": "there", "phone": PHONES[0]})
    rule("client", "never", "block", "phones")
    row = carried_out(boss, FILE, duplicates="allow")
    assert counts(row) == (4, 0, 0, 4)
    theirs = carried_out(world.actor("rep"), [FILE[0], ["mine", PHONES[0], "x"]], duplicates="update")
    assert counts(theirs) == (0, 0, 0, 1)  # whom he can't see he can't change
    assert "there" not in str(result(theirs))


def test_several_that_are_alike_are_nobodys_to_update(boss: Actor) -> None:
    for name in "12":
        RecordService(boss, consent=Consent(duplicates=True)).create("client", {"name": name, "phone": PHONES[0]})
    row = carried_out(boss, [FILE[0], ["3", PHONES[0], "x"], ["4", PHONES[4], "x"]], duplicates="update")
    assert (counts(row), list(there())) == ((1, 0, 0, 1), ["1", "2", "4"])


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"mode": "create"}, (2, 0, 0, 4)),
        ({"mode": "upsert", "key": "code"}, (2, 4, 0, 0)),
        ({"mode": "update", "key": "code"}, (0, 2, 0, 4)),
    ],
)
def test_values_that_are_unique_meet_across_chunks(boss: Actor, plan: Any, expected: tuple[int, ...]) -> None:
    RecordService(boss).create("client", {"name": "there", "code": "T0"})
    codes = ["K1", "T0", "k1", "K2", "K1", "t0"]
    rows = [["Name", "code"], *([f"n{number}", code] for number, code in enumerate(codes))]
    assert counts(carried_out(boss, rows, **plan)) == expected


def test_rules_of_several_fields_meet_only_where_all_are_the_same(boss: Actor) -> None:
    match_on("client", "both", matcher("exact", ["name"]), matcher("exact", ["city"]))
    rule("client", "both", "warn")
    people = [("王", "沪"), ("李", "沪"), ("王", "京"), ("李", "津"), ("王", "沪"), ("李", "京"), ("王", "京")]
    row = carried_out(boss, [["Name", "city"], *people])
    assert (counts(row), [line[2] for line in result(row)[1:]]) == ((5, 0, 2, 0), ["6", "8"])


# --- relations ----------------------------------------------------------------------------------------------------
def test_rows_name_earlier_rows_and_nothing_is_guessed(boss: Actor) -> None:
    for name, code in (("总部", "HQ"), ("双胞", "T1"), ("双胞", "T2")):
        RecordService(boss).create("client", {"name": name, "code": code})
    rows = [
        ["Name", "code", "parent_id", "Friends"],
        ["甲", "A", "", ""], ["乙", "B", "总部", ""],
        ["丙", "C", "甲", "乙;总部"], ["丁", "D", "双胞", ""],  # of an earlier chunk; several; by a unique field
        ["戊", "E", "T1", ""], ["己", "F", "没有", "甲"],  # nobody
        ["庚", "G", "丙", "甲;没有"], ["甲", "H", "", ""],
        ["辛", "I", "甲", ""], ["壬", "J", "b", "丙"],  # by now there are two; by a unique field, whatever its case
    ]  # fmt: skip
    row = carried_out(boss, rows)
    failed = {line[0]: line[-1] for line in result(row)[1:]}
    assert (counts(row), list(failed)) == ((6, 0, 0, 4), ["丁", "己", "庚", "辛"])
    assert [("“双胞”" in failed["丁"]), ("“没有”" in failed["己"]), ("“没有”" in failed["庚"])] == [True] * 3
    model: Any = current_snapshot().object("client").model
    made = {item.value("code"): item for item in model._base_manager.all()}
    parents = {code: made[code].value("parent_id") for code in "BCEJ"}
    wanted = {"B": "HQ", "C": "A", "E": "T1", "J": "B"}
    assert {code: parents[code].id for code in wanted} == {code: made[wanted[code]].pk for code in wanted}
    assert {link.id for link in made["C"].value("friends__c")} == {made["B"].pk, made["HQ"].pk}


def test_a_chosen_field_is_the_only_one_looked_at(boss: Actor) -> None:
    RecordService(boss).create("client", {"name": "总部", "code": "HQ"})
    columns = [{"field": "name"}, {"field": "parent_id", "match": "code"}]
    row = carried_out(boss, [["n", "p"], ["a", "HQ"], ["b", "总部"], ["c", "hq"], ["d", " HQ "]], columns=columns)
    assert (counts(row), [line[0] for line in result(row)[1:]]) == ((3, 0, 0, 1), ["b"])
    wrong = [columns[0], {"field": "parent_id", "match": "city"}]
    with pytest.raises(ValidationFailed):
        prepared(boss, "client", [["n", "p"], ["a", "HQ"]], columns=wrong)


def test_a_dry_run_that_is_killed_goes_on_where_it_stopped(boss: Actor) -> None:
    row = prepared(boss, "client", FILE)
    kept: list[Any] = []

    def context(dies_at: int) -> Any:
        def save(cursor: Any, **_counts: Any) -> None:
            if cursor["done"] == dies_at:
                raise KeyboardInterrupt  # the keys of the chunk are there, its place is not
            kept.append(cursor)

        given = {"import": str(row.pk)}
        return SimpleNamespace(args=given, actor=boss, cursor=kept[-1] if kept else None, save_cursor=save)

    with pytest.raises(KeyboardInterrupt):
        job.run_check(context(4))
    assert ImportKey.objects.filter(owner=row).exists()
    found = job.run_check(context(-1))
    assert (found["created"], found["skipped"], ImportKey.objects.exists()) == (5, 3, False)
