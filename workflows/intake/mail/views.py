"""The pages on which mailboxes are connected, settled and tried, and what was read is looked at."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm_platform.console.access import function_required
from crm_platform.console.forms import form_status
from crm_platform.identity.requests import ActorRequest
from workflows.intake import settling
from workflows.intake.arrival_views import arrivals_context, released
from workflows.intake.mail import posting
from workflows.intake.mail.connecting import TROUBLES, Trouble
from workflows.intake.mail.mailboxes import MAILBOXES, create_mailbox, try_mailbox, update_mailbox
from workflows.intake.mail.messages import PATHS
from workflows.intake.models import Mailbox
from workflows.intake.source_forms import (
    AddressForm,
    MailboxForm,
    NewAddressForm,
    NewMailboxForm,
    chosen_mapping,
    mapping_rows,
)
from workflows.intake.source_views import list_context, made, settled
from workflows.pools.services.seats import MANAGE

managers_only = function_required(MANAGE)


@require_safe
@managers_only
def mailboxes(request: ActorRequest) -> HttpResponse:
    """Show all mailboxes."""
    rows = settling.listed(request.actor, MAILBOXES)
    for row in rows:
        row.trouble = TROUBLES.get(row.error, "")
    context = list_context(rows, _("Mailbox"), "mail", "mailbox", "mailbox-mails")
    return render(request, "workflows/intake/mailboxes/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def mailbox_new(request: ActorRequest) -> HttpResponse:
    """Connect a mailbox; the rest is settled on its page."""
    form = NewMailboxForm(request.POST or None, language=request.actor.language)
    row = made(request, form, lambda given: create_mailbox(request.actor, given.pop("object"), given))
    if row is not None:
        return redirect("mailbox", mailbox_id=row.pk)
    return render(request, "workflows/intake/mailboxes/new.html", {"form": form}, status=form_status(request))


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def address_new(request: ActorRequest) -> HttpResponse:
    """Make an address to which a mail server posts, and show it this once; the rest is settled on its page."""
    form = NewAddressForm(request.POST or None, language=request.actor.language)
    tokens: list[str] = []

    def make(given: dict[str, Any]) -> Mailbox:
        row, token = posting.create_address(request.actor, given.pop("object"), given)
        tokens.append(token)
        return row

    row = made(request, form, make)
    if row is not None:
        return _shown_once(request, row, tokens[0])
    return render(request, "workflows/intake/mailboxes/address_new.html", {"form": form}, status=form_status(request))


@require_POST
@managers_only
def address_again(request: ActorRequest, mailbox_id: uuid.UUID) -> HttpResponse:
    """Give a mailbox another address, and show it this once."""
    row, token = posting.another_address(request.actor, mailbox_id)
    messages.success(request, _("The mailbox has another address. The old one no longer works."))
    return _shown_once(request, row, token)


def _shown_once(request: ActorRequest, row: Mailbox, token: str) -> HttpResponse:
    url = request.build_absolute_uri(f"/api/v1/public/email/{token}")
    response = render(request, "workflows/intake/mailboxes/address.html", {"row": row, "url": url})
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def mailbox(request: ActorRequest, mailbox_id: uuid.UUID) -> HttpResponse:
    """Show and change a mailbox."""
    row = settling.get(request.actor, MAILBOXES, mailbox_id)
    data = request.POST if request.method == "POST" else None
    form = AddressForm(data, row) if row.is_posted else MailboxForm(data, row)
    rows = mapping_rows(data, row, request.actor.language)
    settle = partial(update_mailbox, request.actor, mailbox_id)
    if settled(request, form, rows, lambda: {"mapping": chosen_mapping(rows)}, settle):
        return redirect("mailbox", mailbox_id=mailbox_id)
    context = {"row": row, "form": form, "rows": rows, "paths": PATHS, "error": TROUBLES.get(row.error, "")}
    return render(request, "workflows/intake/mailboxes/edit.html", context, status=form_status(request))


@require_POST
@managers_only
def mailbox_delete(request: ActorRequest, mailbox_id: uuid.UUID) -> HttpResponse:
    """Disconnect a mailbox."""
    settling.delete(request.actor, MAILBOXES, mailbox_id)
    messages.success(request, _("The mailbox is disconnected."))
    return redirect("mailboxes")


@require_POST
@managers_only
def mailbox_try(request: ActorRequest, mailbox_id: uuid.UUID) -> HttpResponse:
    """Try to sign in and to open the folder, and say how it went."""
    try:
        count = try_mailbox(request.actor, mailbox_id)["messages"]
        messages.success(request, _("It works. Messages in the folder: %(count)s") % {"count": count})
    except Trouble as trouble:
        messages.error(request, str(trouble.message))
    return redirect("mailbox", mailbox_id=mailbox_id)


@require_safe
@managers_only
def mails(request: ActorRequest, mailbox_id: uuid.UUID) -> HttpResponse:
    """Show what was read from a mailbox, the newest first."""
    row = settling.get(request.actor, MAILBOXES, mailbox_id)
    return render(request, "workflows/intake/mailboxes/mails.html", arrivals_context(request, row, row.arrivals))


@require_POST
@managers_only
def mail_release(request: ActorRequest, mailbox_id: uuid.UUID, mail_id: uuid.UUID) -> HttpResponse:
    """Make the record of what was held back or passed over."""
    return released(request, MAILBOXES, mailbox_id, mail_id, "mailbox-mails", mailbox_id=mailbox_id)
