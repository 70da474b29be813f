"""Routes of the ways of intake: web forms, hooks, mailboxes."""

from django.urls import path

from openapi.v1 import hooks, mailboxes, public_forms, public_hooks, web_forms

_ARRIVAL = "<uuid:source_id>/{}/<uuid:arrival_id>/release"
FORMS = [
    path("forms", web_forms.WebFormList.as_view(), name="api-forms"),
    path("forms/<uuid:source_id>", web_forms.WebFormDetail.as_view(), name="api-form"),
    path("forms/<uuid:source_id>/submissions", web_forms.WebFormSubmissions.as_view(), name="api-form-submissions"),
    path(f"forms/{_ARRIVAL.format('submissions')}", web_forms.WebFormRelease.as_view(), name="api-form-release"),
    path("hooks", hooks.HookList.as_view(), name="api-hooks"),
    path("hooks/<uuid:source_id>", hooks.HookDetail.as_view(), name="api-hook"),
    path("hooks/<uuid:source_id>/try", hooks.HookTry.as_view(), name="api-hook-try"),
    path("hooks/<uuid:source_id>/deliveries", hooks.HookDeliveries.as_view(), name="api-hook-deliveries"),
    path(f"hooks/{_ARRIVAL.format('deliveries')}", hooks.HookRelease.as_view(), name="api-hook-release"),
    path("inbound-addresses", mailboxes.MailboxList.as_view(), name="api-mailboxes"),
    path("inbound-addresses/<uuid:source_id>", mailboxes.MailboxDetail.as_view(), name="api-mailbox"),
    path("inbound-addresses/<uuid:source_id>/try", mailboxes.MailboxTry.as_view(), name="api-mailbox-try"),
    path("inbound-addresses/<uuid:source_id>/messages", mailboxes.MailboxMails.as_view(), name="api-mailbox-messages"),
    path(
        f"inbound-addresses/{_ARRIVAL.format('messages')}",
        mailboxes.MailboxRelease.as_view(),
        name="api-mailbox-release",
    ),
    path("public/forms/<str:token>", public_forms.PublicForm.as_view(), name="api-public-form"),
    path("public/forms/<str:token>/files", public_forms.PublicFormFile.as_view(), name="api-public-form-file"),
    path("public/leads/<str:token>", public_forms.PublicLead.as_view(), name="api-public-lead"),
    path("public/hooks/<str:token>", public_hooks.PublicHook.as_view(), name="api-public-hook"),
    path("public/email/<str:token>", public_hooks.PublicEmail.as_view(), name="api-public-email"),
]
