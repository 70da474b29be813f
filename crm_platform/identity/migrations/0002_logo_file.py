"""A place for the logo among the uploads; see the next two migrations."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("identity", "0001_initial"), ("files", "0001_initial")]

    operations = [
        migrations.AddField(
            "organizationsettings",
            "logo_file",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="files.storedfile",
            ),
        ),
    ]
