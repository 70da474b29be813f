"""The sequence of version numbers: a number that was drawn is never drawn again, rolled back or not."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("metadata", "0001_initial")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE metadata_version_number", "DROP SEQUENCE metadata_version_number")
    ]
