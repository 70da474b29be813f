"""Leads and what they point at, as static models on the copied tables."""
# ruff: noqa: DJ001 (the copied tables hold NULL where nothing was given)

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class Department(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=100)
    path = models.CharField(max_length=255)

    class Meta:
        managed = False
        db_table = "department"


class User(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    username = models.CharField(max_length=150)
    name = models.CharField(max_length=100)
    department = models.ForeignKey(Department, models.PROTECT, null=True)
    is_active = models.BooleanField(default=True)

    is_authenticated = True

    class Meta:
        managed = False
        db_table = "user"


class Token(models.Model):
    key = models.CharField(max_length=40, primary_key=True)
    user = models.ForeignKey(User, models.CASCADE)

    class Meta:
        managed = False
        db_table = "token"


class Campaign(models.Model):
    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=100)

    class Meta:
        managed = False
        db_table = "campaign"


class Lead(models.Model):
    """Thirty fields, as a lead has in the product."""

    id = models.UUIDField(primary_key=True, default=uuid7)
    version = models.IntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    owner_department = models.ForeignKey(Department, models.PROTECT, null=True, related_name="+")
    currency = models.CharField(max_length=3, default="CNY")
    deleted_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=80)
    company = models.CharField(max_length=120)
    title = models.CharField(max_length=60, blank=True, null=True)
    status = models.CharField(
        max_length=255, default="new", choices=[(v, v) for v in ("new", "working", "converted", "invalid")]
    )
    rating = models.CharField(max_length=255, null=True, choices=[(v, v) for v in ("hot", "warm", "cold")])
    source = models.CharField(max_length=255, blank=True, null=True)
    campaign = models.ForeignKey(Campaign, models.SET_NULL, null=True, related_name="+")
    mobile = models.CharField(max_length=40, blank=True, null=True)
    phone = models.CharField(max_length=40, blank=True, null=True)
    email = models.EmailField(blank=True, null=True)
    wechat = models.CharField(max_length=60, blank=True, null=True)
    industry = models.CharField(max_length=255, blank=True, null=True)
    company_size = models.CharField(max_length=255, blank=True, null=True)
    expected_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    interests = ArrayField(models.CharField(max_length=255), null=True)
    next_contact_at = models.DateTimeField(null=True)
    province = models.CharField(max_length=30, blank=True, null=True)
    city = models.CharField(max_length=30, blank=True, null=True)
    address = models.CharField(max_length=200, blank=True, null=True)
    website = models.URLField(blank=True, null=True)
    do_not_call = models.BooleanField(default=False)
    description = models.TextField(blank=True, null=True)

    class Meta:
        managed = False
        db_table = "lead"
