"""Checking in at a visit, and out of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, ClassVar

from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework.request import Request

from crm_platform.kit.errors import FieldError, ValidationFailed
from metadata.field_types.check_in import GIVEN
from objects.activities import visits
from objects.activities.visits import Passed, PassInput
from openapi.http import expected_version, members
from openapi.v1.administering import AdministrationEndpoint
from openapi.v1.reading import is_storable, unknown_members


class VisitPass(AdministrationEndpoint):
    """Base of both: `POST {"lat": …, "lng": …, "address": …, "device": …}`, or nothing; the server knows the time."""

    scopes = {"POST": "records:write"}
    act: ClassVar[Callable[..., Passed]]

    def post(self, request: Request, visit_id: uuid.UUID) -> HttpResponse:
        def work() -> dict[str, Any]:
            place = members(request.data or {})
            errors = unknown_members(place, GIVEN)
            if not is_storable(dict(place)):
                message = _("The text holds a character that can't be stored.")
                errors.append(FieldError("address", "invalid_type", message))
            if errors:
                raise ValidationFailed(errors)
            given = PassInput(place or None, expected_version(request))
            return _told(type(self).act(self.actor, visit_id, given))

        return self.change(request, work)


class VisitCheckIn(VisitPass):
    """`POST`: arrive at a planned visit."""

    act = staticmethod(visits.check_in)


class VisitCheckOut(VisitPass):
    """`POST`: leave a visit at which one has checked in; it is done then."""

    act = staticmethod(visits.check_out)


def _told(passed: Passed) -> dict[str, Any]:
    saved = passed.record
    return {
        "object": saved.object,
        "id": saved.id,
        "version": saved.version,
        "status": passed.status,
        "at": passed.at,
        "place": passed.place,
    }
