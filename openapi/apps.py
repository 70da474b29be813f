from django.apps import AppConfig


class OpenApiConfig(AppConfig):
    name = "openapi"

    def ready(self) -> None:
        from openapi import registration

        registration.register()
