"""Audio note: spoken into the microphone, or chosen as a file of sound."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.attachments import AttachmentType, FilesSettings
from metadata.field_types.registry import field_types


class AudioNoteType(AttachmentType):
    """Recordings, played in place."""

    key = "audio_note"
    label = _("Audio note")
    icon = "microphone"
    settings_form = FilesSettings
    default_count = 5
    tool = "record"

    def kinds(self, field: FieldSpec) -> tuple[str, ...]:
        return ("audio",)


field_types.register(AudioNoteType())
