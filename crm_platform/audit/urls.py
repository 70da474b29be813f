"""Addresses of the audit trail."""

from django.urls import path

from crm_platform.audit import views

urlpatterns = [path("setup/audit/", views.audit, name="audit")]
