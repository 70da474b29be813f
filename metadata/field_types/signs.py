"""The filled signs of ratings, as SVG; paths from Tabler's icons (MIT). No field type."""

from __future__ import annotations

from functools import cache

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

SIGNS = {"star": _("Stars"), "heart": _("Hearts"), "flag": _("Flags"), "trophy": _("Trophies")}
_PATHS = {
    "star": (
        "M8.243 7.34l-6.38 .925l-.113 .023a1 1 0 0 0 -.44 1.684l4.622 4.499l-1.09 6.355l-.013 .11a1 1 0 0"
        " 0 1.464 .944l5.706 -3l5.693 3l.1 .046a1 1 0 0 0 1.352 -1.1l-1.091 -6.355l4.624 -4.5l.078 -.085"
        "a1 1 0 0 0 -.633 -1.62l-6.38 -.926l-2.852 -5.78a1 1 0 0 0 -1.794 0l-2.853 5.78z"
    ),
    "heart": (
        "M6.979 3.074a6 6 0 0 1 4.988 1.425l.037 .033l.034 -.03a6 6 0 0 1 4.733 -1.44l.246 .036a6 6 0 0 1"
        " 3.364 10.008l-.18 .185l-.048 .041l-7.45 7.379a1 1 0 0 1 -1.313 .082l-.094 -.082l-7.493 -7.422a6"
        " 6 0 0 1 3.176 -10.215z"
    ),
    "flag": (
        "M4 5a1 1 0 0 1 .3 -.714a6 6 0 0 1 8.213 -.176l.351 .328a4 4 0 0 0 5.272 0l.249 -.227c.61 -.483"
        " 1.527 -.097 1.61 .676l.005 .113v9a1 1 0 0 1 -.3 .714a6 6 0 0 1 -8.213 .176l-.351 -.328a4 4 0 0"
        " 0 -5.136 -.114v6.552a1 1 0 0 1 -1.993 .117l-.007 -.117v-16z"
    ),
    "trophy": (
        "M17 3a1 1 0 0 1 .993 .883l.007 .117v2.17a3 3 0 1 1 0 5.659v.171a6.002 6.002 0 0 1 -5 5.917v2.083"
        "h3a1 1 0 0 1 .117 1.993l-.117 .007h-8a1 1 0 0 1 -.117 -1.993l.117 -.007h3v-2.083a6.002 6.002 0 0"
        " 1 -4.996 -5.692l-.004 -.225v-.171a3 3 0 0 1 -3.996 -2.653l-.003 -.176l.005 -.176a3 3 0 0 1"
        " 3.995 -2.654l-.001 -2.17a1 1 0 0 1 1 -1h10zm-12 5a1 1 0 1 0 0 2a1 1 0 0 0 0 -2m14 0a1 1 0 1 0 0"
        " 2a1 1 0 0 0 0 -2"
    ),
}


@cache
def sign(name: str, *, is_on: bool = False) -> SafeString:
    """Return one sign; its colour is that of the text, and `on` is the class of those that count."""
    name = name if name in _PATHS else "star"
    classes = "sign on" if is_on else "sign"
    path = f'<path d="{_PATHS[name]}"/>'
    svg = f'<svg class="{classes}" viewBox="0 0 24 24" fill="currentColor" aria-hidden="true">{path}</svg>'
    return mark_safe(svg)  # noqa: S308 (constants only)
