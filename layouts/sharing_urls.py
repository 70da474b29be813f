"""Addresses of sharing: its settings, territories, and what belongs to one record."""

from django.urls import path

from layouts.pages.access import delegations, record_sharing, sharing, territories

_RECORD = "o/<slug:object_name>/<uuid:record_id>"
SHARING = (
    path("setup/access/sharing/", sharing.sharing, name="sharing"),
    path("setup/access/sharing/defaults", sharing.save_defaults, name="sharing-defaults"),
    path("setup/access/sharing/conditions", sharing.rule_conditions, name="sharing-conditions"),
    path("setup/access/sharing/rules/new", sharing.new_sharing_rule, name="sharing-rule-new"),
    path("setup/access/sharing/rules/<uuid:rule_id>", sharing.sharing_rule, name="sharing-rule-edit"),
    path("setup/access/sharing/rules/<uuid:rule_id>/delete", sharing.delete_sharing_rule, name="sharing-rule-delete"),
    path("setup/access/sharing/restrictions/new", sharing.new_restriction_rule, name="restriction-rule-new"),
    path(
        "setup/access/sharing/restrictions/<uuid:restriction_id>",
        sharing.restriction_rule,
        name="restriction-rule-edit",
    ),
    path(
        "setup/access/sharing/restrictions/<uuid:restriction_id>/delete",
        sharing.delete_restriction_rule,
        name="restriction-rule-delete",
    ),
    path("setup/territories/", territories.territory_list, name="territories"),
    path("setup/territories/new", territories.new_territory, name="territory-new"),
    path("setup/territories/<uuid:territory_id>", territories.territory, name="territory"),
    path("setup/territories/<uuid:territory_id>/move", territories.move_territory, name="territory-move"),
    path("setup/territories/<uuid:territory_id>/close", territories.close_territory, name="territory-close"),
    path("setup/territories/<uuid:territory_id>/reopen", territories.reopen_territory, name="territory-reopen"),
    path("setup/territories/<uuid:territory_id>/delete", territories.delete_territory, name="territory-delete"),
    path("setup/territories/<uuid:territory_id>/members", territories.add_members, name="territory-members"),
    path(
        "setup/territories/<uuid:territory_id>/members/<uuid:user_id>/remove",
        territories.remove_member,
        name="territory-member-remove",
    ),
    path("setup/access/sharing/delegations/new", delegations.new_delegation, name="delegation-new"),
    path("account/delegations", delegations.own_delegations, name="own-delegations"),
    path("account/delegations/<int:delegation_id>/end", delegations.end_delegation, name="delegation-end"),
    path(f"{_RECORD}/sharing", record_sharing.record_sharing, name="record-sharing"),
    path(f"{_RECORD}/sharing/new", record_sharing.add_share, name="record-share-add"),
    path(f"{_RECORD}/sharing/<int:share_id>/remove", record_sharing.remove_share, name="record-share-remove"),
    path(f"{_RECORD}/team/new", record_sharing.add_member, name="record-member-add"),
    path(f"{_RECORD}/team/<uuid:user_id>", record_sharing.change_member, name="record-member"),
    path(f"{_RECORD}/team/<uuid:user_id>/remove", record_sharing.remove_member, name="record-member-remove"),
    path(f"{_RECORD}/transfer", record_sharing.transfer, name="record-transfer"),
)
