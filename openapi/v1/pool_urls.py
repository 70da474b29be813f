"""Routes of pools."""

from django.urls import path

from openapi.v1 import pools, recycling

_POOL = "pools/<uuid:pool_id>"
POOLS = (
    path("pools", pools.PoolList.as_view(), name="api-pools"),
    path(_POOL, pools.PoolDetail.as_view(), name="api-pool"),
    path(f"{_POOL}/records", pools.PoolRecords.as_view(), name="api-pool-records"),
    path(f"{_POOL}/records/<uuid:record_id>", pools.PoolRecord.as_view(), name="api-pool-record"),
    path(f"{_POOL}/log", pools.PoolLog.as_view(), name="api-pool-log"),
    path(f"{_POOL}/claim", pools.PoolClaim.as_view(), name="api-pool-claim"),
    path(f"{_POOL}/claim-next", pools.PoolClaimNext.as_view(), name="api-pool-claim-next"),
    path(f"{_POOL}/assign", pools.PoolAssign.as_view(), name="api-pool-assign"),
    path(f"{_POOL}/release", pools.PoolRelease.as_view(), name="api-pool-release"),
    path(f"{_POOL}/recall", pools.PoolRecall.as_view(), name="api-pool-recall"),
    path(f"{_POOL}/move", pools.PoolMove.as_view(), name="api-pool-move"),
    path(f"{_POOL}/quotas", pools.PoolQuotas.as_view(), name="api-pool-quotas"),
    path(f"{_POOL}/quotas/<uuid:user_id>", pools.PoolQuotaDetail.as_view(), name="api-pool-quota"),
    path(f"{_POOL}/recycle-preview", recycling.RecyclePreview.as_view(), name="api-pool-recycle-preview"),
    path(f"{_POOL}/recycle-run", recycling.RecycleNow.as_view(), name="api-pool-recycle-run"),
    path(f"{_POOL}/recycle-runs", recycling.RecycleRunList.as_view(), name="api-pool-recycle-runs"),
    path(f"{_POOL}/recycle-runs/<uuid:run_id>/undo", recycling.RecycleUndo.as_view(), name="api-pool-recycle-undo"),
)
