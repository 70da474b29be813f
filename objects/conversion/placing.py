"""The records that a lead becomes, one after the other: the account, whom the contact and the opportunity belong to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import FieldError, Forbidden, NotFound, ValidationFailed
from metadata.compiler.compiled import CompiledObject
from metadata.compiler.record_base import Record
from metadata.field_types.values import Reference
from objects.conversion.inputs import EXISTING, Becomes, ConvertInput
from objects.conversion.leads import value_of
from objects.conversion.mapping import ACCOUNT, CONTACT, OPPORTUNITY
from objects.conversion.matching import refuse_known
from objects.conversion.moving import share_alike
from objects.conversion.taking import changes, locked_record, to_write
from objects.conversion.values import Carried, with_files
from objects.duplicates.errors import DuplicateDetected
from objects.query.query import visible_ids
from objects.records import pipeline
from objects.records.drafts import CURRENCY, OWNER, Batch, Consent, Draft, Movement
from objects.records.rights import rights_on
from objects.records.service import RecordService

# By which field a record belongs to which of the others.
LINKS: Mapping[str, Mapping[str, str]] = {
    ACCOUNT: {},
    CONTACT: {"account_id": ACCOUNT},
    OPPORTUNITY: {"account_id": ACCOUNT, "contact_id": CONTACT},
}


class Placing:
    """One conversion on its way. `batch` is the lead's own, `ids` what it has become so far."""

    def __init__(self, batch: Batch, lead: Record, given: ConvertInput, owner: Reference | None) -> None:
        self.batch, self.lead, self.given, self.owner = batch, lead, given, owner
        self.ids: dict[str, uuid.UUID] = {}
        self.made: set[str] = set()
        self.brought: dict[str, Carried] = {}

    def place(self, target: str, brought: Carried) -> None:
        """Make the record of one target, or find it; raises what `convert` does."""
        wish = self.given.of(target)
        try:
            if wish.mode == EXISTING:
                self.ids[target] = self._find(target, wish, brought)
                self.brought[target] = Carried(sources=brought.sources)  # what it does not take, it has its own of
            else:
                self.ids[target] = self._make(target, wish, brought)
        except ValidationFailed as failed:
            raise ValidationFailed([_about(target, error) for error in failed.errors]) from failed
        except DuplicateDetected as found:
            found.details["target"] = target
            raise

    # --- new ------------------------------------------------------------------------------------------------------
    def _make(self, target: str, wish: Becomes, brought: Carried) -> uuid.UUID:
        batch, obj = self.batch, self._object(target)
        if not batch.policy.can(target, "create"):
            raise Forbidden(_("You may not create what this lead shall become: %(object)s.") % {"object": target})
        refuse_known(batch, batch.drafts[0], target, is_accepted=wish.is_another)
        given, values = dict(wish.values), with_files(brought, obj, batch.actor.user_id)
        values |= {name: Reference(of, self.ids[of]) for name, of in LINKS[target].items() if of in self.ids}
        values[CURRENCY] = getattr(self.lead, CURRENCY)
        if self.given.owner_id is not None and OWNER not in given:
            given[OWNER] = str(self.given.owner_id)
        if self.owner is not None:
            values[OWNER] = self.owner
        values = {name: value for name, value in values.items() if name in obj.fields}
        draft = Draft(0, given, carried=values)
        draft.is_given_away = OWNER not in given and self.owner is not None
        consent = Consent(wish.is_another, self.given.warnings, self.given.reason)
        pipeline.run(
            Batch(
                batch.actor,
                batch.snapshot,
                obj,
                "create",
                [draft],
                batch.now,
                event=batch.event,
                consent=consent,
                movement=Movement(note=self.given.reason),
            )
        )
        assert draft.id is not None
        self.made.add(target)
        self.brought[target] = brought
        self._share(target, obj, draft)
        return draft.id

    def _share(self, target: str, obj: CompiledObject, draft: Draft) -> None:
        """Share the new record as the lead is, and see to it that whoever converts it can go on with it."""
        assert draft.id is not None
        owner = draft.values.get(OWNER)
        owners = (self.lead.owner_id, owner.id if owner else None)
        share_alike(self.batch.object, self.lead.pk, owners, Reference(target, draft.id), obj.spec.id)
        if draft.is_given_away and not visible_ids(self.batch.actor, target, [draft.id]):
            raise Forbidden(_("The new record would be out of your reach: choose yourself as its owner."))

    # --- existing -------------------------------------------------------------------------------------------------
    def _find(self, target: str, wish: Becomes, brought: Carried) -> uuid.UUID:
        """Return an existing record within reach; it takes in what the mapping says, and the caller's own values."""
        assert wish.id is not None
        batch, obj = self.batch, self._object(target)
        try:
            record = locked_record(batch.policy, batch.snapshot, obj, wish.id)
        except NotFound as error:
            raise ValidationFailed.single("id", "invalid_reference", _("There is no such record.")) from error
        found = changes(batch.policy, obj, record, brought, wish.existing)
        taken = to_write(tuple(item for item in found if item.field.name not in wish.values), obj, batch.actor.user_id)
        given = {**taken, **self._links(target, record), **wish.values}
        if given:
            consent = Consent(wish.is_another, self.given.warnings, self.given.reason)
            service = RecordService(self.batch.actor, consent=consent, event=self.batch.event)
            service.update(target, wish.id, given)
        return wish.id

    def _links(self, target: str, record: Record) -> dict[str, str]:
        """Return the links to fill in; raises ValidationFailed for a record that belongs to another account."""
        obj, links = self._object(target), {}
        for name, of in LINKS[target].items():
            present = value_of(obj, record, name)
            if of not in self.ids or name not in obj.fields or name in self.given.of(target).values:
                continue
            if present is None:
                if self._may_set(obj, record, name):
                    links[name] = str(self.ids[of])
            elif of == ACCOUNT and present.id != self.ids[of]:
                message = _("This record belongs to another account. Choose that one, or make a new record.")
                raise ValidationFailed.single("id", "invalid_reference", message)
        return links

    def _may_set(self, obj: CompiledObject, record: Record, name: str) -> bool:
        policy = self.batch.policy
        if not any(field.name == name for field in policy.editable_fields(obj)):
            return False
        return "edit" in rights_on(policy, obj, record.pk, ["edit"])

    def _object(self, target: str) -> CompiledObject:
        if target not in self.batch.snapshot.spec.object_map:
            raise ValidationFailed.single(None, "invalid_choice", _("There are no such records here."))
        return self.batch.snapshot.object(target)


def _about(target: str, error: FieldError) -> FieldError:
    """Return an error that says of which record it is."""
    name = f"{target}.{error.field}" if error.field else target
    return FieldError(name, error.code, error.message, error.params)
