"""Addresses of pools and of the lead desk."""

from django.urls import path

from workflows.assignment.views import absences, taking_on
from workflows.assignment.views import rules as assignment
from workflows.desk import views as desk
from workflows.intake import hook_views as hooks
from workflows.intake import public_views
from workflows.intake import views as intake
from workflows.intake.mail import views as mail
from workflows.pools.views import extensions, mine, opened, records, returns, taking, waiting
from workflows.pools.views.setup import people, pools, rules
from workflows.sla.views import pages as sla

_RECORD = "o/<slug:object_name>/<uuid:record_id>"
_SETUP = "setup/pools/<uuid:pool_id>"
_RULE = f"{_SETUP}/assignment/<uuid:assignment_rule_id>"
urlpatterns = [
    path("f/<str:token>", public_views.hosted_form, name="public-form"),
    path("f/<str:token>/embed.js", public_views.embed_script, name="public-form-script"),
    path("setup/forms/", intake.web_forms, name="web-forms"),
    path("setup/forms/new", intake.web_form_new, name="web-form-new"),
    path("setup/forms/<uuid:form_id>", intake.web_form, name="web-form"),
    path("setup/forms/<uuid:form_id>/delete", intake.web_form_delete, name="web-form-delete"),
    path("setup/forms/<uuid:form_id>/secrets", intake.web_form_secrets, name="web-form-secrets"),
    path("setup/forms/<uuid:form_id>/submissions", intake.submissions, name="web-form-submissions"),
    path(
        "setup/forms/<uuid:form_id>/submissions/<uuid:submission_id>/release",
        intake.submission_release,
        name="web-form-release",
    ),
    path("setup/hooks/", hooks.hooks, name="hooks"),
    path("setup/hooks/new", hooks.hook_new, name="hook-new"),
    path("setup/hooks/<uuid:hook_id>", hooks.hook, name="hook"),
    path("setup/hooks/<uuid:hook_id>/delete", hooks.hook_delete, name="hook-delete"),
    path("setup/hooks/<uuid:hook_id>/secrets", hooks.hook_secrets, name="hook-secrets"),
    path("setup/hooks/<uuid:hook_id>/try", hooks.hook_try, name="hook-try"),
    path("setup/hooks/<uuid:hook_id>/deliveries", hooks.deliveries, name="hook-deliveries"),
    path(
        "setup/hooks/<uuid:hook_id>/deliveries/<uuid:delivery_id>/release",
        hooks.delivery_release,
        name="hook-release",
    ),
    path("setup/mailboxes/", mail.mailboxes, name="mailboxes"),
    path("setup/mailboxes/new", mail.mailbox_new, name="mailbox-new"),
    path("setup/mailboxes/new-address", mail.address_new, name="mailbox-address-new"),
    path("setup/mailboxes/<uuid:mailbox_id>", mail.mailbox, name="mailbox"),
    path("setup/mailboxes/<uuid:mailbox_id>/address", mail.address_again, name="mailbox-address"),
    path("setup/mailboxes/<uuid:mailbox_id>/delete", mail.mailbox_delete, name="mailbox-delete"),
    path("setup/mailboxes/<uuid:mailbox_id>/try", mail.mailbox_try, name="mailbox-try"),
    path("setup/mailboxes/<uuid:mailbox_id>/mails", mail.mails, name="mailbox-mails"),
    path("setup/mailboxes/<uuid:mailbox_id>/mails/<uuid:mail_id>/release", mail.mail_release, name="mailbox-release"),
    path("desk/", desk.desk, name="desk"),
    path("desk/team", desk.team, name="desk-team"),
    path("pools/", mine.pools, name="pools"),
    path("pools/<uuid:pool_id>/", waiting.pool, name="pool"),
    path("pools/<uuid:pool_id>/filter", waiting.pool_filter, name="pool-filter"),
    path("pools/<uuid:pool_id>/returns", returns.returns, name="pool-returns"),
    path("pools/<uuid:pool_id>/returns/run", returns.run_now, name="pool-returns-run"),
    path("pools/<uuid:pool_id>/returns/<uuid:run_id>/undo", returns.undo_run, name="pool-returns-undo"),
    path("pools/<uuid:pool_id>/log", opened.pool_log, name="pool-log"),
    path("pools/<uuid:pool_id>/claim", taking.claim, name="pool-claim"),
    path("pools/<uuid:pool_id>/claim-next", taking.claim_next, name="pool-claim-next"),
    path("pools/<uuid:pool_id>/assign", taking.assign, name="pool-assign"),
    path("pools/<uuid:pool_id>/move", taking.move, name="pool-move"),
    path("pools/<uuid:pool_id>/<uuid:waiting_id>", opened.waiting_record, name="pool-record"),
    path(f"{_RECORD}/pool", records.record_panel, name="record-pool-panel"),
    path(f"{_RECORD}/in-pool", records.in_pool, name="record-in-pool"),
    path(f"{_RECORD}/release", records.release_record, name="record-release"),
    path(f"{_RECORD}/pool-assign", records.assign_record, name="record-pool-assign"),
    path(f"{_RECORD}/pool-move", records.move_record, name="record-pool-move"),
    path(f"{_RECORD}/more-time", extensions.more_time, name="record-more-time"),
    path(f"{_RECORD}/more-time/answer", extensions.answer_more_time, name="record-more-time-answer"),
    path(f"{_RECORD}/protect", extensions.protect, name="record-protect"),
    path("o/<slug:object_name>/release", records.release_selected, name="records-release"),
    path("o/<slug:object_name>/pool-assign", records.assign_selected, name="records-assign"),
    path("setup/pools/", pools.pool_settings, name="pool-settings"),
    path("setup/pools/new", pools.pool_new, name="pool-new"),
    path("setup/pools/caps/<slug:object_name>", people.hold_caps, name="pool-caps"),
    path("setup/pools/caps/<slug:object_name>/<int:cap_id>/remove", people.hold_cap_remove, name="pool-cap-remove"),
    path(_SETUP, pools.pool_edit, name="pool-edit"),
    path(f"{_SETUP}/delete", pools.pool_delete, name="pool-delete"),
    path(f"{_SETUP}/people", people.pool_people, name="pool-people"),
    path(f"{_SETUP}/members/<int:member_id>/remove", people.member_remove, name="pool-member-remove"),
    path(f"{_SETUP}/quotas/<uuid:user_id>/remove", people.quota_remove, name="pool-quota-remove"),
    path(f"{_SETUP}/rules", rules.pool_rules, name="pool-rules"),
    path(f"{_SETUP}/rules/new", rules.rule_new, name="pool-rule-new"),
    path(f"{_SETUP}/rules/<int:recycle_rule_id>", rules.rule_edit, name="pool-rule"),
    path(f"{_SETUP}/rules/<int:recycle_rule_id>/delete", rules.rule_delete, name="pool-rule-delete"),
    path(f"{_SETUP}/assignment", assignment.assignment_rules, name="assignment-rules"),
    path(f"{_SETUP}/assignment/new", assignment.assignment_rule_new, name="assignment-rule-new"),
    path(f"{_SETUP}/assignment/try", assignment.assignment_simulation, name="assignment-simulation"),
    path(f"{_SETUP}/assignment/run", assignment.assignment_run, name="assignment-run"),
    path(_RULE, assignment.assignment_rule, name="assignment-rule"),
    path(
        f"{_RULE}/delete",
        assignment.assignment_rule_delete,
        name="assignment-rule-delete",
    ),
    path(
        f"{_RULE}/new",
        assignment.assignment_member_new,
        name="assignment-member-new",
    ),
    path(
        f"{_RULE}/<uuid:user_id>",
        assignment.assignment_member,
        name="assignment-member",
    ),
    path(
        f"{_RULE}/<uuid:user_id>/remove",
        assignment.assignment_member_remove,
        name="assignment-member-remove",
    ),
    path(f"{_SETUP}/sla", sla.pool_sla, name="pool-sla"),
    path(f"{_RECORD}/sla", sla.sla_panel, name="record-sla-panel"),
    path("absences/", absences.absences, name="absences"),
    path("absences/<int:absence_id>/remove", absences.absence_remove, name="absence-remove"),
    path(f"{_RECORD}/assignment", taking_on.assignment_panel, name="record-assignment-panel"),
    path(f"{_RECORD}/take-on", taking_on.take_on, name="assignment-take-on"),
]
