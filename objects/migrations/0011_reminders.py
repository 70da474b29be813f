from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("objects", "0010_conversion")]

    operations = [
        migrations.CreateModel(
            name="Reminder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("field_id", models.BigIntegerField()),
                ("record_id", models.UUIDField()),
                ("at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "indexes": [models.Index(fields=["at"], name="reminder_at")],
                "constraints": [
                    models.UniqueConstraint(fields=["field_id", "record_id", "at"], name="reminded_once"),
                ],
            },
        ),
    ]
