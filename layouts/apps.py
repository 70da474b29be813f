from django.apps import AppConfig


class LayoutsConfig(AppConfig):
    name = "layouts"

    def ready(self) -> None:
        from layouts.packages import register

        register()
