"""Addresses of the pages on jobs and the system."""

from django.urls import path

from crm_platform.jobs import views

urlpatterns = [
    path("setup/jobs/", views.job_list, name="jobs"),
    path("setup/jobs/<uuid:job_id>/<str:action>", views.job_action, name="job-action"),
    path("setup/system/", views.system, name="system"),
    path("setup/system/replay/<str:consumer>", views.replay, name="system-replay"),
]
