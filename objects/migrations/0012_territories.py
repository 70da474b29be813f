from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Left, Length, NullIf

import crm_platform.kit.ids

# The territory above is there as long as one stands below it. Django's foreign keys can't stand on generated columns.
PARENT = """
    ALTER TABLE objects_territory ADD CONSTRAINT territory_parent
    FOREIGN KEY (parent_path) REFERENCES objects_territory (path)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("objects", "0011_reminders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Territory",
            fields=[
                ("path", models.CharField(max_length=255, unique=True)),
                ("depth", models.PositiveIntegerField()),
                ("numchild", models.PositiveIntegerField(default=0)),
                (
                    "id",
                    models.UUIDField(
                        default=crm_platform.kit.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "parent_path",
                    models.GeneratedField(
                        db_persist=True,
                        expression=NullIf(Left("path", Length("path") - 4), models.Value("")),
                        output_field=models.CharField(max_length=255, null=True),
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("parent_path", "name"), name="territory_sibling_name", nulls_distinct=False
                    ),
                    models.CheckConstraint(condition=models.Q(("depth", Length("path") / 4)), name="territory_depth"),
                ],
            },
        ),
        migrations.CreateModel(
            name="TerritoryMember",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "territory",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="objects.territory",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="territories",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "territory"), name="territory_member_once"),
                ],
            },
        ),
        migrations.RunSQL(PARENT, "ALTER TABLE objects_territory DROP CONSTRAINT territory_parent"),
    ]
