from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "crm_platform.events"
    label = "events"
