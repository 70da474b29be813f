from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "crm_platform.notifications"
    label = "notifications"

    def ready(self) -> None:
        from crm_platform.notifications import registration

        registration.register()
