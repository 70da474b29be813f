from django.apps import AppConfig


class TenancyConfig(AppConfig):
    name = "crm_platform.tenancy"
    label = "tenancy"
