"""Translations of what admins name: rows, not message catalogues."""

from __future__ import annotations

from django.db import models


class LabelTranslation(models.Model):
    """The text of one attribute of one metadata row (by its UUID) in one language."""

    target = models.UUIDField()
    attribute = models.CharField(max_length=20)  # "label" | "plural_label" | "help_text" | "description"
    locale = models.CharField(max_length=10)
    text = models.CharField(max_length=500)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["target", "attribute", "locale"], name="one_text_per_locale"),
        ]
