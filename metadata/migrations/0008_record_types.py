"""Record types, and two rights that single buttons need: who could share or restore before keeps that."""

import uuid

import django.db.models.deletion
from django.db import migrations, models

# right → the right that brought it along until now
BROUGHT_ALONG = {
    "share": ("edit", "Share records, and choose their teams"),
    "restore": ("delete", "Bring records back from the trash"),
}


def grant(apps, schema_editor):
    """Give every group that may edit (delete) records of an object the right to share (restore) them."""
    content_type = (
        apps.get_model("contenttypes", "ContentType")
        .objects.filter(app_label="metadata", model="businessobject")
        .first()
    )
    if content_type is None:  # a new organisation, whose grants come with its packages
        return
    permissions, grants = (
        apps.get_model("auth", "Permission"),
        apps.get_model("metadata", "BusinessObjectGroupPermission"),
    )
    for codename, (source, name) in BROUGHT_ALONG.items():
        made, _new = permissions.objects.get_or_create(
            content_type=content_type, codename=codename, defaults={"name": name}
        )
        rows = grants.objects.filter(permission__content_type=content_type, permission__codename=source)
        grants.objects.bulk_create(
            (
                grants(group_id=group, content_object_id=row, permission=made)
                for group, row in rows.values_list("group_id", "content_object_id")
            ),
            ignore_conflicts=True,
        )


def nothing(apps, schema_editor):
    """The rights stay: without the code that asks for them they mean nothing."""


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("metadata", "0007_pools"),
    ]

    operations = [
        migrations.AddField(
            model_name="validationrule",
            name="record_types",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterModelOptions(
            name="businessobject",
            options={
                "default_permissions": (),
                "ordering": ["position", "id"],
                "permissions": [
                    ("read", "Read records"),
                    ("create", "Create records"),
                    ("edit", "Edit records"),
                    ("delete", "Delete records"),
                    ("import", "Import records"),
                    ("export", "Export records"),
                    ("mass_update", "Change many records at once"),
                    ("merge", "Merge records"),
                    ("convert", "Convert records"),
                    ("transfer", "Give records to another owner"),
                    ("share", "Share records, and choose their teams"),
                    ("restore", "Bring records back from the trash"),
                    ("view_all", "Read all records, whoever owns them"),
                    ("modify_all", "Do everything with all records, whoever owns them"),
                    ("customize", "Customise the data model"),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecordType",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("api_name", models.CharField(max_length=40)),
                ("label", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=500)),
                ("color", models.CharField(blank=True, max_length=20)),
                ("choices", models.JSONField(blank=True, default=dict)),
                ("is_active", models.BooleanField(default=True)),
                ("is_default", models.BooleanField(default=False)),
                ("is_custom", models.BooleanField(default=True)),
                ("position", models.IntegerField(default=0)),
                (
                    "business_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="record_types",
                        to="metadata.businessobject",
                    ),
                ),
            ],
            options={
                "ordering": ["position", "id"],
                "permissions": [
                    ("use_type", "Make records of the type"),
                    ("default_type", "Make records of the type unless another one is chosen"),
                ],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RecordTypeGroupPermission",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "content_object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="group_grants",
                        to="metadata.recordtype",
                    ),
                ),
                ("group", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.group")),
                ("permission", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="auth.permission")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="recordtype",
            constraint=models.UniqueConstraint(
                fields=("business_object", "api_name"), name="record_type_name_once_per_object"
            ),
        ),
        migrations.AddConstraint(
            model_name="recordtype",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True)), fields=("business_object",), name="record_type_one_default"
            ),
        ),
        migrations.AlterUniqueTogether(
            name="recordtypegrouppermission",
            unique_together={("group", "permission", "content_object")},
        ),
        migrations.RunSQL(
            "UPDATE metadata_businessfield SET unique_scope ="
            """ replace(unique_scope::text, '"record_type_id"', '"record_type"')::jsonb"""
            """ WHERE unique_scope::text LIKE '%"record_type_id"%'""",
            migrations.RunSQL.noop,
        ),
        migrations.RunPython(grant, nothing),
    ]
