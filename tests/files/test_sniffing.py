"""What contents are found to be, and what becomes of names."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_platform.files.kinds import BY_EXTENSION, BY_MIME
from crm_platform.files.sniffing import MAX_NAME, clean_name, matches_name, sniff
from tests.kit.uploads import HTML, PDF, SVG, office, picture, sound

WEBM = bytes.fromhex("1A45DFA39F4286810142F7810142F2810442F381084282847765626D") + b"\0" * 50
MP4 = b"\0\0\0\x1cftypisom\0\0\0\0mp42isom" + b"\0" * 40
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600


def found(content: bytes, name: str = "x", declared: str = "") -> str:
    return sniff(io.BytesIO(content), name, declared).mime


@pytest.mark.parametrize(
    ("content", "name", "mime"),
    [
        (picture("PNG"), "a.png", "image/png"),
        (picture("JPEG"), "a", "image/jpeg"),
        (picture("WEBP"), "a.bin", "image/webp"),
        (picture("GIF"), "a.gif", "image/gif"),
        (PDF, "a.pdf", "application/pdf"),
        (office("word/"), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl/"), "a.zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("other/"), "a.docx", "application/zip"),
        (OLE, "a.xls", "application/vnd.ms-excel"),
        (OLE, "a.exe", "application/msword"),
        (sound(), "a.wav", "audio/wav"),
        (WEBM, "a.webm", "video/webm"),
        (WEBM, "a.weba", "audio/webm"),
        (MP4, "a.mp4", "video/mp4"),
        (MP4, "a.m4a", "audio/mp4"),
        (b"OggS\0\x02" + b"\0" * 40, "a.opus", "audio/ogg"),
        ("姓名,电话\n".encode(), "a.csv", "text/csv"),
        ("你好".encode("gb18030"), "a.txt", "text/plain"),
        ("汉" .encode() * 4000, "a.txt", "text/plain"),
        (b"plain words", "a.exe", "text/plain"),
        (HTML, "a.png", "text/html"),
        (b"\xef\xbb\xbf  <html>", "a.txt", "text/html"),
        (b"GIF8 <script>alert(1)</script>", "a.gif", "text/html"),
        (SVG, "a.svg", "image/svg+xml"),
        (b'<?xml version="1.0"?><!-- x --><svg></svg>', "a.png", "image/svg+xml"),
        (b"MZ\x90\0" + b"\0" * 200, "a.png", "application/octet-stream"),
        (b"\x7fELF" + b"\0" * 200, "a.txt", "application/octet-stream"),
        (bytes(range(256)), "a.txt", "application/octet-stream"),
    ],
)  # fmt: skip
def test_content_decides_not_the_name(content: bytes, name: str, mime: str) -> None:
    assert found(content, name) == mime


def test_sender_only_decides_between_sound_and_video() -> None:
    assert found(WEBM, "note", "audio/webm;codecs=opus") == "audio/webm"
    assert found(HTML, "note", "image/png") == "text/html"


def test_documents_with_macros_are_other() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("xl/vbaProject.bin", "x")
    assert found(out.getvalue(), "a.xlsx") == "application/octet-stream"


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"PK\x03\x04" + b"\xff" * 500, office("word/")[:-30]])
def test_broken_archives_are_archives(content: bytes) -> None:
    assert found(content, "a.docx") == "application/zip"


@pytest.mark.parametrize(
    ("mime", "name", "fits"),
    [
        ("image/jpeg", "a.png", True),
        ("text/html", "a.png", False),
        ("image/svg+xml", "a.jpg", False),
        ("application/zip", "a.docx", False),
        ("application/octet-stream", "a.pdf", False),
        ("audio/webm", "a.webm", True),
        ("text/html", "a.html", True),
        ("text/plain", "a.unknown", True),
        ("application/pdf", "no extension", True),
    ],
)
def test_names_that_promise_something_certain_must_keep_it(mime: str, name: str, fits: bool) -> None:
    assert matches_name(BY_MIME[mime], name) is fits


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("合同 2026.pdf", "合同 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\plan.xlsx", "plan.xlsx"),
        ("/", "file"),
        ("", "file"),
        ("..", "file"),
        (".htaccess", "htaccess"),
        ("a\x00b\r\nSet-Cookie: x.txt", "abSet-Cookie: x.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("\ud800x.txt", "x.txt"),
        ("   spaced    out .txt ", "spaced out .txt"),
        ("x" * 300 + ".pdf", "x" * (MAX_NAME - 4) + ".pdf"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_names_are_made_fit(given_name: str, kept: str) -> None:
    assert clean_name(given_name) == kept


@settings(max_examples=300, deadline=None, database=None)
@given(name=st.text(max_size=400), content=st.binary(max_size=300))
def test_whatever_comes_there_is_a_type_and_a_name(name: str, content: bytes) -> None:
    assert found(content, name) in BY_MIME
    kept = clean_name(name)
    assert 0 < len(kept) <= MAX_NAME
    assert "/" not in kept
    assert kept == clean_name(kept)
    kept.encode()


def test_no_extension_belongs_to_two_types() -> None:
    assert sum(len(item.extensions) for item in BY_MIME.values()) == len(BY_EXTENSION)
