"""File: documents and other files of chosen kinds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from crm_platform.files.kinds import KINDS
from metadata.compiler.spec import FieldSpec
from metadata.field_types import widgets
from metadata.field_types.attachments import AttachmentType, FilesSettings
from metadata.field_types.registry import field_types

USUAL_KINDS = tuple(kind for kind in KINDS if kind != "other")


class FileSettings(FilesSettings):
    kinds = forms.MultipleChoiceField(
        label=_("Kinds of files"),
        help_text=_("None chosen: all but other ones, such as programs and web pages."),
        choices=list(KINDS.items()),
        required=False,
        widget=widgets.Chips,
    )


class FileType(AttachmentType):
    """Files of any kind that the admin allows."""

    key = "file"
    label = _("File")
    icon = "paperclip"
    settings_form = FileSettings
    default_mb = 100

    def kinds(self, field: FieldSpec) -> tuple[str, ...]:
        return tuple(field.settings.get("kinds") or ()) or USUAL_KINDS


field_types.register(FileType())
