from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "crm_platform.jobs.workers"
    label = "workers"
