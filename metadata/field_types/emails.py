"""E-mails: several addresses with labels, the first of which is the main one."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metadata.field_types.email import EmailType
from metadata.field_types.labelled import LabelledType
from metadata.field_types.registry import field_types


class EmailsType(LabelledType):
    key = "emails"
    label = _("E-mails")
    icon = "mail-opened"
    one = EmailType()
    input_type = "email"
    suggestions = (_("Work"), _("Home"), _("Invoices"))


field_types.register(EmailsType())
