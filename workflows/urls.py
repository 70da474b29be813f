"""Addresses of pools and of the lead desk."""

from django.urls import path

from workflows.pools.views import mine, opened, records, taking, waiting

_RECORD = "o/<slug:object_name>/<uuid:record_id>"
urlpatterns = [
    path("pools/", mine.pools, name="pools"),
    path("pools/<uuid:pool_id>/", waiting.pool, name="pool"),
    path("pools/<uuid:pool_id>/log", opened.pool_log, name="pool-log"),
    path("pools/<uuid:pool_id>/claim", taking.claim, name="pool-claim"),
    path("pools/<uuid:pool_id>/claim-next", taking.claim_next, name="pool-claim-next"),
    path("pools/<uuid:pool_id>/assign", taking.assign, name="pool-assign"),
    path("pools/<uuid:pool_id>/move", taking.move, name="pool-move"),
    path("pools/<uuid:pool_id>/<uuid:record_id>", opened.waiting_record, name="pool-record"),
    path(f"{_RECORD}/pool", records.record_panel, name="record-pool-panel"),
    path(f"{_RECORD}/in-pool", records.in_pool, name="record-in-pool"),
    path(f"{_RECORD}/release", records.release_record, name="record-release"),
    path(f"{_RECORD}/pool-assign", records.assign_record, name="record-pool-assign"),
    path(f"{_RECORD}/pool-move", records.move_record, name="record-pool-move"),
    path("o/<slug:object_name>/release", records.release_selected, name="records-release"),
    path("o/<slug:object_name>/pool-assign", records.assign_selected, name="records-assign"),
]
