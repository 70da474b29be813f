from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "crm_platform.audit"
    label = "audit"

    def ready(self) -> None:
        from crm_platform.audit import registration

        registration.register()
