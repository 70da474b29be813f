"""What an administrator has said about fields of leads when they are converted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from metadata.models import BusinessField, BusinessObject


class Existing(models.TextChoices):
    """What becomes of a value where the lead becomes a record that is there already."""

    KEEP = "keep", _("Keep what is there")
    FILL = "fill", _("Fill where empty")
    OVERWRITE = "overwrite", _("Overwrite")


class ConversionMapping(models.Model):
    """Where the value of a lead's field goes in one of the records that become of it; nowhere without `target_field`.

    Fields without a row go where the same name or label is, see `objects.conversion.mapping`.
    """

    source_field = models.ForeignKey(BusinessField, on_delete=models.CASCADE, related_name="+")
    target_object = models.ForeignKey(BusinessObject, on_delete=models.CASCADE, related_name="+")
    target_field = models.ForeignKey(BusinessField, on_delete=models.CASCADE, null=True, related_name="+")
    existing = models.CharField(max_length=10, choices=Existing.choices, default=Existing.FILL)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["source_field", "target_object"], name="conversion_source_once"),
            models.UniqueConstraint(fields=["target_field"], name="conversion_target_once"),
        ]
