from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "crm_platform.jobs"
    label = "jobs"

    def ready(self) -> None:
        from crm_platform.jobs import builtin

        builtin.register()
