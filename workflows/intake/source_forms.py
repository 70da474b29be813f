"""The forms by which hooks and mailboxes are made and settled, and the rows of their mapping."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_platform.identity.models import User
from metadata.compiler.current import current_snapshot
from workflows.intake.fields import offered
from workflows.intake.mapping import MAX_CHOICE, PARTS, TYPES, mappable
from workflows.intake.models import IntakeSource, Mailbox
from workflows.pools.models import Pool

SPARE = 2  # empty rows below a mapping
KNOWN = gettext_lazy("Messages of people who are known become follow-ups of their records")
PATHS = "paths"  # the id of the list of paths on the page


class NewSourceForm(forms.Form):
    """What a source needs at least."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    types: Container[str] = TYPES  # of the fields of which an object must have one

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        snapshot = current_snapshot()
        specs = [spec for spec in snapshot.objects() if offered(snapshot.object(spec.api_name), self.types)]
        choices = [(spec.api_name, spec.label.text(language)) for spec in specs]
        self.fields["object"] = forms.ChoiceField(label=_("Object"), choices=choices, initial="lead")


class SourceForm(forms.Form):
    """What is settled of every source: where its records go, and what becomes of duplicates."""

    label = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    pool = forms.ModelChoiceField(
        Pool.objects.none(),
        label=gettext_lazy("Pool"),
        required=False,
        empty_label="—",
        help_text=gettext_lazy("Empty: the pool that takes such records."),
    )
    owner = forms.ModelChoiceField(User.objects.none(), label=gettext_lazy("Owner"), required=False, empty_label="—")
    duplicates = forms.ChoiceField(
        label=gettext_lazy("When the record is there already"), choices=IntakeSource.Duplicates
    )
    own: tuple[str, ...] = ()  # further members that are items of the form by the same name

    def __init__(self, data: Any, row: Any) -> None:
        initial = {name: getattr(row, name) for name in ("label", "duplicates", "is_active", *self.own)}
        super().__init__(data, initial={**initial, "pool": row.pool_id, "owner": row.owner_id})
        pools: Any = self.fields["pool"]
        owners: Any = self.fields["owner"]
        pools.queryset = Pool.objects.filter(business_object_id=row.business_object_id, is_active=True)
        owners.queryset = User.objects.filter(is_active=True).order_by("name")

    def changes(self) -> dict[str, Any]:
        """Return what was settled, as the services take it."""
        data = dict(self.cleaned_data)
        pool, owner = data.pop("pool"), data.pop("owner")
        return {**data, "pool_id": pool and pool.pk, "owner_id": owner and owner.pk}


