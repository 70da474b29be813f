"""The Open API, its documentation, and the pages on which keys are made."""

from django.urls import include, path

from openapi import views

urlpatterns = [
    path("api/v1/", include("openapi.v1.urls")),
    path("api/docs", views.api_docs, name="api-docs"),
    path("setup/api-keys/", views.key_list, name="api-keys"),
    path("setup/api-keys/<uuid:key_id>/revoke", views.key_revoke, name="api-key-revoke"),
]
