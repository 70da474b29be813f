"""Addresses of uploads and downloads."""

from django.urls import path

from crm_platform.files import views

urlpatterns = [
    path("files/", views.upload, name="file-upload"),
    path("files/<uuid:file_id>", views.download, name="file"),
]
