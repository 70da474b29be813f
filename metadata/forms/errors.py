"""Putting the services' errors where the admin can see them: at the field of the form."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms

from crm_platform.kit.errors import FieldError, ValidationFailed


def show_errors(
    failed: ValidationFailed, form: forms.Form, *others: forms.Form, aliases: dict[str, str] | None = None
) -> None:
    """Add each error to the first form that has its field, else to the top of `form`.

    `settings.max_length` belongs to a form with the prefix "settings"; `aliases` renames fields.
    """
    for error in failed.errors:
        name = (aliases or {}).get(error.field or "", error.field or "")
        target, field = _place(name, (form, *others))
        (target or form).add_error(field, error.text)


def choice_errors(errors: Iterable[FieldError], formset: forms.BaseFormSet[forms.Form]) -> list[FieldError]:
    """Put `choices.<index>.<part>` errors on their rows; returns the errors that belong to no row."""
    rest = []
    live = [form for form in formset.ordered_forms] if formset.can_order else list(formset.forms)
    for error in errors:
        parts = (error.field or "").split(".")
        if len(parts) == 3 and parts[0] == "choices" and parts[1].isdigit() and int(parts[1]) < len(live):
            form = live[int(parts[1])]
            part = "label_zh_hans" if parts[2] == "label" else parts[2]
            form.add_error(part if part in form.fields else None, str(error.message))
        else:
            rest.append(error)
    return rest


def _place(name: str, candidates: tuple[forms.Form, ...]) -> tuple[forms.Form | None, str | None]:
    for form in candidates:
        own = name.removeprefix(f"{form.prefix}.") if form.prefix else name
        if own in form.fields:
            return form, own
    return None, None
