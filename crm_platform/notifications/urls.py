"""Addresses of notifications."""

from django.urls import path

from crm_platform.notifications import views

urlpatterns = [
    path("notifications/", views.notification_list, name="notifications"),
    path("notifications/unread", views.unread, name="notifications-unread"),
    path("notifications/latest", views.latest, name="notifications-latest"),
    path("notifications/read", views.read, name="notifications-read"),
    path("notifications/<uuid:notification_id>", views.open_notification, name="notification"),
    path("account/notifications", views.Preferences.as_view(), name="account-notifications"),
]
