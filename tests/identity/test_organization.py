"""The organisation's settings and its logo."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.utils import timezone
from PIL import Image

from crm_platform.files.models import StoredFile
from crm_platform.files.services import stale
from crm_platform.identity import selectors, services
from crm_platform.identity.models import OrganizationSettings
from crm_platform.kit.errors import ValidationFailed


def picture(kind="PNG", size=(600, 300), color="navy", **options):
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind, **options)
    return out.getvalue()


def settings_input(**changes):
    values = {
        "name": "甲公司",
        "base_currency": "USD",
        "time_zone": "Europe/Berlin",
        "language": "en",
        "fiscal_year_start_month": 4,
        "week_start": 7,
        "work_days": [5, 1, 1],
        "work_hours": [["13:00", "18:00"], ["09:00", "12:00"]],
        "holidays": {"2026-10-01": "off", "2026-09-27": "work"},
    }
    return services.OrganizationInput(**(values | changes))


def test_settings_are_stored_in_order(admin_actor):
    services.update_organization(admin_actor, settings_input())
    row = selectors.organization_settings()
    assert row.work_days == [1, 5]
    assert row.work_hours == [["09:00", "12:00"], ["13:00", "18:00"]]
    assert list(row.holidays) == ["2026-09-27", "2026-10-01"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"base_currency": "XXZ"}, "base_currency"),
        ({"time_zone": "../etc/passwd"}, "time_zone"),
        ({"language": "xx"}, "language"),
        ({"fiscal_year_start_month": 13}, "fiscal_year_start_month"),
        ({"week_start": 3}, "week_start"),
        ({"intake_keep_days": 29}, "intake_keep_days"),
        ({"work_days": []}, "work_days"),
        ({"work_days": [0, 8]}, "work_days"),
        ({"work_hours": []}, "work_hours"),
        ({"work_hours": [["09:00", "09:00"]]}, "work_hours"),
        ({"work_hours": [["09:00", "12:00"], ["11:00", "13:00"]]}, "work_hours"),
        ({"work_hours": [["9", "12"]]}, "work_hours"),
        ({"work_hours": [["09:00"]]}, "work_hours"),
        ({"holidays": {"2026-02-30": "off"}}, "holidays"),
        ({"holidays": {"2026-2-3": "off"}}, "holidays"),
    ],
)
def test_bad_settings_are_named(admin_actor, changes, field):
    with pytest.raises(ValidationFailed) as failed:
        services.update_organization(admin_actor, settings_input(**changes))
    assert [error.field for error in failed.value.errors] == [field]


def content_of(file):
    with file.opened() as content:
        return content.read()


def test_a_new_logo_takes_the_place_of_the_former(admin_actor):
    for color in ("navy", "red"):
        services.set_logo(admin_actor, picture(color=color))
        assert StoredFile.objects.filter(stale(timezone.now() + timedelta(days=9))).count() == 0
    assert [file.id for file in StoredFile.objects.all()] == [OrganizationSettings.objects.get().logo_id]
    services.remove_logo(admin_actor)
    assert not StoredFile.objects.exists()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_logo_is_shrunk_and_encoded_anew(admin_actor, kind):
    services.set_logo(admin_actor, picture(kind))
    logo = OrganizationSettings.objects.get().logo
    stored = Image.open(io.BytesIO(content_of(logo)))
    assert (stored.format, stored.size, logo.content_type) == ("PNG", (512, 256), "image/png")


def test_logo_keeps_nothing_but_pixels(admin_actor):
    exif = Image.Exif()
    exif[0x010E] = "CANARY"
    services.set_logo(admin_actor, picture("JPEG", exif=exif) + b"<script>CANARY</script>")
    assert b"CANARY" not in content_of(OrganizationSettings.objects.get().logo)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 50,
        picture("GIF"),
        picture("BMP", (10, 10)),
        picture()[:200],
        b"x" * (256 * 1024 + 1),
        picture(size=(5000, 5000)),
    ],
    ids=["empty", "svg", "gif-head", "gif", "bmp", "cut", "big", "bomb"],
)
def test_other_files_are_no_logo(admin_actor, content):
    with pytest.raises(ValidationFailed) as failed:
        services.set_logo(admin_actor, content)
    assert failed.value.errors[0].field == "logo"
    assert OrganizationSettings.objects.get().logo is None


def test_logo_is_served_to_strangers_with_a_tag(client, admin_actor):
    assert client.get("/organization/logo").status_code == 404
    services.set_logo(admin_actor, picture())
    response = client.get("/organization/logo")
    assert (response.status_code, response["Content-Type"]) == (200, "image/png")
    assert client.get("/organization/logo", headers={"If-None-Match": response["ETag"]}).status_code == 304
    services.remove_logo(admin_actor)
    assert client.get("/organization/logo").status_code == 404
