"""Reading what strangers send: limits of size and number before anything else is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError

from crm_platform.kit.errors import PlatformError
from crm_platform.kit.json import parse_fraction
from workflows.intake.hooks import Received
from workflows.intake.mail.taking import MAX_BYTES as MAX_MAIL
from workflows.intake.models import InboundHook, WebForm
from workflows.intake.signing import check_signature, read_start
from workflows.intake.submitting import Sent

MAX_BYTES, MAX_HOOK_BYTES = 64 * 1024, 256 * 1024
MAIL_FRAME = 64 * 1024  # what else a form with a mail may hold
MAX_PAGE = 25 * 1024 * 1024  # of a page with files
MAX_DEPTH, MAX_NUMBER, MAX_DIGITS = 32, 2**53, 30
MAX_MEMBERS = 500  # of a form that a hook gets
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
MAIL_PARTS = ("body-mime", "email")  # what services that post forms call the message
TRAP, START, CONSENT, VALUE, KEPT = "website_2", "start", "consent", "f.", "kept."
PARAMETERS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "gclid", "bd_vid")


class TooLarge(PlatformError):
    code = "payload_too_large"
    status = 413


class NotReadable(PlatformError):
    code = "invalid_type"
    status = 400


def body_of(request: HttpRequest, most: int = MAX_BYTES) -> bytes:
    """Return the body; raises TooLarge."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > most or len(request.body) > most:
        raise TooLarge
    return request.body


def from_page(form: WebForm, request: HttpRequest) -> Sent:
    """Return what the hosted page sent."""
    posted = _page_of(request)
    seconds, once = read_start(form, posted.get(START, ""))
    values = {
        name.removeprefix(VALUE): found if len(found) > 1 or name.endswith("[]") else found[0]
        for name, found in posted.lists()
        if name.startswith(VALUE)
    }
    return Sent(
        once,
        {name.removesuffix("[]"): value for name, value in values.items()},
        seconds=seconds,
        trap=posted.get(TRAP, ""),
        consent=posted.get(CONSENT) == "on",
        page=posted.get("page", ""),
        referrer=posted.get("referrer", ""),
        parameters=parameters(posted),
        agent=request.headers.get("User-Agent", ""),
    )


def _page_of(request: HttpRequest) -> QueryDict:
    """Return what the page's inputs hold; files are read by who keeps them. Raises TooLarge, NotReadable."""
    if request.content_type != PARTS:
        body_of(request)
        return request.POST
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_PAGE:
        raise TooLarge
    try:
        posted = request.POST
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent):
        raise NotReadable from None
    if sum(len(value) for _name, values in posted.lists() for value in values) > MAX_BYTES:
        raise TooLarge
    return posted


def from_script(form: WebForm, request: HttpRequest) -> Sent:
    """Return what a page of another site sent as JSON: `start`, `values`, `consent`, `page`, `parameters`."""
    data = _object(body_of(request))
    seconds, once = read_start(form, _text(data, START))
    return Sent(
        once,
        _mapping(data, "values"),
        seconds=seconds,
        trap=_text(data, TRAP),
        consent=data.get(CONSENT) is True,
        page=_text(data, "page"),
        referrer=_text(data, "referrer"),
        parameters=parameters(_mapping(data, "parameters")),
        agent=request.headers.get("User-Agent", ""),
    )


def file_of(form: WebForm, request: HttpRequest) -> tuple[str, str, UploadedFile]:
    """Return what a page uploads: the page's number, the field, the file. Raises TooLarge, NotReadable, PageTooOld."""
    posted = _page_of(request)
    sent = request.FILES.get("file")
    _seconds, once = read_start(form, posted.get(START, ""))
    if sent is None:
        raise NotReadable
    return once, posted.get("field", ""), sent


def from_server(form: WebForm, request: HttpRequest) -> Sent:
    """Return what a server sent, signed; it answers for the consent that it got: `consent` must be true, too."""
    body, sign = body_of(request), request.headers.get("X-Crm-Signature", "")
    once = check_signature(form, request.headers.get("X-Crm-Timestamp", ""), sign, body)
    data = _object(body)
    return Sent(
        once,
        _mapping(data, "values"),
        consent=data.get(CONSENT) is True,
        page=_text(data, "page"),
        referrer=_text(data, "referrer"),
        parameters=parameters(_mapping(data, "parameters")),
    )


