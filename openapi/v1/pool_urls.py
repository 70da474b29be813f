"""Routes of pools: of those who work with them, and of those who settle them."""

from django.urls import path

from openapi.v1 import assignment_rules, pool_settings, pools, recycling, response_times

_POOL, _SETTINGS = "pools/<uuid:pool_id>", "meta/pools/<uuid:pool_id>"
POOLS = (
    path("pools", pools.PoolList.as_view(), name="api-pools"),
    path(_POOL, pools.PoolDetail.as_view(), name="api-pool"),
    path(f"{_POOL}/records", pools.PoolRecords.as_view(), name="api-pool-records"),
    path(f"{_POOL}/records/<uuid:record_id>", pools.PoolRecord.as_view(), name="api-pool-record"),
    path(f"{_POOL}/log", pools.PoolLog.as_view(), name="api-pool-log"),
    path(f"{_POOL}/claim", pools.PoolClaim.as_view(), name="api-pool-claim"),
    path(f"{_POOL}/claim-next", pools.PoolClaimNext.as_view(), name="api-pool-claim-next"),
    path(f"{_POOL}/assign", pools.PoolAssign.as_view(), name="api-pool-assign"),
    path(f"{_POOL}/auto-assign", pools.PoolAutoAssign.as_view(), name="api-pool-auto-assign"),
    path(f"{_POOL}/release", pools.PoolRelease.as_view(), name="api-pool-release"),
    path(f"{_POOL}/recall", pools.PoolRecall.as_view(), name="api-pool-recall"),
    path(f"{_POOL}/move", pools.PoolMove.as_view(), name="api-pool-move"),
    path(f"{_POOL}/quotas", pools.PoolQuotas.as_view(), name="api-pool-quotas"),
    path(f"{_POOL}/quotas/<uuid:user_id>", pools.PoolQuotaDetail.as_view(), name="api-pool-quota"),
    path(f"{_POOL}/recycle-preview", recycling.RecyclePreview.as_view(), name="api-pool-recycle-preview"),
    path(f"{_POOL}/recycle-run", recycling.RecycleNow.as_view(), name="api-pool-recycle-run"),
    path(f"{_POOL}/recycle-runs", recycling.RecycleRunList.as_view(), name="api-pool-recycle-runs"),
    path(f"{_POOL}/recycle-runs/<uuid:run_id>/undo", recycling.RecycleUndo.as_view(), name="api-pool-recycle-undo"),
    path("meta/pools", pool_settings.PoolSettingsList.as_view(), name="api-meta-pools"),
    path(_SETTINGS, pool_settings.PoolSettings.as_view(), name="api-meta-pool"),
    path(f"{_SETTINGS}/members", pool_settings.PoolMembers.as_view(), name="api-meta-pool-members"),
    path(f"{_SETTINGS}/recycle-rules", pool_settings.RecycleRules.as_view(), name="api-meta-recycle-rules"),
    path("meta/objects/<str:object_name>/hold-caps", pool_settings.HoldCaps.as_view(), name="api-meta-hold-caps"),
    path(
        f"{_SETTINGS}/assignment-rules",
        assignment_rules.AssignmentRuleList.as_view(),
        name="api-meta-assignment-rules",
    ),
    path(
        f"{_SETTINGS}/assignment-rules/<uuid:assignment_rule_id>",
        assignment_rules.AssignmentRuleDetail.as_view(),
        name="api-meta-assignment-rule",
    ),
    path(f"{_SETTINGS}/response-times", response_times.ResponseTimes.as_view(), name="api-meta-response-times"),
)
