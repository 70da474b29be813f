"""Files of other organisations, and two who want the same file at once: on committed data."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from crm_platform.files.models import StoredFile
from crm_platform.files.store import content_key, open_content, remove_organization
from crm_platform.identity.auth import build_actor
from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.errors import ValidationFailed
from crm_platform.tenancy.context import tenant_context
from metadata import services
from metadata.inputs import FieldInput, ObjectInput
from objects.records.service import RecordService
from tests.kit import make
from tests.kit.clients import OrganizationClient
from tests.kit.uploads import picture, upload
from tests.kit.work import in_threads

CASE = "case__c"


@pytest.fixture
def two(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Any, Any]]:
    """Two organisations with the same object."""
    with django_db_blocker.unblock(), make.organization(enter=False) as home, make.organization(enter=False) as abroad:
        for organization in (home, abroad):
            with tenant_context(organization.schema_name):
                field = FieldInput("photos__c", "image", "Photos")
                services.create_object(admin(), ObjectInput(CASE, "Case", fields=[field]))
        yield home, abroad


def admin() -> Actor:
    return build_actor(User.objects.get(username="admin"), via="console")


def test_id_of_another_organisation_is_no_file_here(two: tuple[Any, Any]) -> None:
    home, abroad = two
    with tenant_context(abroad.schema_name):
        foreign = upload(admin(), "a.png", picture())
        RecordService(admin()).create(CASE, {"name": "Theirs", "photos__c": [foreign.id]})
        loose = upload(admin(), "b.png", picture(color="red"))
    with tenant_context(home.schema_name):
        client = OrganizationClient(f"{home.slug}.localhost")
        client.force_login(User.objects.get(username="admin"))
        answers = set()
        for file_id in (foreign.id, loose.id, uuid.uuid4()):
            with pytest.raises(ValidationFailed) as refused:
                RecordService(admin()).create(CASE, {"name": "Ours", "photos__c": [file_id]})
            assert refused.value.errors[0].code == "invalid_reference"
            assert client.get(f"/files/{file_id}?size=160").status_code == 404
            answer = client.get(f"/files/{file_id}")
            answers.add((answer.status_code, len(answer.content)))
        assert [status for status, _length in answers] == [404]
        with pytest.raises(FileNotFoundError):
            open_content(content_key(foreign.sha256))


def test_equal_contents_of_two_organisations_are_two_contents(two: tuple[Any, Any]) -> None:
    home, abroad = two
    for organization in two:
        with tenant_context(organization.schema_name):
            upload(admin(), "a.png", picture())
    with tenant_context(abroad.schema_name):
        sha256 = StoredFile.objects.get().sha256
    remove_organization(home.schema_name)
    with tenant_context(abroad.schema_name), open_content(content_key(sha256)) as content:
        assert content.read(4) == b"\x89PNG"


def test_of_many_who_want_the_same_file_at_once_one_gets_it(two: tuple[Any, Any]) -> None:
    outcomes: list[Any] = []

    def want(number: int) -> None:
        try:
            outcomes.append(RecordService(admin()).create(CASE, {"name": f"Case {number}", "photos__c": [file.id]}).id)
        except ValidationFailed as refused:
            outcomes.append(refused.errors[0].code)

    with tenant_context(two[0].schema_name):
        file = upload(admin(), "a.png", picture())
        in_threads(6, want)
        got = [item for item in outcomes if item != "invalid_reference"]
        assert len(outcomes) == 6
        assert len(got) == 1
        assert StoredFile.objects.get().record_id == got[0]
