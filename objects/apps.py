"""Records: written by `objects.records`, read by `objects.query`, guarded by `objects.access`."""

from __future__ import annotations

from django.apps import AppConfig


class ObjectsConfig(AppConfig):
    name = "objects"

    def ready(self) -> None:
        from metadata import hooks
        from metadata.hooks import object_created, visible_records
        from objects import invariants
        from objects.access import belongings, uses
        from objects.access.defaults import grant_new_fields, grant_new_object, keep_limits
        from objects.access.registration import register
        from objects.access.services import field_levels  # noqa: F401 (registers its kind of act)
        from objects.activities import diversions, reminders
        from objects.conversion import registration as conversion
        from objects.duplicates import registration as duplicates
        from objects.exchange import job as exchange
        from objects.handover import job as handover
        from objects.merging import registration as merging
        from objects.notices import registration as notices
        from objects.query.query import visible_ids
        from objects.records import attachments, hierarchy, number_tidying, recalculation_jobs, resealing, retention
        from objects.records.lookup_filters import filter_errors
        from objects.records.touching import when_errors
        from objects.search import registration as search

        register()
        invariants.register()
        uses.register()
        belongings.register()
        hooks.shape_checks.append(filter_errors)
        hooks.shape_checks.append(when_errors)
        object_created.append(grant_new_object)
        hooks.fields_created.append(grant_new_fields)
        hooks.field_dropped.append(keep_limits)
        visible_records.append(visible_ids)
        search.register()
        duplicates.register()
        merging.register()
        notices.register()
        conversion.register()
        handover.register()
        exchange.register()
        retention.register()
        number_tidying.register()
        hierarchy.register()
        resealing.register()
        attachments.register()
        recalculation_jobs.register()
        reminders.register()
        diversions.register()
        hooks.computed_changed.append(recalculation_jobs.computed_changed)
