"""Signature: drawn by hand on the screen, kept as one picture."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.attachments import AttachmentType, FileRef
from metadata.field_types.registry import field_types
from metadata.field_types.values import InvalidValue


class SignatureType(AttachmentType):
    """One PNG picture."""

    key = "signature"
    label = _("Signature")
    icon = "signature"
    default_count = 1
    default_mb = 2
    css = "files files-drawn"
    tool = "draw"

    def kinds(self, field: FieldSpec) -> tuple[str, ...]:
        return ("image",)

    def check_file(self, field: FieldSpec, file: FileRef) -> None:
        super().check_file(field, file)
        if file.content_type != "image/png":
            raise InvalidValue("invalid_type", _("A signature is a PNG picture."))


field_types.register(SignatureType())
