"""Uploads and downloads of the console."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm_platform.files.models import StoredFile
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.uploads import HTML, PDF, SVG, picture, sound, upload

pytestmark = pytest.mark.django_db


def send(client: OrganizationClient, name: str, content: bytes, content_type: str = "") -> Any:
    return client.post("/files/", {"file": SimpleUploadedFile(name, content, content_type)})


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_upload_answers_with_what_was_found(admin_client: OrganizationClient) -> None:
    answer = send(admin_client, "..\\a b.png", picture(size=(30, 20)), "text/html")
    assert answer.status_code == 201
    facts = answer.json()
    assert facts["name"] == "a b.png"
    assert (facts["content_type"], facts["kind"], facts["width"], facts["height"]) == ("image/png", "image", 30, 20)
    assert facts["is_attached"] is False
    assert body(admin_client.get(f"/files/{facts['id']}"))[:4] == b"\x89PNG"


@pytest.mark.parametrize(("name", "content"), [("a.png", HTML), ("a.txt", b""), ("a.png", b"\x89PNG\r\n\x1a\nrubbish")])
def test_refused_upload_says_why_as_json(admin_client: OrganizationClient, name: str, content: bytes) -> None:
    answer = send(admin_client, name, content)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert not StoredFile.objects.exists()


def test_upload_without_a_file_is_refused(admin_client: OrganizationClient) -> None:
    assert admin_client.post("/files/", {}).status_code == 422
    assert admin_client.post("/files/", {"file": "words"}).status_code == 422


def test_request_beyond_the_limit_ends_before_its_body_is_stored(
    admin_client: OrganizationClient, settings: Any
) -> None:
    settings.FILE_MAX_BYTES = 10
    answer = send(admin_client, "a.txt", b"x" * (1024 * 1024 + 100))
    assert answer.status_code in (400, 413)
    assert not StoredFile.objects.exists()
    assert send(admin_client, "a.txt", b"x" * 11).status_code == 422


def test_strangers_neither_upload_nor_download(client: OrganizationClient, admin_actor: Any) -> None:
    kept = upload(admin_actor)
    assert send(client, "a.txt", b"x")["Location"].startswith("/sign-in")
    assert client.get(f"/files/{kept.id}")["Location"].startswith("/sign-in")


def test_loose_file_is_its_uploaders_alone(admin_client: OrganizationClient, admin_actor: Any) -> None:
    kept = upload(admin_actor)
    assert admin_client.get(f"/files/{kept.id}").status_code == 200
    other = OrganizationClient(admin_client.defaults["HTTP_HOST"]) if "HTTP_HOST" in admin_client.defaults else None
    other = other or OrganizationClient("acme.localhost")
    other.force_login(make.user(role="everything", profile="administrator"))
    assert other.get(f"/files/{kept.id}").status_code == 404


@pytest.mark.parametrize(
    ("name", "content", "disposition"),
    [
        ("a.png", picture(), "inline"),
        ("a.wav", sound(), "inline"),
        ("a.pdf", PDF, "attachment"),
        ("a.html", HTML, "attachment"),
        ("a.svg", SVG, "attachment"),
        ("a.txt", b"words", "attachment"),
    ],
)
def test_content_is_never_a_page_of_this_site(
    admin_client: OrganizationClient, admin_actor: Any, name: str, content: bytes, disposition: str
) -> None:
    kept = upload(admin_actor, name, content)
    answer = admin_client.get(f"/files/{kept.id}")
    assert answer["Content-Disposition"].startswith(disposition)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer["Cache-Control"].startswith("private")
    assert answer["Content-Type"] == kept.content_type
    forced = admin_client.get(f"/files/{kept.id}?download=1")
    assert forced["Content-Disposition"].startswith("attachment")


def test_name_in_the_header_is_encoded(admin_client: OrganizationClient, admin_actor: Any) -> None:
    kept = upload(admin_actor, '合同";\r\nX-Evil: 1;.txt')
    answer = admin_client.get(f"/files/{kept.id}")
    assert "X-Evil" not in answer
    assert "filename*=utf-8''%E5%90%88%E5%90%8C" in answer["Content-Disposition"]


def test_small_copy_fits_its_side_and_is_kept(admin_client: OrganizationClient, admin_actor: Any) -> None:
    kept = upload(admin_actor, "a.png", picture(size=(800, 400)))
    for _ in range(2):
        answer = admin_client.get(f"/files/{kept.id}?size=160")
        assert answer["Content-Type"] == "image/webp"
        assert body(answer)[8:12] == b"WEBP"
    etag = answer["ETag"]
    again = admin_client.get(f"/files/{kept.id}?size=160", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert admin_client.get(f"/files/{kept.id}", headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("size", ["161", "x", "-160", "99999999999", "１６０"])
def test_no_other_sizes_are_made(admin_client: OrganizationClient, admin_actor: Any, size: str) -> None:
    kept = upload(admin_actor, "a.png", picture())
    assert admin_client.get(f"/files/{kept.id}?size={size}").status_code == 404


def test_only_pictures_have_small_copies(admin_client: OrganizationClient, admin_actor: Any) -> None:
    assert admin_client.get(f"/files/{upload(admin_actor).id}?size=160").status_code == 404


@pytest.mark.parametrize(
    ("wanted", "status", "content"),
    [
        ("bytes=0-3", 206, b"0123"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=5-999", 206, b"56789"),
        ("bytes=10-", 416, b""),
        ("bytes=3-2", 416, b""),
        ("bytes=-", 200, b"0123456789"),
        ("bytes=0-1,4-5", 200, b"0123456789"),
        ("lines=1-2", 200, b"0123456789"),
    ],
)
def test_ranges(admin_client: OrganizationClient, admin_actor: Any, wanted: str, status: int, content: bytes) -> None:
    kept = upload(admin_actor, "a.txt", b"0123456789")
    answer = admin_client.get(f"/files/{kept.id}", headers={"Range": wanted})
    assert (answer.status_code, body(answer)) == (status, content)
    if status == 206:
        assert answer["Content-Length"] == str(len(content))
        assert answer["Content-Range"].endswith("/10")
