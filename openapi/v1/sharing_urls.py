"""Routes of sharing: rules, defaults, territories, shares and teams of records, delegations."""

from django.urls import path

from openapi.v1 import delegations, shares, sharing_rules, territories

_RECORD = "records/<str:object_name>/<uuid:record_id>"
SHARING = (
    path("sharing-rules", sharing_rules.SharingRuleList.as_view(), name="api-sharing-rules"),
    path("sharing-rules/<uuid:rule_id>", sharing_rules.SharingRuleDetail.as_view(), name="api-sharing-rule"),
    path("restriction-rules", sharing_rules.RestrictionRuleList.as_view(), name="api-restriction-rules"),
    path(
        "restriction-rules/<uuid:rule_id>",
        sharing_rules.RestrictionRuleDetail.as_view(),
        name="api-restriction-rule",
    ),
    path("sharing-defaults", sharing_rules.SharingDefaultList.as_view(), name="api-sharing-defaults"),
    path(
        "sharing-defaults/<str:object_name>",
        sharing_rules.SharingDefaultDetail.as_view(),
        name="api-sharing-default",
    ),
    path(f"{_RECORD}/shares", shares.ShareList.as_view(), name="api-shares"),
    path(f"{_RECORD}/shares/<int:share_id>", shares.ShareDetail.as_view(), name="api-share"),
    path(f"{_RECORD}/team", shares.TeamList.as_view(), name="api-team"),
    path(f"{_RECORD}/team/<uuid:user_id>", shares.TeamMember.as_view(), name="api-team-member"),
    path(f"{_RECORD}/transfer", shares.RecordTransfer.as_view(), name="api-transfer"),
    path("territories", territories.TerritoryList.as_view(), name="api-territories"),
    path("territories/<uuid:territory_id>", territories.TerritoryDetail.as_view(), name="api-territory"),
    path(
        "territories/<uuid:territory_id>/members",
        territories.TerritoryMembers.as_view(),
        name="api-territory-members",
    ),
    path("delegations", delegations.DelegationList.as_view(), name="api-delegations"),
    path("delegations/<int:delegation_id>", delegations.DelegationDetail.as_view(), name="api-delegation"),
)
