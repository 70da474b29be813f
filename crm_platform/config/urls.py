"""All addresses: each app brings its own, this module only composes them."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("openapi.urls")),  # first: addresses are tried in order, and programs ask most often
    path("", include("crm_platform.console.urls")),
    path("", include("crm_platform.identity.urls")),
    path("", include("crm_platform.jobs.urls")),
    path("", include("crm_platform.audit.urls")),
    path("", include("crm_platform.files.urls")),
    path("", include("crm_platform.notifications.urls")),
    path("setup/", include("metadata.urls")),
    path("", include("workflows.urls")),  # before those of records, whose addresses begin alike
    path("", include("layouts.urls")),
]

handler403 = "crm_platform.console.views.forbidden"
handler404 = "crm_platform.console.views.not_found"
handler500 = "crm_platform.console.views.server_error"
