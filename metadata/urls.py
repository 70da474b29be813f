"""Pages under /setup/ in which the data model is built."""

from django.urls import path

from metadata.views import (
    currencies,
    dependencies,
    duplicate_rules,
    expressions,
    fields,
    objects,
    picklists,
    record_types,
    retyping,
    validation_rules,
)

urlpatterns = [
    path("objects/", objects.object_list, name="metadata-objects"),
    path("objects/new", objects.object_new, name="metadata-object-new"),
    path("objects/<slug:object_name>/", objects.object_detail, name="metadata-object"),
    path("objects/<slug:object_name>/edit", objects.object_edit, name="metadata-object-edit"),
    path("objects/<slug:object_name>/delete", objects.object_delete, name="metadata-object-delete"),
    path("objects/<slug:object_name>/restore", objects.object_restore, name="metadata-object-restore"),
    path("objects/<slug:object_name>/fields/new", fields.field_types_page, name="metadata-field-types"),
    path("objects/<slug:object_name>/fields/new/<slug:type_key>", fields.field_new, name="metadata-field-new"),
    path("objects/<slug:object_name>/fields/<slug:field_name>/", fields.field_edit, name="metadata-field"),
    path(
        "objects/<slug:object_name>/fields/<slug:field_name>/delete", fields.field_delete, name="metadata-field-delete"
    ),
    path(
        "objects/<slug:object_name>/fields/<slug:field_name>/restore",
        fields.field_restore,
        name="metadata-field-restore",
    ),
    path(
        "objects/<slug:object_name>/fields/<slug:field_name>/deprecate",
        retyping.field_deprecate,
        name="metadata-field-deprecate",
    ),
    path(
        "objects/<slug:object_name>/fields/<slug:field_name>/dependency",
        dependencies.field_dependency,
        name="metadata-field-dependency",
    ),
    path("objects/<slug:object_name>/fields/<slug:field_name>/type", retyping.field_type, name="metadata-field-type"),
    path(
        "objects/<slug:object_name>/fields/<slug:field_name>/type/cancel",
        retyping.field_type_cancel,
        name="metadata-field-type-cancel",
    ),
    path("objects/<slug:object_name>/duplicates/", duplicate_rules.rule_list, name="metadata-duplicate-rules"),
    path(
        "objects/<slug:object_name>/duplicates/matching/new",
        duplicate_rules.matching_new,
        name="metadata-matching-rule-new",
    ),
    path(
        "objects/<slug:object_name>/duplicates/matching/<slug:rule_name>",
        duplicate_rules.matching_edit,
        name="metadata-matching-rule",
    ),
    path(
        "objects/<slug:object_name>/duplicates/matching/<slug:rule_name>/delete",
        duplicate_rules.matching_delete,
        name="metadata-matching-rule-delete",
    ),
    path(
        "objects/<slug:object_name>/duplicates/new", duplicate_rules.duplicate_new, name="metadata-duplicate-rule-new"
    ),
    path(
        "objects/<slug:object_name>/duplicates/rule/<slug:rule_name>",
        duplicate_rules.duplicate_edit,
        name="metadata-duplicate-rule",
    ),
    path(
        "objects/<slug:object_name>/duplicates/rule/<slug:rule_name>/delete",
        duplicate_rules.duplicate_delete,
        name="metadata-duplicate-rule-delete",
    ),
    path("objects/<slug:object_name>/types/", record_types.type_list, name="metadata-record-types"),
    path("objects/<slug:object_name>/types/new", record_types.type_new, name="metadata-record-type-new"),
    path("objects/<slug:object_name>/types/<slug:type_name>/", record_types.type_edit, name="metadata-record-type"),
    path("objects/<slug:object_name>/rules/", validation_rules.rule_list, name="metadata-validation-rules"),
    path("objects/<slug:object_name>/rules/new", validation_rules.rule_new, name="metadata-validation-rule-new"),
    path(
        "objects/<slug:object_name>/rules/<slug:rule_name>/",
        validation_rules.rule_edit,
        name="metadata-validation-rule",
    ),
    path(
        "objects/<slug:object_name>/rules/<slug:rule_name>/delete",
        validation_rules.rule_delete,
        name="metadata-validation-rule-delete",
    ),
    path("expressions/names", expressions.expression_names, name="metadata-expression-names"),
    path("expressions/check", expressions.expression_check, name="metadata-expression-check"),
    path("currencies/", currencies.currency_list, name="currencies"),
    path("currencies/<slug:code>/", currencies.currency, name="currency"),
    path("currencies/<slug:code>/close", currencies.currency_close, name="currency-close"),
    path("currencies/<slug:code>/reopen", currencies.currency_reopen, name="currency-reopen"),
    path("currencies/<slug:code>/rates/<slug:day>/remove", currencies.rate_remove, name="currency-rate-remove"),
    path("picklists/", picklists.picklist_list, name="metadata-picklists"),
    path("picklists/new", picklists.picklist_new, name="metadata-picklist-new"),
    path("picklists/<slug:set_name>/", picklists.picklist_edit, name="metadata-picklist"),
]
