"""Addresses of the console's own pages."""

from django.urls import path

from crm_platform.console import views

urlpatterns = [
    path("language", views.set_language, name="set-language"),
]
