"""The authorisation matrix: what every address of the project answers to every kind of caller.

Expectations are statuses in the order of `PEOPLE` for pages and of `HOLDERS` for the Open API; `in` is the way to
the sign-in page. A method that a row leaves out must be refused to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, get_resolver

from tests.security.world import GONE, POOLED

# --- pages: nobody bare colleague rep manager admin
TO_SIGN_IN = "in in in in in in"  # a step of sign-in that is not due
SIGNED_IN = "in 200 200 200 200 200"
FORM = "in 422 422 422 422 422"
ADMIN = "in 403 403 403 403 200"
ADMIN_FORM = "in 403 403 403 403 422"
ADMIN_DONE = "in 403 403 403 403 302"
OBJECT = "in 404 200 200 200 200"
OBJECT_FORM = "in 404 422 422 422 422"
OBJECT_DONE = "in 404 302 302 302 302"
STRANGER = "200 200 200 200 200 200"
NO_SUCH = "in 404 404 404 404 404"
RECORD = "in 404 404 200 200 200"
RECORD_DONE = "in 404 404 302 302 302"
POOL_ADMIN = "in 404 404 403 403 200"
OUT_OF_SIGHT = "in 404 404 404 404 200"
ADMIN_UNKNOWN = "in 403 403 403 403 404"
OWN_VIEW = "in 404 404 200 404 404"
# --- the Open API: nobody bare colleague rep manager admin scopeless foreign
API_ALL = "401 200 200 200 200 200 200 401"
API_SCOPED = "401 200 200 200 200 200 403 401"
API_OBJECT = "401 404 200 200 200 200 403 401"
API_CREATE = "401 404 201 201 201 201 403 401"
API_RECORD = "401 404 404 200 200 200 403 401"
API_ADMIN = "401 403 403 403 403 200 403 401"
API_ADMIN_NEW = "401 403 403 403 403 201 403 401"
API_ADMIN_LATER = "401 403 403 403 403 202 403 401"
API_NO_CHANGE = "401 403 403 403 403 404 403 401"
API_ADMIN_HELD = "401 403 403 403 403 409 403 401"
API_ADMIN_WRONG = "401 403 403 403 403 422 403 401"
API_MERGE = "401 422 422 422 422 422 403 401"  # into itself
API_TAKEN = "401 404 422 200 200 200 403 401"  # the record is another's: not found, or its value is taken
API_RECORD_NEW = "401 404 404 201 201 201 403 401"
API_STANDING_IN = "401 404 404 200 404 200 403 401"  # whom it concerns, and who manages users
API_HANDOVER = "401 404 404 404 404 200 403 401"  # unknown to all but those who manage users
API_NO_LEADS = "401 404 404 404 404 404 403 401"  # this organisation has no leads
NOT_POOLED = "in 404 404 409 409 409"
API_POOL_ADMIN = "401 404 404 403 403 200 403 401"  # members claim, but that is all
API_POOL_ADMIN_LATER = "401 404 404 403 403 202 403 401"
API_EACH_ITS_OWN = "401 422 200 200 200 200 422 401"  # all that was asked for is refused
API_PUBLIC = "200 200 200 200 200 200 200 200"
API_NOTHING = "404 404 404 404 404 404 404 404"

# What strangers send from other sites, where no token of ours is.
FROM_ELSEWHERE = frozenset(
    {"public-form", "api-public-form", "api-public-lead", "api-public-hook", "api-public-email", "api-public-form-file"}
)

OWN_IMPORT_ELSEWHERE = "in 404 404 302 404 302"
API_OWN_IMPORT = "401 404 404 200 404 200 403 401"
API_IMPORT_STATE = "401 404 404 409 404 409 403 401"

A_FORM = {"source_id": "{form_id}", "arrival_id": "{submission_id}"}
A_HOOK = {"source_id": "{hook_id}", "arrival_id": "{delivery_id}", "token": "{hook_token}"}
A_MAILBOX = {"source_id": "{mailbox_id}", "arrival_id": "{mail_id}"}

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Row:
    """What one address answers: expectations by method, and what its requests carry."""

    expected: Mapping[str, str]
    data: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, str] = field(default_factory=dict)
    query: str = ""


def row(*, data: Any = None, args: Any = None, query: str = "", **expected: str) -> Row:
    return Row(expected, data or {}, args or {}, query)


NEW_NAME = {"name": "New"}
IMPORT = {"object": "order__c", "name": "I"}
RULE = {"api_name": "new__c", "label": "R", "condition": "name = 'x'", "message": "M"}
MATCHING = {
    "api_name": "new__c",
    "label": "M",
    "target": "order__c",
    "matchers": [{"method": "exact", "fields": ["code__c"]}],
}
DUPLICATE = {"api_name": "new__c", "label": "D", "matching_rules": ["kept__c"], "actions": {"create": "warn"}}
A_PROFILE, A_SET = {"holder_id": "{profile_id}"}, {"holder_id": "{permission_set_id}"}
A_SHARING_RULE, A_RESTRICTION_RULE = {"rule_id": "{sharing_rule_id}"}, {"rule_id": "{restriction_rule_id}"}
AN_ASSIGNMENT_RULE = {"assignment_rule_id": "00000000-0000-7000-8000-000000000000"}
A_WAITING = {"object_name": POOLED, "record_id": "{waiting_id}"}
A_LEAD = {"lead_id": "{record_id}"}
A_WALL, A_MEMBER = {"restriction_id": "{restriction_rule_id}"}, {"user_id": "{member_id}"}
WAITING = {"ids": ["{waiting_id}"]}
A_REQUEST = [{"id": "list", "method": "GET", "path": "/records/order__c"}]
NAMED = {"field": "name", "op": "nempty"}
SHARING_RULE = {
    "object": "order__c",
    "label": "R",
    "kind": "criteria",
    "shared_with": "{nobody}",
    "condition": {"field": "name", "op": "eq", "value": "Nothing"},
}
RESTRICTION_RULE = {"object": "order__c", "label": "R", "applies_to": "{nobody}", "condition": NAMED}
MATRIX: dict[str, Row] = {
    # --- everybody
    "set-language": row(POST="302 302 302 302 302 302", data={"language": "en"}),
    "sign-in": row(GET="200 302 302 302 302 302", POST="422 422 422 422 422 422"),
    "sign-in-code": row(GET=TO_SIGN_IN, POST=TO_SIGN_IN),
    "sign-in-password": row(GET=TO_SIGN_IN, POST=TO_SIGN_IN),
    "sign-in-second-factor": row(GET=TO_SIGN_IN, POST=TO_SIGN_IN),
    "sign-out": row(POST="in in in in in in"),
    "organization-logo": row(GET="200 200 200 200 200 200"),  # the sign-in page shows it
    # --- who is signed in
    "home": row(GET=SIGNED_IN),
    "search": row(GET=SIGNED_IN, query="?q=Kept"),
    "regions": row(GET=SIGNED_IN, query="?under=CN44"),
    "tags": row(GET="in 404 404 404 404 404", args={"field_id": "1"}),  # no field of tags
    "account": row(GET=SIGNED_IN, POST=FORM, data={"form": "password", "current": "", "password": "x"}),
    "account-security": row(GET=SIGNED_IN),
    "account-second-factor": row(GET=SIGNED_IN, POST=FORM, data={"form": "confirm", "code": "0"}),
    "account-confirm": row(GET=SIGNED_IN, POST=FORM),
    "account-sessions-end": row(POST="in 302 302 302 302 302"),
    "account-session-end": row(POST=NO_SUCH, args={"session_id": "{record_id}"}),
    "notifications": row(GET=SIGNED_IN),
    "notifications-unread": row(GET=SIGNED_IN),
    "notifications-latest": row(GET=SIGNED_IN),
    "notifications-read": row(POST="in 302 302 302 302 302"),
    "notification": row(POST="in 404 404 302 404 404"),
    "account-notifications": row(GET=SIGNED_IN, POST="in 302 302 302 302 302"),
    "public-form": row(GET=STRANGER, POST="409 409 409 409 409 409"),  # no page of ours has sent it
    "public-form-script": row(GET=STRANGER),
    # --- pools and the desk
    "desk": row(GET=SIGNED_IN),
    "desk-team": row(GET="in 404 404 404 404 200"),
    "pools": row(GET=SIGNED_IN),
    "pool": row(GET=RECORD),
    "pool-filter": row(GET=RECORD),
    "pool-log": row(GET=RECORD),
    "pool-record": row(GET=RECORD),
    "pool-claim": row(POST=RECORD_DONE),
    "pool-claim-next": row(POST=RECORD_DONE),
    "pool-assign": row(POST=POOL_ADMIN),
    "pool-move": row(POST=POOL_ADMIN),
    "record-pool-panel": row(GET=OUT_OF_SIGHT, args=A_WAITING),
    "record-in-pool": row(GET="in 404 404 404 404 302", args=A_WAITING),
    "record-release": row(GET=OUT_OF_SIGHT, POST=OUT_OF_SIGHT, args=A_WAITING),
    "record-pool-assign": row(GET=OUT_OF_SIGHT, POST=OUT_OF_SIGHT, args=A_WAITING),
    "record-pool-move": row(GET=OUT_OF_SIGHT, POST=OUT_OF_SIGHT, args=A_WAITING),
    "records-release": row(POST=OBJECT, args=A_WAITING),
    "records-assign": row(POST=OBJECT, args=A_WAITING),
    "pool-settings": row(GET=ADMIN),
    "pool-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "pool-edit": row(GET=ADMIN, POST=ADMIN_FORM),
    "pool-delete": row(POST=ADMIN_DONE),
    "pool-people": row(GET=ADMIN, POST=ADMIN_FORM),
    "pool-member-remove": row(POST=ADMIN_DONE, args={"member_id": "1"}),
    "pool-quota-remove": row(POST=ADMIN_DONE),
    "pool-caps": row(GET=ADMIN, POST=ADMIN_FORM, args=A_WAITING),
    "pool-cap-remove": row(POST=ADMIN_DONE, args={**A_WAITING, "cap_id": "1"}),
    "pool-sla": row(GET=ADMIN, POST=ADMIN_FORM),
    "record-sla-panel": row(GET=RECORD),
    "record-assignment-panel": row(GET=RECORD),
    "assignment-take-on": row(POST=NO_SUCH),
    "assignment-rules": row(GET=ADMIN),
    "assignment-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "assignment-simulation": row(GET=ADMIN),
    "assignment-run": row(POST=ADMIN_DONE),
    "assignment-rule": row(GET=ADMIN_UNKNOWN, POST=ADMIN_UNKNOWN, args=AN_ASSIGNMENT_RULE),
    "assignment-rule-delete": row(POST=ADMIN_UNKNOWN, args=AN_ASSIGNMENT_RULE),
    "assignment-member-new": row(GET=ADMIN_UNKNOWN, POST=ADMIN_UNKNOWN, args=AN_ASSIGNMENT_RULE),
    "assignment-member": row(GET=ADMIN_UNKNOWN, POST=ADMIN_UNKNOWN, args=AN_ASSIGNMENT_RULE),
    "assignment-member-remove": row(POST=ADMIN_UNKNOWN, args=AN_ASSIGNMENT_RULE),
    "absences": row(GET=SIGNED_IN, POST=FORM),
    "absence-remove": row(POST=NO_SUCH, args={"absence_id": "1"}),
    "pool-rules": row(GET=ADMIN),
    "pool-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "pool-rule": row(GET=ADMIN_UNKNOWN, POST=ADMIN_UNKNOWN, args={"recycle_rule_id": "1"}),
    "pool-rule-delete": row(POST=ADMIN_UNKNOWN, args={"recycle_rule_id": "1"}),
    "web-forms": row(GET=ADMIN),
    "web-form-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "web-form": row(GET=ADMIN, POST=ADMIN_FORM),
    "web-form-delete": row(POST=ADMIN_DONE),
    "web-form-secrets": row(POST=ADMIN_DONE),
    "web-form-submissions": row(GET=ADMIN),
    "web-form-release": row(POST=ADMIN_DONE),
    "hooks": row(GET=ADMIN),
    "hook-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "hook": row(GET=ADMIN, POST=ADMIN_FORM),
    "hook-delete": row(POST=ADMIN_DONE),
    "hook-secrets": row(POST=ADMIN_DONE),
    "hook-try": row(GET=ADMIN, POST=ADMIN_FORM),
    "hook-deliveries": row(GET=ADMIN),
    "hook-release": row(POST=ADMIN_DONE),
    "mailboxes": row(GET=ADMIN),
    "mailbox-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "mailbox": row(GET=ADMIN, POST=ADMIN_FORM),
    "mailbox-address-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "mailbox-address": row(POST=ADMIN, args={"mailbox_id": "{address_id}"}),
    "mailbox-delete": row(POST=ADMIN_DONE),
    "mailbox-try": row(POST=ADMIN_DONE),
    "mailbox-mails": row(GET=ADMIN),
    "mailbox-release": row(POST=ADMIN_DONE),
    "trash": row(GET=SIGNED_IN),
    "trash-restore": row(POST=RECORD_DONE),
    "api-docs": row(GET=SIGNED_IN),
    "api-keys": row(GET=SIGNED_IN, POST=SIGNED_IN, data={"name": "k", "scopes": "records:read", "expires": "90"}),
    "api-key-revoke": row(POST="in 404 404 302 404 302"),
    # --- records
    "lookup": row(GET=OBJECT),
    "record-list": row(GET=OBJECT),
    "record-new": row(GET=OBJECT, POST=OBJECT_FORM),
    "record-assess-new": row(POST=OBJECT, data={"name": "x"}),
    "record-assess": row(POST=RECORD, data={"name": "x"}),
    "record-filter": row(GET=OBJECT),
    "record-duplicate-hint": row(POST=OBJECT, data={"name": "x"}),
    "record-duplicates": row(GET=RECORD),
    "duplicate-try": row(GET="in 404 302 302 302 302"),
    "record-mass-update": row(POST=OBJECT, data={"ids": "{record_id}"}),
    "record-merge": row(GET=NO_SUCH, POST=OBJECT_DONE, data={"ids": "{record_id}"}),
    "record-convert-selected": row(POST=NO_SUCH, data={"ids": ["{record_id}"]}),
    "record-convert": row(GET=NO_SUCH, POST=NO_SUCH),
    "record-convert-changes": row(GET=NO_SUCH),
    "record-disqualify": row(GET=NO_SUCH, POST=NO_SUCH),
    "record-reopen": row(GET=NO_SUCH, POST=NO_SUCH),
    "conversion-mapping": row(GET="in 403 403 403 403 404", POST="in 403 403 403 403 404"),
    "merge": row(GET=NO_SUCH, args={"merge_id": "{record_id}"}),
    "merge-undo": row(POST=NO_SUCH, args={"merge_id": "{record_id}"}),
    "duplicate-sets": row(GET=SIGNED_IN),
    "duplicate-check": row(GET=SIGNED_IN, query="?name=Kept"),
    "duplicate-sweep": row(POST=ADMIN_DONE, data={"object": "order__c"}),
    "duplicate-set": row(GET=NO_SUCH, args={"set_id": "{record_id}"}),
    "duplicate-set-dismiss": row(POST=NO_SUCH, args={"set_id": "{record_id}"}),
    "record-columns": row(GET=OBJECT, POST=OBJECT_DONE, data={"columns": "name"}),
    "record-assign": row(POST=OBJECT),
    "record-bulk-delete": row(POST=OBJECT),
    "list-view-new": row(GET=OBJECT, POST=OBJECT_FORM),
    "list-view-edit": row(GET=OWN_VIEW, POST="in 404 404 422 404 404"),
    "list-view-delete": row(POST="in 404 404 302 404 404"),
    "record": row(GET=RECORD),
    "record-edit": row(GET=RECORD, POST=RECORD_DONE, data={"name": "Changed", "code__c": "K-1"}),
    "record-delete": row(GET=RECORD, POST=RECORD_DONE),
    "record-reveal": row(POST="in 404 404 403 403 200", args={"field_name": "card__c"}),
    "record-stage": row(POST=RECORD_DONE, data={"stage": "won"}),
    "record-timeline": row(GET=RECORD),
    "record-follow-up": row(GET=NO_SUCH, POST=NO_SUCH, data={"content": "x"}),  # not where no lookup leads there
    "tasks": row(GET=SIGNED_IN, POST=NO_SUCH, data={"name": "x"}),
    "task-complete": row(POST=NO_SUCH, args={"task_id": "{record_id}"}),
    "task-reopen": row(POST=NO_SUCH, args={"task_id": "{record_id}"}),
    "calendar": row(GET=SIGNED_IN),
    "calendar-feed": row(GET=SIGNED_IN, POST=SIGNED_IN, data={"act": "new"}),
    # --- files: of the record; for an upload, data of no file
    "file": row(GET=RECORD),
    "file-upload": row(POST="in 422 422 422 422 422"),
    # --- identity
    "organization-settings": row(GET=ADMIN, POST=ADMIN_FORM),
    "departments": row(GET=ADMIN),
    "department-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "department-edit": row(GET=ADMIN, POST=ADMIN_FORM),
    "department-close": row(POST=ADMIN_DONE),
    "department-reopen": row(POST=ADMIN_DONE),
    "users": row(GET=ADMIN),
    "user-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "user-edit": row(GET=ADMIN, POST=ADMIN_FORM),
    "user-password": row(GET=ADMIN, POST=ADMIN_FORM),
    "sign-in-policy": row(GET=ADMIN, POST=ADMIN_FORM),
    "profile-sign-in": row(GET=ADMIN, POST=ADMIN_DONE),
    "sign-in-history": row(GET=ADMIN),
    "user-security": row(GET=ADMIN),
    "user-unlock": row(POST=ADMIN_DONE),
    "user-second-factor-reset": row(POST=ADMIN_DONE),
    "user-sessions-end": row(POST=ADMIN_DONE),
    "user-deactivate": row(POST=ADMIN_DONE),
    "user-reactivate": row(POST=ADMIN_DONE),
    "user-invite": row(POST=ADMIN_DONE),  # who has a password already
    "user-department-add": row(POST=ADMIN_FORM),
    "user-department-remove": row(POST=ADMIN_DONE),
    "department-move": row(POST=ADMIN_DONE),
    "groups": row(GET=ADMIN),
    "group-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "group": row(GET=ADMIN, POST=ADMIN_FORM),
    "group-delete": row(POST=ADMIN_DONE),
    "group-members": row(POST=ADMIN_DONE, data={"members": "{user_id}"}),
    "group-member-remove": row(POST=ADMIN_DONE),
    "territories": row(GET=ADMIN),
    "territory-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "territory": row(GET=ADMIN, POST=ADMIN_FORM),
    "territory-move": row(POST=ADMIN_DONE),
    "territory-close": row(POST=ADMIN_DONE),
    "territory-reopen": row(POST=ADMIN_DONE),
    "territory-delete": row(POST=ADMIN_DONE),
    "territory-members": row(POST=ADMIN_DONE, data={"members": "{user_id}"}),
    "territory-member-remove": row(POST=ADMIN_DONE),
    "invitation": row(GET="404 404 404 404 404 404", POST="404 404 404 404 404 404"),  # no such link
    # --- imports: one of the rep's, still being prepared
    "import-new": row(GET=OBJECT, POST=OBJECT_FORM),
    "import-template": row(GET=OBJECT),
    "record-export": row(GET=OBJECT, POST=OBJECT, data={"columns": "shown", "format": "csv"}),
    "imports": row(GET=SIGNED_IN),
    "exports": row(GET=SIGNED_IN),
    "import": row(GET=OWN_IMPORT_ELSEWHERE),
    "import-columns": row(GET="in 404 404 200 404 200", POST="in 404 404 422 404 422"),
    "import-act": row(POST=OWN_IMPORT_ELSEWHERE, data={"act": "abort"}),
    "import-file": row(GET="in 404 404 200 404 200", args={"which": "unprocessed"}),
    "handovers": row(GET=ADMIN),
    "handover-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "handover": row(GET="in 404 404 404 404 200"),
    "handover-cancel": row(POST="in 404 404 404 404 302"),
    "handover-retry": row(POST="in 404 404 404 404 302"),
    "access-explain": row(GET=SIGNED_IN),
    "user-simulate": row(GET=ADMIN, POST=ADMIN),
    "record-access": row(GET="in 404 404 200 200 200"),
    "roles": row(GET=ADMIN),
    "role-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "role": row(GET=ADMIN, POST=ADMIN_FORM),
    "role-copy": row(POST=ADMIN_DONE),
    "role-delete": row(POST=ADMIN_DONE),
    "profiles": row(GET=ADMIN),
    "profile-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "profile": row(GET=ADMIN, POST=ADMIN_FORM),
    "profile-objects": row(GET=ADMIN, POST=ADMIN_DONE),
    "profile-fields": row(GET=ADMIN, POST=ADMIN_DONE),
    "profile-members": row(GET=ADMIN),
    "profile-delete": row(POST=ADMIN_DONE),
    "permission-sets": row(GET=ADMIN),
    "permission-set-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "permission-set": row(GET=ADMIN, POST=ADMIN_FORM),
    "permission-set-objects": row(GET=ADMIN, POST=ADMIN_DONE),
    "permission-set-fields": row(GET=ADMIN, POST=ADMIN_DONE),
    "permission-set-members": row(GET=ADMIN, POST=ADMIN_DONE),
    "permission-set-delete": row(POST=ADMIN_DONE),
    "sharing": row(GET=ADMIN),
    "sharing-defaults": row(POST=ADMIN_DONE),
    "sharing-conditions": row(POST=ADMIN, data={"target": "order__c", "add": "1"}),
    "sharing-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "sharing-rule-edit": row(GET=ADMIN, POST=ADMIN_FORM, args=A_SHARING_RULE),
    "sharing-rule-delete": row(POST=ADMIN_DONE, args=A_SHARING_RULE),
    "restriction-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "restriction-rule-edit": row(GET=ADMIN, POST=ADMIN_FORM, args=A_WALL),
    "restriction-rule-delete": row(POST=ADMIN_DONE, args=A_WALL),
    "delegation-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "own-delegations": row(GET=SIGNED_IN, POST=FORM),
    "delegation-end": row(POST="in 404 404 302 404 302"),
    "record-sharing": row(GET=RECORD),
    "record-share-add": row(GET=RECORD, POST="in 404 404 422 422 422"),
    "record-share-remove": row(POST=RECORD_DONE),
    "record-member-add": row(GET=RECORD, POST="in 404 404 422 422 422"),
    "record-member": row(GET=RECORD, POST="in 404 404 422 422 422", args=A_MEMBER),
    "record-member-remove": row(POST=RECORD_DONE, args=A_MEMBER),
    "record-transfer": row(GET=RECORD, POST="in 404 404 422 422 422"),
    # --- jobs
    "jobs": row(GET=ADMIN),
    "job-action": row(POST=ADMIN_DONE),
    "system": row(GET=ADMIN),
    "system-replay": row(POST=ADMIN_DONE),
    "audit": row(GET=ADMIN),
    # --- the data model
    "metadata-objects": row(GET=ADMIN),
    "metadata-object-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-object": row(GET=ADMIN),
    "metadata-object-edit": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-object-delete": row(POST=ADMIN_DONE),
    "metadata-object-restore": row(POST=ADMIN_DONE, args={"object_name": GONE}),
    "metadata-field-types": row(GET=ADMIN),
    "metadata-field-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-field": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-field-delete": row(POST=ADMIN_DONE),
    "metadata-field-restore": row(POST=ADMIN_DONE, args={"field_name": "old__c"}),
    "metadata-field-deprecate": row(POST=ADMIN_DONE, data={"deprecated": "1"}),
    "metadata-field-dependency": row(GET=ADMIN, POST=ADMIN_DONE, args={"field_name": "kind__c"}),
    "metadata-field-type": row(GET=ADMIN, POST=ADMIN),
    "metadata-field-type-cancel": row(POST="in 403 403 403 403 404"),
    "metadata-duplicate-rules": row(GET=ADMIN),
    "metadata-matching-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-matching-rule": row(GET=ADMIN, POST=ADMIN_FORM, args={"rule_name": "kept__c"}),
    "metadata-matching-rule-delete": row(POST=ADMIN_DONE, args={"rule_name": "kept__c"}),
    "metadata-duplicate-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-duplicate-rule": row(GET=ADMIN, POST=ADMIN_FORM, args={"rule_name": "kept__c"}),
    "metadata-duplicate-rule-delete": row(POST=ADMIN_DONE, args={"rule_name": "kept__c"}),
    "metadata-record-types": row(GET=ADMIN),
    "metadata-record-type-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-record-type": row(GET=ADMIN, POST=ADMIN_FORM, args={"type_name": "kept"}),
    "metadata-validation-rules": row(GET=ADMIN),
    "metadata-validation-rule-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-validation-rule": row(GET=ADMIN, POST=ADMIN_FORM, args={"rule_name": "kept__c"}),
    "metadata-validation-rule-delete": row(POST=ADMIN_DONE, args={"rule_name": "kept__c"}),
    "metadata-expression-names": row(GET=ADMIN, query="?object=order__c"),
    "metadata-expression-check": row(POST=ADMIN, data={"object": "order__c", "text": "LEN(name)"}),
    "field-conditions": row(POST=ADMIN, data={"target": "user", "add": "1"}),
    "object-formulas": row(GET=ADMIN, POST=ADMIN, data={"expression": "LEN(name)"}),
    "currencies": row(GET=ADMIN, POST=ADMIN_FORM),
    "currency": row(GET=ADMIN, POST=ADMIN_FORM),
    "currency-close": row(POST=ADMIN_DONE),
    "currency-reopen": row(POST=ADMIN_DONE),
    "currency-rate-remove": row(POST=ADMIN_DONE),
    "metadata-picklists": row(GET=ADMIN),
    "metadata-picklist-new": row(GET=ADMIN, POST=ADMIN_FORM),
    "metadata-picklist": row(GET=ADMIN, POST=ADMIN_FORM),
    "pool-returns": row(GET="in 404 404 403 403 200"),
    "pool-returns-run": row(POST="in 404 404 403 403 302"),
    "pool-returns-undo": row(POST="in 404 404 403 403 302"),
    "record-more-time": row(GET=NOT_POOLED, POST=NOT_POOLED),
    "record-more-time-answer": row(GET=NOT_POOLED, POST=NOT_POOLED),
    "record-protect": row(GET=NOT_POOLED, POST=NOT_POOLED),
    # --- the Open API
    "api-me": row(GET=API_ALL),
    "api-openapi": row(GET=API_ALL),
    "api-meta": row(GET=API_SCOPED),
    "api-currencies": row(GET=API_SCOPED, POST=API_ADMIN_NEW, data={"code": "EUR"}),
    "api-rates": row(GET=API_SCOPED, PUT=API_ADMIN, data={"valid_from": "2026-02-01", "rate": "7"}),
    "api-import-preview": row(POST="401 400 400 400 400 400 403 401"),
    "api-import-mappings": row(GET=API_SCOPED, POST=API_CREATE, data={**IMPORT, "columns": {"N": "name"}}),
    "api-import-mapping": row(DELETE="401 404 404 200 404 404 403 401"),
    "api-jobs": row(GET=API_SCOPED, POST=API_CREATE, data={**IMPORT, "op": "insert"}),
    "api-job": row(GET=API_OWN_IMPORT, DELETE=API_OWN_IMPORT),
    "api-job-data": row(PUT="401 404 404 422 404 422 403 401", args={"part": "1"}),
    "api-job-start": row(POST="401 404 404 202 404 202 403 401"),
    "api-job-abort": row(POST=API_IMPORT_STATE),
    "api-job-resume": row(POST=API_IMPORT_STATE),
    "api-job-revert": row(POST=API_IMPORT_STATE),
    "api-job-events": row(GET=API_OWN_IMPORT),
    "api-job-results": row(GET=API_OWN_IMPORT, args={"which": "unprocessed"}),
    "api-handovers": row(POST=API_ADMIN_LATER, data={"user": "{user_id}"}),
    "api-handover": row(GET=API_HANDOVER),
    "api-handover-records": row(GET=API_HANDOVER),
    "api-handover-cancel": row(POST=API_HANDOVER),
    "api-handover-retry": row(POST="401 404 404 404 404 202 403 401"),
    "api-explain": row(
        POST="401 404 404 200 200 200 403 401",
        data={"object": "order__c", "record": "{record_id}", "action": "read"},
    ),
    "api-access": row(GET="401 404 404 200 200 200 403 401"),
    "api-user-simulate": row(POST=API_ADMIN, data={"role": None}),
    "api-roles": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=NEW_NAME),
    "api-role": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"name": "Other"}),
    "api-profiles": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=NEW_NAME),
    "api-profile": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"name": "Other"}, args=A_PROFILE),
    "api-profile-objects": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"order__c": ["read"]}, args=A_PROFILE),
    "api-profile-record-types": row(GET=API_ADMIN, PUT=API_ADMIN, data={"used": ["kept"]}, args=A_PROFILE),
    "api-permission-set-record-types": row(GET=API_ADMIN, PUT=API_ADMIN, data={"used": ["kept"]}, args=A_SET),
    "api-profile-fields": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"note__c": "read"}, args=A_PROFILE),
    "api-permission-sets": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=NEW_NAME),
    "api-permission-set": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"name": "Other"}, args=A_SET),
    "api-permission-set-objects": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"order__c": ["read"]}, args=A_SET),
    "api-permission-set-fields": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"note__c": "read"}, args=A_SET),
    "api-permission-set-members": row(GET=API_ADMIN, PUT=API_ADMIN, data={"users": []}, args=A_SET),
    "api-sharing-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=SHARING_RULE),
    "api-sharing-rule": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}, args=A_SHARING_RULE),
    "api-restriction-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=RESTRICTION_RULE),
    "api-restriction-rule": row(
        GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}, args=A_RESTRICTION_RULE
    ),
    "api-sharing-defaults": row(GET=API_ADMIN),
    "api-sharing-default": row(PATCH=API_ADMIN, data={"sharing": "private"}),
    "api-shares": row(GET=API_RECORD, POST=API_RECORD_NEW, data={"principal": "everyone"}),
    "api-share": row(PATCH=API_RECORD, DELETE=API_RECORD, data={"level": "edit"}),
    "api-team": row(GET=API_RECORD, POST=API_RECORD_NEW, data={"user_id": "{user_id}"}),
    "api-team-member": row(PATCH=API_RECORD, DELETE=API_RECORD, data={"role": "x"}, args=A_MEMBER),
    "api-transfer": row(POST=API_RECORD, data={"owner_id": "{user_id}"}),
    "api-pools": row(GET=API_SCOPED),
    "api-pool": row(GET=API_RECORD),
    "api-pool-records": row(GET=API_RECORD),
    "api-pool-record": row(GET=API_RECORD, args={"record_id": "{waiting_id}"}),
    "api-pool-log": row(GET=API_RECORD),
    "api-pool-claim": row(POST=API_RECORD, data=WAITING),
    "api-pool-claim-next": row(POST=API_RECORD, data={"count": 1}),
    "api-pool-assign": row(POST=API_POOL_ADMIN, data={**WAITING, "owner_id": "{member_id}"}),
    "api-pool-auto-assign": row(POST=API_POOL_ADMIN, data=WAITING),
    "api-pool-release": row(POST=API_RECORD, data=WAITING),
    "api-pool-recall": row(POST=API_POOL_ADMIN, data=WAITING),
    "api-pool-move": row(POST=API_POOL_ADMIN, data={**WAITING, "to_pool_id": "{pool_id}"}),
    "api-pool-quotas": row(GET=API_RECORD),
    "api-pool-quota": row(PUT=API_POOL_ADMIN, data={"hold_cap": 5}, args=A_MEMBER),
    "api-pool-recycle-preview": row(POST=API_POOL_ADMIN),
    "api-pool-recycle-run": row(POST=API_POOL_ADMIN_LATER),
    "api-pool-recycle-runs": row(GET=API_POOL_ADMIN),
    "api-pool-recycle-undo": row(POST=API_POOL_ADMIN_LATER),
    "api-meta-pools": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"object": POOLED, "label": "New"}),
    "api-meta-pool": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN_HELD, data={"label": "New"}),
    "api-meta-pool-members": row(GET=API_ADMIN, PUT=API_ADMIN, data={"members": []}),
    "api-meta-recycle-rules": row(GET=API_ADMIN, PUT=API_ADMIN, data={"rules": []}),
    "api-meta-hold-caps": row(GET=API_ADMIN, PUT=API_ADMIN, data={"caps": []}, args={"object_name": POOLED}),
    "api-meta-assignment-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"label": "New"}),
    "api-meta-assignment-rule": row(
        GET=API_ADMIN,
        PATCH=API_ADMIN,
        DELETE=API_ADMIN,
        data={"label": "New"},
        args={"assignment_rule_id": "{assignment_rule_id}"},
    ),
    "api-meta-response-times": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"first_response": 30}),
    "api-delegations": row(GET=API_SCOPED, POST="401 422 422 422 422 422 403 401", data={"note": "x"}),
    "api-delegation": row(GET=API_STANDING_IN, DELETE=API_STANDING_IN),
    "api-search": row(GET=API_SCOPED, query="?q=Kept"),
    "api-activities": row(GET=API_SCOPED),
    "api-feed": row(GET=API_SCOPED),
    "api-activity-log": row(POST=API_NO_LEADS, data={"object": "order__c", "id": "{record_id}", "content": "x"}),
    "api-task-complete": row(POST=API_NO_LEADS, args={"task_id": "{record_id}"}),
    "api-visit-check-in": row(POST=API_NO_LEADS, args={"visit_id": "{record_id}"}),
    "api-visit-check-out": row(POST=API_NO_LEADS, args={"visit_id": "{record_id}"}),
    "api-free-busy": row(GET=API_NO_LEADS, query="?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"),
    "api-calendar": row(GET=API_SCOPED),
    "api-calendar-feed": row(GET=API_SCOPED, POST=API_SCOPED.replace("200", "201"), DELETE=API_SCOPED),
    "api-calendar-file": row(GET=API_PUBLIC, args={"token": "{calendar_token}"}),
    "api-timeline": row(GET=API_RECORD),
    "api-composite": row(POST=API_EACH_ITS_OWN, data={"requests": A_REQUEST}),
    "api-composite-batch": row(POST=API_EACH_ITS_OWN, data={"requests": A_REQUEST}),
    "api-composite-tree": row(POST=API_CREATE, data={"records": [NEW_NAME]}),
    "api-objects": row(GET=API_SCOPED, POST=API_ADMIN_NEW, data={"api_name": "n__c", "label": "N"}),
    "api-object": row(GET=API_OBJECT, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}),
    "api-describe": row(GET=API_OBJECT),
    "api-object-restore": row(POST=API_ADMIN, args={"object_name": GONE}),
    "api-fields": row(GET=API_OBJECT, POST=API_ADMIN_NEW, data={"api_name": "n__c", "type": "text", "label": "N"}),
    "api-field": row(GET=API_OBJECT, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}),
    "api-formula-check": row(POST=API_ADMIN, data={"object": "order__c", "expression": "LEN(name)"}),
    "api-record-validate": row(POST=API_OBJECT, data={"name": "New"}),
    "api-record-types": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"api_name": "n", "label": "N"}),
    "api-record-type": row(GET=API_ADMIN, PATCH=API_ADMIN, data={"label": "L"}, args={"type_name": "kept"}),
    "api-validation-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=RULE),
    "api-validation-rule": row(
        GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}, args={"rule_name": "kept__c"}
    ),
    "api-matching-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=MATCHING),
    "api-matching-rule": row(
        GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN_HELD, data={"label": "L"}, args={"rule_name": "kept__c"}
    ),
    "api-duplicate-rules": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data=DUPLICATE),
    "api-duplicate-rule": row(
        GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "L"}, args={"rule_name": "kept__c"}
    ),
    "api-duplicate-check": row(POST=API_OBJECT, data=NEW_NAME),
    "api-duplicates": row(GET=API_RECORD),
    "api-merge": row(POST=API_MERGE, data={"survivor": "{record_id}", "losers": ["{record_id}"]}),
    "api-lead-convert": row(POST=API_NO_LEADS, args=A_LEAD),
    "api-lead-bulk-convert": row(POST=API_NO_LEADS, data={"ids": ["{record_id}"]}),
    "api-lead-disqualify": row(POST=API_NO_LEADS, args=A_LEAD, data={"reason": "no_need"}),
    "api-lead-reopen": row(POST=API_NO_LEADS, args=A_LEAD),
    "api-conversion-mappings": row(GET=API_NO_CHANGE, PUT=API_NO_CHANGE, data={"mappings": []}),
    "api-merge-undo": row(POST="401 404 404 404 404 404 403 401", args={"merge_id": "{record_id}"}),
    "api-field-usage": row(GET=API_ADMIN, args={"field_name": "code__c"}),
    "api-field-type": row(
        GET=API_NO_CHANGE,
        POST=API_ADMIN_LATER,
        DELETE=API_NO_CHANGE,
        data={"type": "integer"},
        args={"field_name": "note__c"},
    ),
    "api-field-type-preview": row(GET=API_NO_CHANGE, args={"field_name": "note__c", "job_id": "{record_id}"}),
    "api-field-restore": row(POST=API_ADMIN, args={"field_name": "old__c"}),
    "api-forms": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"object": "order__c", "label": "F"}),
    "api-form": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "F"}, args=A_FORM),
    "api-form-submissions": row(GET=API_ADMIN, args=A_FORM),
    "api-form-release": row(POST=API_ADMIN, args=A_FORM),
    "api-hooks": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"object": "order__c", "label": "H"}),
    "api-hook": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "H"}, args=A_HOOK),
    "api-hook-try": row(POST=API_ADMIN, data={"document": {}}, args=A_HOOK),
    "api-hook-deliveries": row(GET=API_ADMIN, args=A_HOOK),
    "api-hook-release": row(POST=API_ADMIN, args=A_HOOK),
    "api-mailboxes": row(GET=API_ADMIN, POST=API_ADMIN_WRONG, data={"object": "order__c", "label": "M"}),
    "api-mailbox": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"label": "M"}, args=A_MAILBOX),
    "api-mailbox-try": row(POST=API_ADMIN_WRONG, args=A_MAILBOX),  # no such server
    "api-mailbox-messages": row(GET=API_ADMIN, args=A_MAILBOX),
    "api-mailbox-release": row(POST=API_ADMIN, args=A_MAILBOX),
    "api-public-form": row(GET=API_PUBLIC, POST="409 409 409 409 409 409 409 409"),
    "api-public-form-file": row(POST="409 409 409 409 409 409 409 409"),  # no page of ours has sent it
    "api-public-email": row(POST="202 202 202 202 202 202 202 202", args={"token": "{address_token}"}),
    "api-public-hook": row(POST=API_PUBLIC.replace("200", "201"), args=A_HOOK),
    "api-public-lead": row(POST="401 401 401 401 401 401 401 401"),  # not signed
    "api-notifications": row(GET=API_SCOPED),
    "api-notifications-read": row(POST=API_SCOPED, data={"all": True}),
    "api-notification-preferences": row(GET=API_SCOPED, PUT=API_SCOPED, data={}),
    "api-users": row(GET=API_SCOPED, POST=API_ADMIN_WRONG, data={"name": "x"}),
    "api-user": row(GET=API_SCOPED, PATCH=API_ADMIN, data={"title": "x"}),
    "api-user-deactivate": row(POST=API_ADMIN),
    "api-user-activate": row(POST=API_ADMIN),
    "api-user-invite": row(POST=API_ADMIN_HELD),  # who has a password already
    "api-departments": row(GET=API_SCOPED, POST=API_ADMIN_NEW, data={"name": "New", "parent": "{root_id}"}),
    "api-department-tree": row(GET=API_SCOPED),
    "api-department": row(GET=API_SCOPED, PATCH=API_ADMIN, data={"name": "New"}),
    "api-department-move": row(POST=API_ADMIN, data={"parent": "{root_id}"}),
    "api-department-deactivate": row(POST=API_ADMIN),
    "api-department-activate": row(POST=API_ADMIN),
    "api-groups": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"name": "New"}),
    "api-group": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"name": "New"}),
    "api-group-members": row(PUT=API_ADMIN, data={"members": ["{user_id}"]}),
    "api-territories": row(GET=API_ADMIN, POST=API_ADMIN_NEW, data={"name": "New"}),
    "api-territory": row(GET=API_ADMIN, PATCH=API_ADMIN, DELETE=API_ADMIN, data={"name": "New"}),
    "api-territory-members": row(PUT=API_ADMIN, data={"members": ["{user_id}"]}),
    "api-records": row(GET=API_OBJECT, POST=API_CREATE, data=NEW_NAME),
    "api-record": row(GET=API_RECORD, PATCH=API_RECORD, DELETE=API_RECORD, data=NEW_NAME),
    "api-reveal": row(POST="401 404 404 403 403 200 403 401", data={"field": "card__c"}),
    "api-restore": row(POST=API_RECORD, args={"record_id": "{deleted_id}"}),
    "api-by-key": row(GET=API_RECORD, PUT=API_TAKEN, data=NEW_NAME),
    "api-bulk-create": row(POST=API_OBJECT, data={"records": [NEW_NAME]}),
    "api-bulk-update": row(POST=API_TAKEN, data={"records": [{"id": "{record_id}", "name": "x"}]}),
    "api-files": row(POST="401 400 400 400 400 400 403 401"),
    "api-file": row(GET=API_RECORD),
    "api-file-content": row(GET=API_RECORD),
    "api-unknown": row(**dict.fromkeys(METHODS, API_NOTHING)),
}
FILLERS = {
    "type_key": "text",
    "set_name": "grades",
    "consumer": "search",
    "action": "abort",
    "field": "code__c",
    "value": "K-1",
}


def routes(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[URLPattern, str]]:
    """Yield every address of the project with its whole route."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield pattern, route
        else:
            yield from routes(pattern.url_patterns, route)
