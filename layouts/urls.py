"""Addresses of the record pages."""

from django.urls import path

from layouts.pages import (
    bulk,
    delete,
    edit,
    filter_form,
    home,
    list_settings,
    lookup,
    object_list,
    record,
    regions,
    revealing,
    search,
    tags,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("search", search.search, name="search"),
    path("regions", regions.regions, name="regions"),
    path("lookup/<slug:object_name>", lookup.lookup, name="lookup"),
    path("tags/<int:field_id>", tags.tags, name="tags"),
    path("trash/", delete.trash, name="trash"),
    path("trash/<uuid:deletion_id>/restore", delete.restore, name="trash-restore"),
    path("o/<slug:object_name>/", object_list.object_list, name="record-list"),
    path("o/<slug:object_name>/new", edit.record_new, name="record-new"),
    path("o/<slug:object_name>/filter", filter_form.filter_form, name="record-filter"),
    path("o/<slug:object_name>/columns", list_settings.column_chooser, name="record-columns"),
    path("o/<slug:object_name>/assign", bulk.assign, name="record-assign"),
    path("o/<slug:object_name>/delete-selected", bulk.bulk_delete, name="record-bulk-delete"),
    path("o/<slug:object_name>/views/new", list_settings.view_new, name="list-view-new"),
    path("o/<slug:object_name>/views/<uuid:view_id>/edit", list_settings.view_edit, name="list-view-edit"),
    path("o/<slug:object_name>/views/<uuid:view_id>/delete", list_settings.view_delete, name="list-view-delete"),
    path("o/<slug:object_name>/<uuid:record_id>", record.record, name="record"),
    path("o/<slug:object_name>/<uuid:record_id>/edit", edit.record_edit, name="record-edit"),
    path("o/<slug:object_name>/<uuid:record_id>/delete", delete.record_delete, name="record-delete"),
    path(
        "o/<slug:object_name>/<uuid:record_id>/reveal/<slug:field_name>",
        revealing.reveal_field,
        name="record-reveal",
    ),
    path("o/<slug:object_name>/<uuid:record_id>/stage", record.move_stage, name="record-stage"),
]
