"""All routes of version 1."""

from django.urls import path, re_path

from openapi.v1 import (
    currencies,
    duplicates,
    files,
    matching_rules,
    me,
    merges,
    metadata,
    profiles,
    records,
    retyping,
    revealing,
    roles,
    search,
    trials,
    validation_rules,
)
from openapi.v1.document import OpenApiDocument
from openapi.v1.fallback import no_such_route
from openapi.v1.sharing_urls import SHARING

urlpatterns = [
    path("records/<str:object_name>", records.RecordList.as_view(), name="api-records"),
    path("records/<str:object_name>/bulk-create", records.BulkCreate.as_view(), name="api-bulk-create"),
    path("records/<str:object_name>/bulk-update", records.BulkUpdate.as_view(), name="api-bulk-update"),
    path("records/<str:object_name>/by/<str:field>/<path:value>", records.RecordByKey.as_view(), name="api-by-key"),
    path("records/<str:object_name>/duplicates", duplicates.DuplicateCheck.as_view(), name="api-duplicate-check"),
    path("records/<str:object_name>/merge", merges.RecordMerge.as_view(), name="api-merge"),
    path(
        "records/<str:object_name>/merges/<uuid:merge_id>/undo",
        merges.MergeUndo.as_view(),
        name="api-merge-undo",
    ),
    path(
        "records/<str:object_name>/<uuid:record_id>/duplicates",
        duplicates.RecordDuplicates.as_view(),
        name="api-duplicates",
    ),
    path("records/<str:object_name>/<uuid:record_id>", records.RecordDetail.as_view(), name="api-record"),
    path("records/<str:object_name>/<uuid:record_id>/restore", records.RecordRestore.as_view(), name="api-restore"),
    path("records/<str:object_name>/<uuid:record_id>/reveal", revealing.RecordReveal.as_view(), name="api-reveal"),
    path("me", me.Me.as_view(), name="api-me"),
    path("meta", me.Meta.as_view(), name="api-meta"),
    path("meta/objects", metadata.ObjectList.as_view(), name="api-objects"),
    path("meta/objects/<str:object_name>", metadata.ObjectDetail.as_view(), name="api-object"),
    path("meta/objects/<str:object_name>/describe", metadata.Describe.as_view(), name="api-describe"),
    path("meta/objects/<str:object_name>/restore", metadata.ObjectRestore.as_view(), name="api-object-restore"),
    path(
        "meta/objects/<str:object_name>/validation-rules",
        validation_rules.ValidationRuleList.as_view(),
        name="api-validation-rules",
    ),
    path(
        "meta/objects/<str:object_name>/validation-rules/<str:rule_name>",
        validation_rules.ValidationRuleDetail.as_view(),
        name="api-validation-rule",
    ),
    path("meta/formulas/check", trials.FormulaCheck.as_view(), name="api-formula-check"),
    path("records/<str:object_name>/validate", trials.RecordValidate.as_view(), name="api-record-validate"),
    path("meta/objects/<str:object_name>/fields", metadata.FieldList.as_view(), name="api-fields"),
    path("meta/objects/<str:object_name>/fields/<str:field_name>", metadata.FieldDetail.as_view(), name="api-field"),
    path(
        "meta/objects/<str:object_name>/fields/<str:field_name>/restore",
        metadata.FieldRestore.as_view(),
        name="api-field-restore",
    ),
    path(
        "meta/objects/<str:object_name>/fields/<str:field_name>/usage",
        retyping.FieldUsage.as_view(),
        name="api-field-usage",
    ),
    path(
        "meta/objects/<str:object_name>/fields/<str:field_name>/change-type",
        retyping.FieldTypeChange.as_view(),
        name="api-field-type",
    ),
    path(
        "meta/objects/<str:object_name>/fields/<str:field_name>/change-type/previews/<uuid:job_id>",
        retyping.TypeChangePreview.as_view(),
        name="api-field-type-preview",
    ),
    path("files", files.FileList.as_view(), name="api-files"),
    path("files/<uuid:file_id>", files.FileDetail.as_view(), name="api-file"),
    path("files/<uuid:file_id>/content", files.FileContent.as_view(), name="api-file-content"),
    path(
        "meta/objects/<str:object_name>/matching-rules",
        matching_rules.MatchingRuleList.as_view(),
        name="api-matching-rules",
    ),
    path(
        "meta/objects/<str:object_name>/matching-rules/<str:rule_name>",
        matching_rules.MatchingRuleDetail.as_view(),
        name="api-matching-rule",
    ),
    path(
        "meta/objects/<str:object_name>/duplicate-rules",
        matching_rules.DuplicateRuleList.as_view(),
        name="api-duplicate-rules",
    ),
    path(
        "meta/objects/<str:object_name>/duplicate-rules/<str:rule_name>",
        matching_rules.DuplicateRuleDetail.as_view(),
        name="api-duplicate-rule",
    ),
    *SHARING,
    path("currencies", currencies.CurrencyList.as_view(), name="api-currencies"),
    path("currencies/<str:code>/rates", currencies.CurrencyRates.as_view(), name="api-rates"),
    path("roles", roles.RoleList.as_view(), name="api-roles"),
    path("roles/<uuid:role_id>", roles.RoleDetail.as_view(), name="api-role"),
    path("profiles", profiles.ProfileList.as_view(), name="api-profiles"),
    path("profiles/<uuid:holder_id>", profiles.ProfileDetail.as_view(), name="api-profile"),
    path("profiles/<uuid:holder_id>/objects", profiles.ProfileObjects.as_view(), name="api-profile-objects"),
    path(
        "profiles/<uuid:holder_id>/fields/<str:object_name>",
        profiles.ProfileFields.as_view(),
        name="api-profile-fields",
    ),
    path("permission-sets", profiles.PermissionSetList.as_view(), name="api-permission-sets"),
    path("permission-sets/<uuid:holder_id>", profiles.PermissionSetDetail.as_view(), name="api-permission-set"),
    path(
        "permission-sets/<uuid:holder_id>/objects",
        profiles.PermissionSetObjects.as_view(),
        name="api-permission-set-objects",
    ),
    path(
        "permission-sets/<uuid:holder_id>/fields/<str:object_name>",
        profiles.PermissionSetFields.as_view(),
        name="api-permission-set-fields",
    ),
    path(
        "permission-sets/<uuid:holder_id>/members",
        profiles.PermissionSetMembers.as_view(),
        name="api-permission-set-members",
    ),
    path("search", search.Search.as_view(), name="api-search"),
    path("openapi.json", OpenApiDocument.as_view(), name="api-openapi"),
    re_path(r"^.*$", no_such_route, name="api-unknown"),
]
