"""Why somebody does not get a record: the codes of the Open API, with what they are about."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.errors import PlatformError, StateConflict


class PoolCapReached(PlatformError):
    """Details: `cap`, and how much of it is `used`."""

    code = "pool_cap_reached"
    status = 409
    message = _("The new owner holds as many records as allowed.")


class PoolDailyCapReached(PlatformError):
    """Details: `cap`, `used`, and whether it is the cap of a "day" or an "hour" (`period`)."""

    code = "pool_daily_cap_reached"
    status = 409
    message = _("No more records may be claimed for now.")


class PoolCooldown(PlatformError):
    """Details: `until`, when the record may be claimed."""

    code = "pool_cooldown"
    status = 409
    message = _("You have given this record up a short while ago: others are first.")


class AlreadyClaimed(StateConflict):
    code = "already_claimed"
    message = _("Somebody else was quicker.")
