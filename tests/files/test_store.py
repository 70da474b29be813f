"""Keeping, giving away and cleaning up files, in a real folder."""

from __future__ import annotations

import io
import struct
import uuid
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.utils import timezone
from PIL import Image

from crm_platform.files import services, store
from crm_platform.files.checks import ContentCheck, Refused, Upload, content_checks
from crm_platform.files.cleaning import clean_up
from crm_platform.files.models import DoubtfulContent, StoredFile
from crm_platform.files.services import Place
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import StateConflict, ValidationFailed
from crm_platform.tenancy.context import current_schema
from tests.kit.uploads import HTML, SVG, office, picture, upload
from tests.kit.work import registered

pytestmark = pytest.mark.django_db
DAY = timedelta(hours=25)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Iterator[Path]:
    """The store in a folder of this test, as it is by default."""
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "files": files}
    yield tmp_path
    storages._storages.pop("files", None)


@pytest.fixture
def clean(folder: Path) -> Callable[..., dict[str, Any]]:
    """A function that runs the daily job as if it were a while later."""

    class Job:
        def __init__(self, now: Any) -> None:
            self.now = now

        def check_abort(self) -> None:
            pass

    return lambda later=timedelta(0): clean_up(Job(timezone.now() + later))  # type: ignore[arg-type]


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def refusal(actor: Actor, name: str, content: bytes) -> str:
    with pytest.raises(ValidationFailed) as refused:
        upload(actor, name, content)
    return refused.value.errors[0].code


def test_equal_contents_are_kept_once_in_the_folder_of_the_organisation(admin_actor: Actor, folder: Path) -> None:
    first, second = upload(admin_actor, "a.txt"), upload(admin_actor, "b.txt")
    assert first.sha256 == second.sha256
    schema, sha = current_schema(), first.sha256
    assert contents(folder) == [f"{schema}/{sha[:2]}/{sha[2:4]}/{sha}"]
    assert (first.name, first.size, first.content_type, first.created_by_id) == (
        "a.txt", 5, "text/plain", admin_actor.user_id,
    )  # fmt: skip


def test_nothing_of_the_name_gets_into_the_path(admin_actor: Actor, folder: Path) -> None:
    kept = upload(admin_actor, "../../../../etc/cron.d/x\x00.txt")
    assert kept.name == "x.txt"
    assert all(path.startswith(f"{current_schema()}/") and "cron" not in path for path in contents(folder))


def test_what_is_not_what_it_says_is_refused(admin_actor: Actor, folder: Path) -> None:
    for name, content in (("a.png", HTML), ("a.jpg", SVG), ("a.docx", office("x/")), ("a.pdf", b"words")):
        assert refusal(admin_actor, name, content) == "invalid_type", name
    assert contents(folder) == []


def test_size_is_limited(admin_actor: Actor, settings: Any) -> None:
    settings.FILE_MAX_BYTES = 100
    assert refusal(admin_actor, "a.txt", b"x" * 101) == "payload_too_large"
    assert refusal(admin_actor, "a.txt", b"") == "required"
    assert upload(admin_actor, "a.txt", b"x" * 100).size == 100


