"""What is kept of imports: the order with its counts, what became of every row, and which header meant which field."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_platform.files.models import StoredFile
from crm_platform.identity.models import User
from crm_platform.kit.ids import uuid7


class Import(models.Model):
    """Work on many records: what was ordered, how far it is, what has become of how many.

    Mostly a file that becomes records: `file` is the upload as it came, `table` the same rows in one fixed form, made
    when the work begins, so that a job finds its place again by an offset. Where records are chosen by a filter,
    `table` holds their IDs as they were then; of an export, `file` is what has come out. The counts are written in the
    transactions that make them true.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", _("Rows of a file")
        MASS = "mass", _("Records that a filter chooses")
        EXPORT = "export", _("Export")

    class State(models.TextChoices):
        DRAFT = "draft", _("Being prepared")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")

    class Undo(models.TextChoices):
        NONE = "", _("Not undone")
        RUNNING = "running", _("Being undone")
        DONE = "done", _("Undone")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.IMPORT, db_default=Kind.IMPORT)
    object_id = models.BigIntegerField()  # BusinessObject.id
    name = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    via = models.CharField(max_length=10, default="console")
    file = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    table = models.ForeignKey(StoredFile, on_delete=models.SET_NULL, null=True, related_name="+")
    format = models.JSONField(default=dict)  # encoding, delimiter, sheet; see `sources.Format`
    header = models.JSONField(default=list)
    plan = models.JSONField(default=dict)  # see `plan.Plan`, `mass.Order`, `exports.Order`
    check_result = models.JSONField(null=True)  # of the last dry run; see `checking.Report`
    check_job_id = models.UUIDField(null=True)
    job_id = models.UUIDField(null=True)
    total = models.IntegerField(null=True)
    created = models.IntegerField(default=0)
    updated = models.IntegerField(default=0)
    deleted = models.IntegerField(default=0, db_default=0)
    exported = models.IntegerField(default=0, db_default=0)
    skipped = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    problems = models.JSONField(default=dict)  # how many rows have which one: {"code field": rows}
    undo = models.CharField(max_length=10, choices=Undo.choices, default=Undo.NONE, blank=True)
    undo_job_id = models.UUIDField(null=True)
    undo_counts = models.JSONField(default=dict)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["-created_at"], name="import_newest")]

    @property
    def succeeded(self) -> int:
        return self.created + self.updated + self.deleted + self.exported

    @property
    def processed(self) -> int:
        return self.succeeded + self.bad

    @property
    def bad(self) -> int:
        """How many rows the file of failed rows holds."""
        return self.failed + self.skipped


class ImportChunk(models.Model):
    """Some rows of an import that were carried out together: written in their transaction, so never twice.

    `rows` holds one list per row: [number, outcome, record id, version, before, errors]; before are the values of a
    record that was changed, the deletion of one that was deleted. `undone` is what became of the records when the
    import was undone.
    """

    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="chunks")
    number = models.IntegerField()
    rows = models.JSONField()
    undone = models.JSONField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "number"], name="import_chunk_once")]


class ImportKey(models.Model):
    """What a row would be found by, for as long as a dry run lasts, and where the first such row begins; see `seen`."""

    id = models.BigAutoField(primary_key=True)
    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="keys")
    digest = models.UUIDField()
    offset = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "digest"], name="import_key_once")]


class ImportPart(models.Model):
    """A part of a file that is sent in several: they are put together, by their numbers, when the import starts."""

    owner = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts")
    number = models.IntegerField()
    file = models.ForeignKey(StoredFile, on_delete=models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["owner", "number"], name="import_part_once")]


class ImportMapping(models.Model):
    """Which header meant which field, for one object: named ones to choose, and one without a name for each person.

    `columns` is keyed by the header as `guessing.folded` spells it. The nameless one remembers what its person
    has chosen, import by import.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object_id = models.BigIntegerField()
    name = models.CharField(max_length=80, blank=True)
    columns = models.JSONField(default=dict)  # {"folded header": {"field": …, "match": …}}
    options = models.JSONField(default=dict)  # of the plan, without its columns
    is_shared = models.BooleanField(default=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["object_id", "user", "name"], name="mapping_once", nulls_distinct=False),
        ]
