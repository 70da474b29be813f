"""The logo's bytes are in the file store by now."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("identity", "0003_move_logo")]

    operations = [
        migrations.RemoveField("organizationsettings", "logo"),
        migrations.RemoveField("organizationsettings", "logo_type"),
        migrations.RenameField("organizationsettings", "logo_file", "logo"),
    ]
