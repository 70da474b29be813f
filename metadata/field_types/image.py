"""Image: pictures, shown as a gallery of small copies."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.attachments import AttachmentType, FilesSettings
from metadata.field_types.registry import field_types


class ImageType(AttachmentType):
    """Pictures that every browser shows; the file store keeps nothing but their pixels."""

    key = "image"
    label = _("Image")
    icon = "photo"
    settings_form = FilesSettings

    def kinds(self, field: FieldSpec) -> tuple[str, ...]:
        return ("image",)


field_types.register(ImageType())
