"""Naming the territory by which a sharing rule reaches somebody."""

from __future__ import annotations

from django.utils.translation import gettext as _

from objects.access.principals import TERRITORIES, Principal
from objects.access.standing import Standing
from objects.access.trace_names import TraceNames


def place(standing: Standing, names: TraceNames, name: str, shared_with: str) -> str:
    """Return in words for which territory a rule is, and where the person stands to it; "" for any other rule.

    The rule must be addressed to the person: he is then a member of the territory, or of one above or below it.
    """
    principal = Principal.parse(shared_with)
    if principal.kind not in TERRITORIES:
        return ""
    every = {item.path: item.name for item in names.territories.values()}
    target, own = names.territories[principal.id].path, standing.circle.territory_places
    told = {"territory": every[target], "name": name}
    if target in own:
        return _("It is for the territory “%(territory)s”, of which %(name)s is a member.") % told
    above = max((path for path in own if target.startswith(path)), key=len, default=None)
    if above is not None:
        told["own"] = every[above]
        return _("It is for the territory “%(territory)s”, which belongs to “%(own)s” of %(name)s.") % told
    told["own"] = min((every[path] for path in own if path.startswith(target)), default="")
    return _("It is for the territory “%(territory)s” and those below, as “%(own)s” of %(name)s is.") % told
