"""The logo goes into the file store, like every other upload. Rows only: tables change in their own transactions."""

import hashlib
import io

from django.db import migrations
from django.utils import timezone
from PIL import Image


def move_to_store(apps, schema_editor):
    from crm_platform.files import store

    for row in apps.get_model("identity", "OrganizationSettings").objects.exclude(logo=None):
        content = bytes(row.logo)
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
        sha256 = hashlib.sha256(content).hexdigest()
        store.write(store.content_key(sha256), io.BytesIO(content))
        row.logo_file = apps.get_model("files", "StoredFile").objects.create(
            sha256=sha256,
            size=len(content),
            content_type=row.logo_type,
            name="logo.png",
            created_at=timezone.now(),
            held_by="organization.logo",
            width=width,
            height=height,
        )
        row.save(update_fields=["logo_file"])


def move_back(apps, schema_editor):
    from crm_platform.files import store

    for row in apps.get_model("identity", "OrganizationSettings").objects.exclude(logo_file=None):
        with store.open_content(store.content_key(row.logo_file.sha256)) as content:
            row.logo, row.logo_type = content.read(), row.logo_file.content_type
        row.save(update_fields=["logo", "logo_type"])


class Migration(migrations.Migration):
    dependencies = [("identity", "0002_logo_file")]

    operations = [migrations.RunPython(move_to_store, move_back)]
