"""`Idempotency-Key`: a repeated request has one effect and gets one answer, also after a crash.

After draft-ietf-httpapi-idempotency-key-header-07. The answer is stored in the transaction of the effect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.jobs.services import JobContext
from crm_platform.kit.db import try_advisory_xact_lock
from openapi.errors import problem
from openapi.models import StoredAnswer

KEPT = timedelta(hours=24)
MAX_KEY = 255
KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Link")


def once(request: Request, credential: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the answer of `work`, or the stored one of an equal request with the same key.

    Another request under the key: 422. The first one still under way: 409. Server errors are not stored.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if len(key) > MAX_KEY:
        return problem(400, "malformed", _("The Idempotency-Key is too long."))
    with transaction.atomic():
        if not try_advisory_xact_lock("idempotency", credential, key):
            busy = problem(409, "idempotency_in_progress", _("The first request with this key is still running."))
            busy["Retry-After"] = "1"
            return busy
        fingerprint = _fingerprint(request)
        stored = StoredAnswer.objects.filter(credential=credential, key=key).first()
        if stored is not None and stored.created_at > timezone.now() - KEPT:
            return _replay(stored, fingerprint)
        if stored is not None:
            stored.delete()
        return _run_and_store(credential, key, fingerprint, work)


def forget_expired(job: JobContext) -> dict[str, Any]:
    """Delete answers that are older than a day."""
    deleted, _rows = StoredAnswer.objects.filter(created_at__lt=job.now - KEPT).delete()
    return {"deleted": deleted}


def _run_and_store(credential: str, key: str, fingerprint: str, work: Callable[[], HttpResponse]) -> HttpResponse:
    response = work()
    if response.status_code >= 500:
        transaction.set_rollback(True)
        return response
    StoredAnswer.objects.create(
        credential=credential,
        key=key,
        fingerprint=fingerprint,
        status=response.status_code,
        headers={name: response[name] for name in KEPT_HEADERS if name in response},
        body=response.content,
    )
    return response


def _replay(stored: StoredAnswer, fingerprint: str) -> HttpResponse:
    if stored.fingerprint != fingerprint:
        return problem(422, "idempotency_key_reused", _("This key was used for another request."))
    response = HttpResponse(bytes(stored.body), status=stored.status, headers=stored.headers)
    response["Idempotent-Replayed"] = "true"
    return response


def _fingerprint(request: Request) -> str:
    """Return the digest of what makes two requests the same one."""
    parts = [request.method or "", request.get_full_path(), request.headers.get("If-Match", "")]
    digest = hashlib.sha256("\x00".join(parts).encode())
    digest.update(b"\x00" + request._request.body)
    return digest.hexdigest()
