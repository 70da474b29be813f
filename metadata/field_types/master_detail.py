"""Master-detail: the record belongs to another one, is deleted with it and seen by whoever sees it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.compiler.spec import FieldSpec
from metadata.field_types.lookup import LookupType, TargetSettings
from metadata.field_types.registry import field_types


class MasterDetailType(LookupType):
    """Always required. The column stays nullable, for records made before the field was added."""

    key = "master_detail"
    label = _("Master-detail")
    icon = "hierarchy"
    settings_form = TargetSettings
    always_required = True
    can_be_default = False

    def on_delete(self, field: FieldSpec) -> str:
        return "CASCADE"


field_types.register(MasterDetailType())
