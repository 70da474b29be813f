from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('objects', '0012_territories'),
    ]

    operations = [
        migrations.AddField(
            model_name='import',
            name='kind',
            field=models.CharField(choices=[('import', 'Rows of a file'), ('mass', 'Records that a filter chooses'), ('export', 'Export')], db_default='import', default='import', max_length=10),
        ),
        migrations.AddField(
            model_name='import',
            name='deleted',
            field=models.IntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='import',
            name='exported',
            field=models.IntegerField(db_default=0, default=0),
        ),
    ]
