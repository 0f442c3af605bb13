import time

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("key", models.CharField(max_length=255, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("in flight", "In Flight"),
                            ("failed", "Failed"),
                            ("processed", "Processed"),
                        ],
                        default="waiting",
                        max_length=9,
                    ),
                ),
                ("due", models.FloatField(default=time.time)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("body", models.BinaryField(null=True)),
            ],
            options={"indexes": [models.Index(fields=["state", "due"], name="gooclaim_agenda")]},
        ),
    )
