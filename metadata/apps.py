from django.apps import AppConfig


class MetadataConfig(AppConfig):
    name = "metadata"

    def ready(self) -> None:
        from metadata.field_types import load_all

        load_all()

        from metadata import registration

        registration.register()
