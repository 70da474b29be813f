from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "crm_platform.files"
    label = "files"

    def ready(self) -> None:
        from crm_platform.files import cleaning, store
        from crm_platform.tenancy.hooks import organization_deleted

        cleaning.register()
        organization_deleted.append(store.remove_organization)