def from_hook(hook: InboundHook, request: HttpRequest) -> Received:
    """Return what another program posted: JSON, or the fields of a form as an object; signed where the hook asks so.

    Raises TooLarge, WrongSignature, NotReadable.
    """
    body = body_of(request, MAX_HOOK_BYTES)
    if hook.is_signed:
        sign = request.headers.get("X-Crm-Signature", "")
        check_signature(hook, request.headers.get("X-Crm-Timestamp", ""), sign, body)
    document = _posted(body) if request.content_type == FORM else json_of(body)
    if not isinstance(document, dict | list):
        raise NotReadable
    return Received(document, body, request.headers.get(hook.once_header, "") if hook.once_header else "")


def mail_of(request: HttpRequest) -> bytes:
    """Return the message that a mail server posts: the body, or the part of a form that holds it.

    Raises TooLarge, NotReadable.
    """
    raw = body_of(request, MAX_MAIL + MAIL_FRAME)
    if request.content_type == FORM:
        raw = _form_part(raw)
    elif request.content_type == PARTS:
        raw = _mail_part(request)
    if len(raw) > MAX_MAIL:
        raise TooLarge
    if not raw.strip():
        raise NotReadable
    return raw


def _form_part(body: bytes) -> bytes:
    try:
        found = parse_qs(body.decode("ascii"), encoding="latin-1", max_num_fields=MAX_MEMBERS)
        return next((found[name][0].encode("latin-1") for name in MAIL_PARTS if name in found), b"")
    except ValueError:
        raise NotReadable from None


def _mail_part(request: HttpRequest) -> bytes:
    request.encoding = "latin-1"  # keeps every byte of a text as it is
    try:
        for name in MAIL_PARTS:
            file: Any = request.FILES.get(name)
            if file is not None:
                return bytes(file.read())
            if name in request.POST:
                return request.POST[name].encode("latin-1")
    except (MultiPartParserError, TooManyFieldsSent, TooManyFilesSent, UnicodeEncodeError):
        raise NotReadable from None
    return b""


def _posted(body: bytes) -> Any:
    try:
        pairs = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_MEMBERS)
    except ValueError:
        raise NotReadable from None
    return _storable({name: found[0] if len(found) == 1 else found for name, found in pairs.items()})


def parameters(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters of the page's address that are kept."""
    return {name: value for name in PARAMETERS if isinstance(value := given.get(name), str) and value}


def origin_allowed(form: WebForm, request: HttpRequest) -> str:
    """Return the origin of the page that asks if it may use the form, "" for our own; raises NotReadable for others."""
    origin = request.headers.get("Origin", "")
    if not origin or urlsplit(origin).netloc == request.get_host():
        return ""
    if origin.lower() not in {item.lower() for item in form.origins}:
        raise NotReadable
    return origin


def json_of(body: bytes) -> Any:
    """Return the JSON that a body holds, as far as the database takes it; raises NotReadable."""
    try:
        return _storable(json.loads(body, parse_float=parse_fraction, parse_constant=_refuse))
    except (ValueError, RecursionError):
        raise NotReadable from None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _storable(value: Any, depth: int = 0) -> Any:
    """Return JSON without what no text of the database holds; raises NotReadable for what is nested too deeply."""
    if depth > MAX_DEPTH:
        raise NotReadable
    if isinstance(value, dict):
        return {_storable(name): _storable(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item, depth + 1) for item in value]
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    is_long = isinstance(value, Decimal) and abs(value.adjusted()) > MAX_DIGITS
    if is_long or (isinstance(value, int) and abs(value) >= MAX_NUMBER):
        return str(value)  # as it was written: no JSON that we write holds it as a number
    return value


def _object(body: bytes) -> dict[str, Any]:
    data = json_of(body)
    if not isinstance(data, dict):
        raise NotReadable
    return data


def _mapping(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name, {})
    if not isinstance(found, dict):
        raise NotReadable
    return found


def _text(data: Mapping[str, Any], name: str) -> str:
    found = data.get(name, "")
    return found if isinstance(found, str) else ""
