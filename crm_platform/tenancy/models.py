"""Organisations (a schema each), their host names, and which of them has work due: the `public` schema."""

from __future__ import annotations

from django.db import models
from django_tenants.models import DomainMixin, TenantMixin


class Organization(TenantMixin):
    """A customer of this installation; everything that belongs to it lives in the schema `schema_name`."""

    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=40, unique=True)
    is_template = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    auto_create_schema = False  # create_organization clones the template instead
    auto_drop_schema = False

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A host name that leads to an organisation."""


class WakeUp(models.Model):
    """A note that an organisation has work due at a time; appended with the work, deleted when it is drained.

    Rows are only ever inserted and deleted, never updated, so that writers of one organisation do not wait
    for each other.
    """

    schema_name = models.CharField(max_length=63)
    due_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["due_at", "schema_name"], name="wakeup_due")]
