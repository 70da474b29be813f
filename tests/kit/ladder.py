"""The ladder of rights, climbed by one person in API and console at once.

On every rung each door to a record must answer as expected: the list, the record, a change, a deletion. Who may not
know a record is told that there is none; who may only look is told so.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm_platform.identity.models import Profile, Role, User
from crm_platform.identity.services import bump_access_version
from crm_platform.kit.context import system_actor
from metadata.compiler.compiled import CompiledField
from metadata.models import BusinessObject
from objects.access.grants import ACTIONS, grant_object, revoke_object
from objects.access.models import Level, RecordShare, RoleScope
from objects.access.services.field_levels import set_field_levels
from objects.access.visibility import master_field
from objects.records.drafts import SavedRecord
from objects.records.service import RecordService
from openapi.keys import create_key
from openapi.scopes import SCOPES
from tests.kit.clients import OrganizationAPIClient, OrganizationClient
from tests.kit.sample_records import RecordMaker
from tests.layouts.hosts import host_of
from tests.objects.world import World, compiled

DOORS = ("list", "get", "patch", "delete", "rows", "page", "form", "removal")  # four of the API, four of the console
ANONYMOUS = (401, 401, 401, 401, 302, 302, 302, 302)
UNKNOWN = (404, 404, 404, 404, 404, 404, 404, 404)  # the object does not exist for the caller
OUT_OF_REACH = ("absent", 404, 404, 404, "absent", 404, 404, 404)
LOOK = ("there", 200, 403, 403, "there", 200, 403, 403)
CHANGE = ("there", 200, 200, 403, "there", 200, 200, 403)
ALL = ("there", 200, 200, 200, "there", 200, 200, 200)


@dataclass
class Climber:
    """The sales representative of a test organisation, by key and in a browser."""

    world: World
    object_name: str
    api: OrganizationAPIClient
    browser: OrganizationClient

    @classmethod
    def of(cls, world: World, object_name: str) -> Climber:
        host, user = host_of(world), User.objects.get(pk=world.users["rep"].pk)
        api, browser = OrganizationAPIClient(host), OrganizationClient(host)
        key = create_key(world.actor("rep"), "ladder", list(SCOPES))[1]
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
        browser.force_login(user)
        return cls(world, object_name, api, browser)

    def anonymous(self) -> Climber:
        host = host_of(self.world)
        return Climber(self.world, self.object_name, OrganizationAPIClient(host), OrganizationClient(host))

    def answers(self, record_id: uuid.UUID) -> tuple[int | str, ...]:
        """Knock at every door; lists answer whether the record is there."""
        one, page = f"{self.records}/{record_id}", f"/o/{self.object_name}/{record_id}"
        browse = self.browser.get
        return (
            self._listed(self.api.get(f"{self.records}?fields=id&limit=200"), record_id),
            self.api.get(one).status_code,
            self.api.patch(f"{one}?dry_run=1", {"external_id": "x"}).status_code,
            self.api.delete(f"{one}?dry_run=1").status_code,
            self._listed(browse(f"/o/{self.object_name}/"), record_id),
            browse(page).status_code,
            browse(f"{page}/edit").status_code,
            browse(f"{page}/delete").status_code,
        )

    @property
    def records(self) -> str:
        return f"/api/v1/records/{self.object_name}"

    def _listed(self, answer: Any, record_id: uuid.UUID) -> int | str:
        if answer.status_code != 200:
            return int(answer.status_code)
        return "there" if str(record_id) in answer.content.decode() else "absent"


def climb(world: World, object_name: str) -> None:
    """Climb the whole ladder of an object."""
    mine, theirs, near = (record_of(world, name, object_name) for name in ("rep", "south", "head"))
    climber = Climber.of(world, object_name)
    grants(object_name, granted=False)
    expect("no grant", climber, [(mine, UNKNOWN), (theirs, UNKNOWN)])
    expect("anonymous", climber.anonymous(), [(mine, ANONYMOUS)])
    grants(object_name, granted=True)
    top = topmost(object_name)
    reach(world, top, "none")
    expect("nothing in reach", climber, [(mine, LOOK if is_opened(top) else OUT_OF_REACH), (theirs, OUT_OF_REACH)])
    reach(world, top, "own")
    expect("own only", climber, [(mine, ALL), (near, OUT_OF_REACH)])
    reach(world, top, "department")
    expect("department", climber, [(near, ALL), (theirs, OUT_OF_REACH)])
    for level, answers in ((Level.READ, LOOK), (Level.EDIT, CHANGE), (Level.FULL, ALL)):
        share(world, object_name, theirs, level)
        expect(f"shared: {level.label}", climber, [(theirs, answers)])
    field = optional_field(object_name)
    if field is not None:
        climb_fields(climber, mine, field)


def climb_fields(climber: Climber, mine: SavedRecord, field: CompiledField) -> None:
    """Take a field away, and give it back to be read only."""
    one, page = f"{climber.records}/{mine.id}", f"/o/{climber.object_name}/{mine.id}"
    assert field.name in climber.api.get(one).json()
    assert f'name="{field.name}' in climber.browser.get(f"{page}/edit").content.decode(), field.name
    value = field.type.to_api(field.spec, field.value_of(mine.record))
    hidden = {"hidden": False, "read": True}
    for level, is_shown in hidden.items():
        set_field_levels(system_actor(), profile(), climber.object_name, {field.name: level})
        told = f"{climber.object_name}.{field.name} {level}"
        assert (field.name in climber.api.get(one).json()) == is_shown, told
        assert (f'data-field="{field.name}"' in climber.browser.get(page).content.decode()) == is_shown, told
        assert f'name="{field.name}' not in climber.browser.get(f"{page}/edit").content.decode(), told
        asked = climber.api.get(f"{climber.records}?fields={field.name}")
        assert (asked.status_code == 200) == is_shown, told
        written = climber.api.patch(f"{one}?dry_run=1", {field.name: value}, format="json")
        assert written.status_code == 422, told
        codes = {error["code"] for error in written.json()["errors"]}
        assert codes == {"read_only_field" if is_shown else "unknown_field"}, told


def expect(rung: str, climber: Climber, wanted: Sequence[tuple[SavedRecord, tuple[int | str, ...]]]) -> None:
    for saved, answers in wanted:
        found = dict(zip(DOORS, climber.answers(saved.id), strict=True))
        assert found == dict(zip(DOORS, answers, strict=True)), f"{climber.object_name}: {rung}"


def record_of(world: World, name: str, object_name: str) -> SavedRecord:
    return RecordMaker(RecordService(world.actor(name))).create(object_name)


def profile() -> Profile:
    return Profile.objects.get(api_name="sales_rep")


def grants(object_name: str, *, granted: bool) -> None:
    row = BusinessObject.objects.get(api_name=object_name)
    (grant_object if granted else revoke_object)(system_actor(), profile(), row, ACTIONS)


def topmost(object_name: str) -> str:
    """Return the object whose reach decides: the master of masters."""
    obj = compiled(object_name)
    field = master_field(obj)
    return object_name if field is None else topmost(str(field.main.references))


def is_opened(object_name: str) -> bool:
    """Tell whether records are seen by the owners of what they point at: their maker owns that, too."""
    return any(field.spec.settings.get("opens_to_owner") and field.main.references for field in compiled(object_name))


def reach(world: World, object_name: str, scope: str) -> None:
    """Let the representative's role reach so far, for every action."""
    role = Role.objects.get(users=world.users["rep"].pk)
    row = BusinessObject.objects.get(api_name=object_name)
    for action in ("read", "edit", "delete"):
        RoleScope.objects.update_or_create(
            role=role, business_object=row, action=action, defaults={"data_scope": scope}
        )
    bump_access_version()


def share(world: World, object_name: str, saved: SavedRecord, level: Level) -> None:
    """Share a record, or the master on which it depends, with the representative."""
    obj, record = compiled(object_name), saved.record
    field = master_field(obj)
    while field is not None:
        obj = obj.target(str(field.main.references))
        record = obj.model._base_manager.get(pk=getattr(record, field.main.attr))
        field = master_field(obj)
    RecordShare.objects.update_or_create(
        object_id=obj.spec.id,
        record_id=record.pk,
        principal=f"user:{world.users['rep'].pk}",
        source=RecordShare.Source.MANUAL,
        defaults={"level": level},
    )


def optional_field(object_name: str) -> CompiledField | None:
    """Return a plain field that a record can do without; None where there is none, as in some objects of tests."""
    plain = ("text", "long_text", "phone", "email", "url", "integer", "decimal", "currency", "date", "checkbox")
    obj = compiled(object_name)
    fields = [
        field
        for field in obj
        if field.spec.type in plain
        and not (field.spec.is_system or field.spec.is_required or field.is_read_only or field.spec.is_unique)
        and field.name != obj.spec.name_field
    ]
    return fields[-1] if fields else None
