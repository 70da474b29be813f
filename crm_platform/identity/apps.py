from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "crm_platform.identity"
    label = "identity"
