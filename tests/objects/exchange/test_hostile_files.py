"""Files that nobody should have sent: told in words what is wrong, never an exception, never all memory."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from objects.exchange import csv_files, sources
from objects.exchange.cells import read_number
from objects.exchange.moments import read_date, read_moment
from objects.exchange.problems import BadFile
from objects.exchange.sources import read_head
from objects.exchange.tables import marked, unmarked
from tests.objects.exchange.files import csv_bytes, xlsx_bytes


def rows(content: bytes) -> list[list[str]]:
    file = io.BytesIO(content)
    return [cells for _number, cells in sources.rows_of(file, sources.detect(file))]


TABLE = [["姓名", "备注"], ["𠮷野㐂", 'he said "x",\r\nthen left'], ["", ""], ["末", "🙂"]]
READ = [TABLE[0], TABLE[1], TABLE[3]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_encoding_and_delimiter_is_recognised(encoding: str, delimiter: str) -> None:
    table = [["name", "notes for all of us"], *TABLE] if encoding == "utf-16-le" else TABLE
    found = rows(csv_bytes(table, encoding, delimiter))
    assert found == ([table[0], *READ] if encoding == "utf-16-le" else READ)


def test_rows_keep_the_numbers_of_the_file() -> None:
    content = b"a,b\n\n1,2\n,\n3,4\n"
    file = io.BytesIO(content)
    assert [number for number, _cells in sources.rows_of(file, sources.detect(file))] == [1, 3, 5]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "required"),
        (b"\n\n,,\n", "required"),
        (b"name,phone\n", "required"),
        (b"\xff\xff\xff\x81", "invalid_type"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "invalid_type"),
        (b"PK\x03\x04not a zip", "invalid_type"),
        (",".join("x" * 1_000_000).encode() + b"\n1\n", "payload_too_large"),
        (b"a,b\n" + b"x" * 140_000 + b",1\n", "invalid_type"),
        (b'a,b\n"' + b"never closed\n" * 20_000, "invalid_type"),
        (b"a,b\n" + b"y" * 5_000_000, "payload_too_large"),
    ],
    ids=["empty", "blank", "header", "bytes", "ole", "zip", "million", "cell", "quote", "line"],
)
def test_bad_files_are_refused_in_words(content: bytes, code: str) -> None:
    with pytest.raises(BadFile) as refused:
        list(read_head(io.BytesIO(content)).rows)
        rows(content)
    assert refused.value.errors[0].code == code and refused.value.errors[0].text


def test_zip_bombs_are_refused_before_anything_is_unpacked() -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _ in range(64):
                member.write(b" " * (1 << 20))
    with pytest.raises(BadFile) as refused:
        read_head(bomb)
    assert refused.value.errors[0].code == "payload_too_large"


def test_entities_of_workbooks_are_never_expanded() -> None:
    source, made = io.BytesIO(xlsx_bytes([["a"], ["b"]])), io.BytesIO()
    laugh = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(made, "w") as new:
        for item in old.infolist():
            data = old.read(item)
            new.writestr(item, laugh + data.split(b"?>")[-1] if item.filename.endswith("workbook.xml") else data)
    with pytest.raises(BadFile):
        read_head(made)


def test_headers_may_repeat_or_be_missing() -> None:
    head = read_head(io.BytesIO(b"name,name,,phone,\nA,B,C,1,\n"))
    assert head.header == ["name", "name", "", "phone"] and head.rows == [(2, ["A", "B", "C", "1", ""])]


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@a", "\tx", "'=x", "''=x", "'", "-5", "-1,234.5", "", "x"])
def test_marks_against_formulas_come_off_again(cell: str) -> None:
    assert unmarked(marked(cell)) == cell
    assert marked(cell)[:1] not in ("=", "@") and not marked(cell).startswith("+c")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", "1234.50"),
        ("￥１，２３４", "1234"),
        ("CN¥1,234.50", "1234.50"),
        ("-¥3.00", "-3.00"),
        ("(12.5)", "-12.5"),
        ("3.5万", "35000"),
        ("1亿元", "100000000"),
        ("RMB 20", "20"),
        ("1.234,5", "1.234,5"),
        ("12 apples", "12 apples"),
        ("(5", "(5"),
    ],
)
def test_numbers_of_chinese_files_are_read(text: str, number: str) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026年1月5日", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("2026.01.05", "2026-01-05"),
        ("20260105", "2026-01-05"),
        ("2026-01-05 00:00:00", "2026-01-05"),
        ("2026年1月5日 星期一", "2026-01-05"),
        ("Jan 5, 2026", "2026-01-05"),
        ("5 January 2026", "2026-01-05"),
        ("1/5/2026", None),
        ("2026-02-30", None),
        ("2026-01-05 10:00", None),
    ],
)
def test_days_are_read_where_they_can_be_one_day_only(text: str, iso: Any) -> None:
    found = read_date(text)
    assert (found.isoformat() if found else None) == iso


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026/1/5 下午2:30", "2026-01-05T14:30:00+08:00"),
        ("2026年1月5日14时30分", "2026-01-05T14:30:00+08:00"),
        ("Jan 5, 2026 2:30 PM", "2026-01-05T14:30:00+08:00"),
        ("2026-01-05T14:30:59", "2026-01-05T14:30:59+08:00"),
        ("2026-01-05 10:00 (Europe/Berlin)", "2026-01-05T10:00:00+01:00"),
        ("2026-01-05", "2026-01-05T00:00:00+08:00"),
        ("2026-01-05 25:00", None),
        ("2026-01-05 10:00 (Mars/Base)", None),
    ],
)
def test_moments_are_meant_in_the_readers_zone(text: str, iso: Any) -> None:
    from zoneinfo import ZoneInfo

    found = read_moment(text, ZoneInfo("Asia/Shanghai"))
    assert (found.isoformat() if found else None) == iso


def test_an_unknown_wish_is_refused() -> None:
    for wish in ({"encoding": "rot13"}, {"delimiter": "x"}):
        with pytest.raises(BadFile):
            sources.detect(io.BytesIO(b"a,b\n1,2\n"), wish)
    with pytest.raises(BadFile):
        sources.detect(io.BytesIO(xlsx_bytes([["a"], ["b"]])), {"sheet": "Nope"})
    assert csv_files.detect_delimiter(io.BytesIO(b"only\none\n"), "utf-8") == ","