class HookForm(SourceForm):
    """All settings of a hook but for its mapping."""

    once_path = forms.CharField(
        label=gettext_lazy("Path of its number"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("What is posted again with the same number is taken once, such as order.id."),
    )
    once_header = forms.CharField(
        label=gettext_lazy("Header of its number"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("Such as X-Request-Id. Where there is no number, the whole text stands for it."),
    )
    is_signed = forms.BooleanField(label=gettext_lazy("Only signed requests"), required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    own = ("once_path", "once_header", "is_signed")


class ConnectionForm(forms.Form):
    """How a mailbox is reached."""

    host = forms.CharField(label=gettext_lazy("Server"), max_length=253)
    port = forms.IntegerField(label=gettext_lazy("Port"), min_value=1, max_value=65_535, initial=993)
    security = forms.ChoiceField(label=gettext_lazy("Encryption"), choices=Mailbox.Security)
    username = forms.CharField(
        label=gettext_lazy("User"), max_length=200, widget=forms.TextInput({"autocomplete": "off"})
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        max_length=500,
        strip=False,
        required=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )


class NewMailboxForm(ConnectionForm, NewSourceForm):
    """How a mailbox is reached, and what its messages become."""


def _mail_address() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Mail address"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Whose mails are posted. What it sends itself is passed over."),
    )


class NewAddressForm(NewSourceForm):
    """An address to which a mail server posts, and what the messages become."""

    username = _mail_address()


class AddressForm(SourceForm):
    """All settings of an address to which a mail server posts, but for its mapping."""

    username = _mail_address()
    attaches_known = forms.BooleanField(label=KNOWN, required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    own = ("username", "attaches_known")


class MailboxForm(ConnectionForm, SourceForm):
    """All settings of a mailbox but for its mapping. An empty password keeps the present one."""

    folder = forms.CharField(label=gettext_lazy("Folder"), max_length=200)
    attaches_known = forms.BooleanField(label=KNOWN, required=False)
    reads_old = forms.BooleanField(
        label=gettext_lazy("Take what is in the folder already, too"),
        required=False,
        help_text=gettext_lazy("Counts when the folder is read for the first time."),
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)
    own = ("host", "port", "security", "username", "folder", "attaches_known", "reads_old")

    def __init__(self, data: Any, row: Mailbox) -> None:
        super().__init__(data, row)
        self.fields["password"].help_text = _("Empty: the password stays as it is.")

    def changes(self) -> dict[str, Any]:
        data = super().changes()
        password = data.pop("password")
        return {**data, "password": password} if password else data


# --- mappings -----------------------------------------------------------------------------------------------------
class MappingForm(forms.Form):
    """One field that is filled."""

    field = forms.ChoiceField(label=gettext_lazy("Field"), required=False)
    path = forms.CharField(
        label=gettext_lazy("Path"),
        max_length=PARTS["path"],
        required=False,
        widget=forms.TextInput({"list": PATHS, "autocomplete": "off"}),
    )
    constant = forms.CharField(label=gettext_lazy("Constant"), max_length=PARTS["constant"], required=False)
    default = forms.CharField(label=gettext_lazy("Default value"), max_length=PARTS["default"], required=False)
    values = forms.CharField(
        label=gettext_lazy("Other names for values"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("One a line: what comes in = value of the field."),
    )
    position = forms.IntegerField(label=gettext_lazy("Order"), required=False, min_value=1, max_value=999)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["field"].choices = [("", "—"), *choices]  # type: ignore[attr-defined]

    def clean_values(self) -> dict[str, str]:
        lines = [line for line in self.cleaned_data["values"].splitlines() if line.strip()]
        pairs = [line.rpartition("=") for line in lines]
        if any(not name.strip() or not value.strip() or len(name) > MAX_CHOICE for name, _mark, value in pairs):
            raise forms.ValidationError(_("Write every line as: what comes in = value of the field."))
        return {name.strip(): value.strip() for name, _mark, value in pairs}


def mapping_rows(data: Any, row: Any, language: str) -> Any:
    """Return the rows of a source's mapping, in their order, with some empty ones below."""
    choices = [(field.name, field.spec.label.text(language)) for field in mappable(row.business_object.api_name)]
    made = forms.formset_factory(MappingForm, extra=0 if data else SPARE)
    initial = [
        {**item, "values": "\n".join(f"{name} = {value}" for name, value in item.get("values", {}).items())}
        for item in row.mapping
    ]
    numbered = [{**item, "position": number} for number, item in enumerate(initial, 1)]
    return made(data, initial=numbered, prefix="mapping", form_kwargs={"choices": choices})


def chosen_mapping(rows: Any) -> list[dict[str, Any]]:
    """Return the mapping of the rows as it is kept; rows without a field are none."""
    filled = [item.cleaned_data for item in rows if item.cleaned_data.get("field")]
    filled.sort(key=lambda item: item.get("position") or 999)
    return [{name: value for name, value in item.items() if name != "position" and value} for item in filled]


class TrialForm(forms.Form):
    """A document to try."""

    document = forms.CharField(
        label=gettext_lazy("JSON"), max_length=100_000, widget=forms.Textarea({"rows": 16, "spellcheck": "false"})
    )
