"""`SchemaApps`: the private, sealed registry in which one snapshot's model classes live."""

from __future__ import annotations

from typing import Any

from django.apps import apps as global_apps
from django.apps.registry import Apps
from django.db import models

APP_LABEL = "records"


class SchemaApps(Apps):
    """A registry that nothing else refers to, so that a snapshot and all its classes are collected whole.

    Record models are looked up here, every other model (users, departments) in Django's own registry, which
    never learns of the record models.
    """

    def __init__(self) -> None:
        super().__init__(installed_apps=())

    def get_registered_model(self, app_label: str, model_name: str) -> type[models.Model]:
        if app_label == APP_LABEL:
            return super().get_registered_model(app_label, model_name)
        return global_apps.get_registered_model(app_label, model_name)

    def register_model(self, app_label: str, model: type[models.Model]) -> None:
        """Register without clearing every model's caches each time: `seal` does it once."""
        self.all_models[app_label][str(model._meta.model_name)] = model
        self.do_pending_operations(model)

    def seal(self) -> None:
        """Assert that every relation found its target; a half-built registry must never be used."""
        if self._pending_operations:
            raise RuntimeError(f"unresolved relations: {sorted(self._pending_operations)}")
        self.clear_cache()

    def __reduce__(self) -> Any:
        raise TypeError("compiled shapes are never pickled; cache specs instead")
