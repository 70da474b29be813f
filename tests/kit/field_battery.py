"""The battery of a field type: an organisation with an object that has a field of the type, built from samples."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from crm_platform.identity.models import User
from crm_platform.kit.context import Actor
from crm_platform.kit.json import dumps, loads
from metadata import services
from metadata.compiler.compiled import CompiledField, CompiledObject
from metadata.compiler.current import current_snapshot
from metadata.currencies import add_currency
from metadata.field_types import field_types
from metadata.field_types.attachments import FileRef
from metadata.field_types.base import FieldType
from metadata.inputs import ChoiceInput, FieldInput, ObjectInput
from objects.query.query import RecordQuery
from objects.records.service import RecordService, SavedRecord
from tests.kit import make, uploads
from tests.kit.field_samples import FIXED_IDS, field_samples
from tests.kit.samples import files
from tests.kit.samples.shapes import FieldSamples, SampleChoice, SampleIds

OBJECT, FIELD, TARGET, OTHER, CHILD = "sample__c", "probe__c", "target__c", "other__c", "child__c"
POINTING = {"lookup", "master_detail", "poly_lookup", "multi_lookup"}
TYPES = [field_type.key for field_type in field_types if field_type.for_admins]


@dataclass(frozen=True)
class Battery:
    """An object with a field of one type, the samples of that type, and a caller who may do everything."""

    actor: Actor
    samples: FieldSamples
    field_name: str = FIELD

    @property
    def object(self) -> CompiledObject:
        return current_snapshot().object(OBJECT)

    @property
    def field(self) -> CompiledField:
        return self.object.field(self.field_name)

    @property
    def type(self) -> FieldType:
        return self.field.type

    @property
    def query(self) -> RecordQuery:
        return RecordQuery(self.actor, OBJECT)

    def create(self, raw: Any) -> SavedRecord:
        """Create a record with the input; None leaves the field out."""
        given = {} if raw is None else {self.field_name: raw}
        return RecordService(self.actor).create(OBJECT, {"name": "Row", **given})

    def update(self, record_id: uuid.UUID, raw: Any) -> SavedRecord:
        return RecordService(self.actor).update(OBJECT, record_id, {self.field_name: raw})

    def create_rows(self) -> list[uuid.UUID]:
        """Create the sample rows; returns their ids in the order of the samples."""
        return [self.create(raw).id for raw in self.samples.rows]

    def api_form(self, record_id: uuid.UUID) -> Any:
        """Return what an integrator reads, after the way through JSON."""
        return loads(dumps(self.query.fields(self.field_name).get(record_id)))[self.field_name]


def battery(key: str, actor_for: Callable[[User], Actor]) -> Battery:
    """Build the object, with a field of the type unless it is one of those that only system fields have."""
    ids, actor = _world(actor_for, with_records=key in POINTING)
    samples = field_samples(ids)[key]
    services.create_object(actor, ObjectInput(OBJECT, {"en": "Sample", "zh-hans": "样本"}))
    add_currency(actor, "USD")
    if key == "hierarchy":  # it points at its own object, so that there are records before the rows
        own = [RecordService(actor).create(OBJECT, {"name": f"Top {n}"}).id for n in range(3)]
        samples = field_samples(replace(ids, records=own, target=OBJECT))[key]
    if not field_types.get(key).for_admins:
        return Battery(actor, samples, {"currency_code": "currency", "record_id": "id"}[key])
    if key == "rollup":
        child = FieldInput("sample__c", "lookup", "Sample", settings={"target": OBJECT})
        services.create_object(actor, ObjectInput(CHILD, "Child", fields=[child]))
    services.add_field(actor, OBJECT, field_input(samples))
    return Battery(actor, samples)


def field_input(samples: FieldSamples, api_name: str = FIELD, **options: Any) -> FieldInput:
    """Return the input for a field as the samples want it."""
    labels = {"en": "Probe", "zh-hans": "探针"}
    choices = [choice_input(item) for item in samples.choices]
    return FieldInput(api_name, samples.key, labels, settings=samples.settings, choices=choices, **options)


def choice_input(choice: SampleChoice, **changes: Any) -> ChoiceInput:
    """Return the input for a choice of the samples."""
    given = ChoiceInput(choice.value, {"en": choice.en, "zh-hans": choice.zh}, choice.color, choice.is_active)
    return replace(given, properties=choice.properties, **changes)


def column_types(table: str, columns: Iterable[str]) -> list[str | None]:
    """Return the columns' types as PostgreSQL writes them; None for a column that is not there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        found = dict(cursor.fetchall())
    return [found.get(name) for name in columns]


def postgres_name(db_type: str) -> str:
    """Return a declared type as PostgreSQL writes it."""
    longer = {"timestamptz": "timestamp with time zone"}
    return longer.get(db_type) or db_type.replace("varchar", "character varying")


def _world(actor_for: Callable[[User], Actor], *, with_records: bool) -> tuple[SampleIds, Actor]:
    """Make the people, departments and perhaps records that samples of references speak of."""
    home = make.department("华东大区")
    departments = (home, make.department("上海一部", parent=home), make.department("华北大区"))
    caller = make.user(role="everything", profile="administrator", department=home, time_zone="Asia/Shanghai")
    users = (caller, make.user(name="王磊"), make.user(name="Lily"))
    actor = actor_for(caller)
    records = FIXED_IDS.records
    if with_records:
        for name in (TARGET, OTHER):
            services.create_object(actor, ObjectInput(name, name))
        records = [RecordService(actor).create(TARGET, {"name": f"Target {n}"}).id for n in range(3)]
    people, homes = [user.id for user in users], [item.id for item in departments]
    return SampleIds(people, homes, records, TARGET, OTHER, _files(actor)), actor


def _files(actor: Actor) -> dict[str, list[FileRef]]:
    """Keep the files that samples of files speak of."""
    contents = {"file": lambda n: b"Text %d" % n, "audio_note": lambda n: uploads.sound(pitch=n + 1)}
    found: dict[str, list[FileRef]] = {}
    for key in files.KEYS:
        make_content = contents.get(key, lambda n: uploads.picture(size=(10 + n, 10)))
        rows = [uploads.upload(actor, files.file_name(key, n), make_content(n)) for n in range(6)]
        found[key] = [FileRef(row.id, row.name, row.size, row.content_type) for row in rows]
    return found
