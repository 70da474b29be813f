"""Addresses of pools and of the lead desk."""

from django.urls import path

from workflows.desk import views as desk
from workflows.pools.views import mine, opened, records, taking, waiting
from workflows.pools.views.setup import people, pools, rules

_RECORD = "o/<slug:object_name>/<uuid:record_id>"
_SETUP = "setup/pools/<uuid:pool_id>"
urlpatterns = [
    path("desk/", desk.desk, name="desk"),
    path("desk/team", desk.team, name="desk-team"),
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
    path("setup/pools/", pools.pool_settings, name="pool-settings"),
    path("setup/pools/new", pools.pool_new, name="pool-new"),
    path("setup/pools/caps/<slug:object_name>", people.hold_caps, name="pool-caps"),
    path("setup/pools/caps/<slug:object_name>/<int:cap_id>/remove", people.hold_cap_remove, name="pool-cap-remove"),
    path(_SETUP, pools.pool_edit, name="pool-edit"),
    path(f"{_SETUP}/delete", pools.pool_delete, name="pool-delete"),
    path(f"{_SETUP}/people", people.pool_people, name="pool-people"),
    path(f"{_SETUP}/members/<int:member_id>/remove", people.member_remove, name="pool-member-remove"),
    path(f"{_SETUP}/quotas/<uuid:user_id>/remove", people.quota_remove, name="pool-quota-remove"),
    path(f"{_SETUP}/rules", rules.pool_rules, name="pool-rules"),
    path(f"{_SETUP}/rules/new", rules.rule_new, name="pool-rule-new"),
    path(f"{_SETUP}/rules/<int:rule_id>", rules.rule_edit, name="pool-rule"),
    path(f"{_SETUP}/rules/<int:rule_id>/delete", rules.rule_delete, name="pool-rule-delete"),
]