def bomb(side: int) -> bytes:
    """Return a small PNG that says it is very large."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("content", [bomb(20_000), bomb(60_000), picture()[:60], b"\x89PNG\r\n\x1a\n"])
def test_pictures_that_can_not_be_decoded_are_refused(admin_actor: Actor, content: bytes) -> None:
    assert refusal(admin_actor, "a.png", content) == "invalid_type"


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_pictures_keep_nothing_but_their_pixels(admin_actor: Actor, form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010E] = "CANARY"
    content = picture(form, (40, 20), exif=exif) + b"<script>CANARY</script>"
    kept = upload(admin_actor, f"a.{form.lower()}", content)
    with kept.opened() as file:
        data = file.read()
    assert b"CANARY" not in data
    assert (kept.width, kept.height) == (20, 40)
    assert Image.open(io.BytesIO(data)).size == (20, 40)
    assert kept.size == len(data)


def test_animations_stay_animated_and_lose_their_comment(admin_actor: Actor) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (9, 9), color) for color in ("red", "green", "blue")]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], comment=b"CANARY")
    kept = upload(admin_actor, "a.gif", out.getvalue())
    with kept.opened() as file:
        data = file.read()
    assert b"CANARY" not in data
    assert Image.open(io.BytesIO(data)).n_frames == 3


def test_registered_checks_see_every_upload(admin_actor: Actor, folder: Path) -> None:
    def scan(sent: Upload) -> None:
        if b"EICAR" in sent.file.read():
            raise Refused("invalid_type", "It is infected.")

    with registered(content_checks, ContentCheck("scanner", scan)):
        assert refusal(admin_actor, "a.txt", b"EICAR") == "invalid_type"
        assert upload(admin_actor, "a.txt", b"healthy").size == 7
    assert len(contents(folder)) == 1


def test_nobody_hoards_loose_files(admin_actor: Actor, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "MAX_LOOSE", 2)
    first = upload(admin_actor)
    upload(admin_actor)
    with pytest.raises(StateConflict):
        upload(admin_actor)
    services.attach({first.id: Place(1, uuid.uuid4(), 2)})
    upload(admin_actor)


def test_loose_files_go_after_a_day_with_their_content(admin_actor: Actor, folder: Path, clean: Any) -> None:
    loose, given_away = upload(admin_actor, "a.txt", b"loose"), upload(admin_actor, "b.txt", b"given")
    held = services.keep(admin_actor, io.BytesIO(b"held"), "c.txt", held_by="test")
    services.attach({given_away.id: Place(1, uuid.uuid4(), 2)})
    assert clean(timedelta(hours=23)) == {"files": 0, "contents": 0}
    assert clean(DAY) == {"files": 1, "contents": 1}
    assert set(StoredFile.objects.values_list("id", flat=True)) == {given_away.id, held.id}
    assert len(contents(folder)) == 2
    assert not any(loose.sha256 in path for path in contents(folder))
    assert not DoubtfulContent.objects.exists()


def test_content_that_somebody_may_be_writing_stays_a_while(admin_actor: Actor, folder: Path, clean: Any) -> None:
    services.discard([upload(admin_actor).id])
    assert clean(timedelta(minutes=59)) == {"files": 0, "contents": 0}
    assert clean(timedelta(minutes=61)) == {"files": 0, "contents": 1}


def test_content_stays_while_another_file_has_it(admin_actor: Actor, folder: Path, clean: Any) -> None:
    first, second = upload(admin_actor), upload(admin_actor)
    services.discard([first.id])
    clean(timedelta(hours=2))
    assert len(contents(folder)) == 1
    services.discard([second.id])
    clean(timedelta(hours=2))
    assert contents(folder) == []


def test_bytes_of_an_upload_that_broke_off_are_found(
    admin_actor: Actor, folder: Path, clean: Any, monkeypatch: Any
) -> None:
    def fail(**_values: Any) -> None:
        raise OSError("the process dies here")

    monkeypatch.setattr(StoredFile.objects, "create", fail)
    with pytest.raises(OSError, match="dies"):
        upload(admin_actor)
    assert len(contents(folder)) == 1
    assert clean(timedelta(hours=2)) == {"files": 0, "contents": 1}
    assert contents(folder) == []


def test_small_copies_go_with_their_picture(admin_actor: Actor, folder: Path, clean: Any, admin_client: Any) -> None:
    kept = upload(admin_actor, "a.png", picture(size=(400, 300)))
    assert admin_client.get(f"/files/{kept.id}?size=160").status_code == 200
    assert len(contents(folder)) == 2
    services.discard([kept.id])
    clean(timedelta(hours=2))
    assert contents(folder) == []


def test_everything_of_an_organisation_that_is_gone_is_removed(admin_actor: Actor, folder: Path) -> None:
    upload(admin_actor)
    store.remove_organization("org_that_never_had_files")
    assert contents(folder)
    store.remove_organization(current_schema())
    assert list(folder.iterdir()) == []


def test_missing_bytes_are_not_found(admin_actor: Actor, folder: Path, admin_client: Any) -> None:
    kept = upload(admin_actor, "a.png", picture())
    store.remove_content(kept.sha256)
    assert admin_client.get(f"/files/{kept.id}").status_code == 404
    assert admin_client.get(f"/files/{kept.id}?size=160").status_code == 404
