"""What every page of the console must keep to, and the list of all pages, complete by reflection.

A named address that takes an argument which `arguments` does not know, or that is neither a page nor listed in
`POST_ONLY` or `NO_PAGES`, fails `tests/layouts/test_every_page.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from django.conf import settings
from django.urls import URLPattern, get_resolver

POST_ONLY = frozenset({
    "set-language", "sign-out", "api-key-revoke", "department-close", "department-reopen", "user-deactivate",
    "user-reactivate", "user-unlock", "user-second-factor-reset", "user-sessions-end", "account-sessions-end",
    "account-session-end", "job-action", "system-replay", "metadata-expression-check", "record-assess-new",
    "record-assess", "metadata-object-restore", "metadata-field-restore", "metadata-object-delete",
    "metadata-validation-rule-delete", "metadata-field-delete", "metadata-field-deprecate",
    "metadata-field-type-cancel", "file-upload", "record-reveal", "currency-close", "currency-reopen",
    "currency-rate-remove", "trash-restore", "record-assign", "record-mass-update", "record-bulk-delete",
    "record-stage",
    "list-view-delete", "record-duplicate-hint", "duplicate-sweep", "duplicate-set-dismiss", "merge-undo",
    "metadata-matching-rule-delete", "metadata-duplicate-rule-delete", "field-conditions", "department-move",
    "web-form-delete", "web-form-secrets", "web-form-release", "hook-delete", "hook-secrets", "hook-release",
    "mailbox-delete", "mailbox-try", "mailbox-address", "mailbox-release", "notifications-read", "notification",
    "user-invite", "user-department-add", "user-department-remove",
    "territory-move", "territory-close", "territory-reopen", "territory-delete", "territory-members",
    "territory-member-remove",
    "group-delete", "group-members", "group-member-remove", "handover-cancel", "handover-retry",
    "sharing-defaults", "sharing-conditions", "sharing-rule-delete", "restriction-rule-delete", "delegation-end",
    "record-share-remove", "record-member-remove", "role-copy", "role-delete", "profile-delete",
    "assignment-run", "assignment-rule-delete", "assignment-member-remove", "assignment-take-on", "absence-remove",
    "pool-returns-run", "pool-returns-undo", "pool-claim", "pool-claim-next", "pool-assign", "pool-move",
    "records-release", "records-assign", "pool-cap-remove", "pool-delete", "pool-member-remove",
    "pool-quota-remove", "pool-rule-delete",
    "permission-set-delete", "import-act", "record-convert-selected", "task-complete", "task-reopen",
})  # fmt: skip
NO_PAGES = frozenset({  # JSON, pictures, other frames
    "lookup", "regions", "tags", "metadata-expression-names", "file", "organization-logo", "sign-in", "api-docs",
    "sign-in-code", "sign-in-password", "sign-in-second-factor", "record-convert-changes",
    "record-merge", "duplicate-try", "invitation", "record-in-pool", "import-template", "import-file",
    "public-form", "public-form-script", "notifications-unread", "notifications-latest",
})  # fmt: skip
PREFIXES_OF_OTHERS = ("api-",)  # the Open API has a battery of its own
PAGES_AMONG_OTHERS = frozenset({"api-keys"})

_INLINE = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']", re.I),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "a javascript address": re.compile(r"=\s*[\"']\s*javascript:", re.I),
}


def named_patterns() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and the arguments of every named address."""

    def walk(patterns: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
        for item in patterns:
            if not isinstance(item, URLPattern):
                yield from walk(item.url_patterns)
            elif item.name:
                yield item.name, tuple(item.pattern.converters)

    yield from walk(get_resolver().url_patterns)


def page_names() -> list[str]:
    """Return the names of the addresses that show a page."""
    names = {name for name, _arguments in named_patterns()}
    others = {name for name in names if name.startswith(PREFIXES_OF_OTHERS)} - PAGES_AMONG_OTHERS
    return sorted(names - others - POST_ONLY - NO_PAGES)


# Pages that are there for some fields only.
PAGE_ARGUMENTS = {"metadata-field-dependency": {"field_name": "product_line"}}

# Pages about records that belong to a pool: their values go by other names.
POOLED = {"object_name": "pooled_object", "record_id": "pooled_id"}
LEADS = {"object_name": "lead_object", "record_id": "lead_id"}
OTHER_NAMES = {
    "record-convert": LEADS, "record-disqualify": LEADS, "record-reopen": LEADS, "conversion-mapping": LEADS,
    "record-assignment-panel": POOLED, "record-sla-panel": POOLED,
    "record-pool-panel": POOLED, "record-release": POOLED, "record-pool-assign": POOLED, "record-pool-move": POOLED,
    "pool-caps": POOLED, "record-more-time": POOLED, "record-more-time-answer": POOLED, "record-protect": POOLED,
}  # fmt: skip


def arguments_of(name: str, known: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments of an address from the known values; a KeyError names the one that is missing."""
    wanted = next(arguments for found, arguments in named_patterns() if found == name)
    fixed, others = PAGE_ARGUMENTS.get(name, {}), OTHER_NAMES.get(name, {})
    return {argument: fixed.get(argument) or known[others.get(argument, argument)] for argument in wanted}


def inline_code(html: str) -> list[str]:
    """Return what a strict content security policy would forbid."""
    return [what for what, pattern in _INLINE.items() if pattern.search(html)]


def headings(html: str) -> int:
    return len(re.findall(r"<h1[\s>]", html))


class _Texts(HTMLParser):
    SILENT = frozenset({"script", "style", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        shown = dict(attrs)
        names = ("aria-label", "placeholder", "title", "alt", "data-confirm-title", "data-confirm-text")
        self.found += [text for name in names if (text := shown.get(name))]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(" ".join(unescape(data).split()))


def texts(html: str) -> list[str]:
    """Return every text that a person sees or hears."""
    parser = _Texts()
    parser.feed(html)
    return parser.found


def english_texts() -> frozenset[str]:
    """Return the source texts whose Chinese is another: none of them may stand on a Chinese page.

    Single words in lower case are left out: icons and API names look the same.
    """
    found = set()
    for path in Path(settings.BASE_DIR).glob("*/**/locale/zh_Hans/LC_MESSAGES/django.po"):
        if "node_modules" in path.parts:
            continue
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_Hans"):
                ids = message.id if isinstance(message.id, tuple | list) else [message.id]
                found.update(text for text in ids if _is_prose(text) and message.string != text)
    return frozenset(found) - {name for _code, name in settings.LANGUAGES}


def _is_prose(text: str) -> bool:
    return bool(re.search("[a-z]{2}", text)) and (" " in text or not text.islower())
