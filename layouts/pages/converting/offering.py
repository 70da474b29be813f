"""The buttons by which leads are converted, given up and taken up again."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects import extensions
from objects.access.policy import AccessPolicy
from objects.conversion.mapping import CONVERTED, CONVERTED_AT, INVALID, LEAD, REASON, STATUS
from objects.extensions import BulkAction, RecordAction, Values


def _may(actor: Actor, obj: CompiledObject, action: str) -> bool:
    return obj.name == LEAD and CONVERTED_AT in obj.fields and AccessPolicy.of(actor).can(LEAD, action)


def _is_open(values: Values) -> bool:
    return values.get(CONVERTED_AT) is None and values.get(STATUS) not in (CONVERTED, INVALID)


def _convertible(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return _may(actor, obj, "convert") and _is_open(values)


def _converted(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return _may(actor, obj, "convert") and values.get(CONVERTED_AT) is not None


def _disposable(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return _may(actor, obj, "edit") and REASON in obj.fields and _is_open(values)


def _reopenable(actor: Actor, obj: CompiledObject, values: Values) -> bool:
    return _may(actor, obj, "edit") and values.get(CONVERTED_AT) is None and values.get(STATUS) == INVALID


def _many(actor: Actor, obj: CompiledObject) -> bool:
    return _may(actor, obj, "convert")


def register() -> None:
    """Register the buttons; called once, when Django starts."""
    actions = extensions.record_actions
    actions.register(
        RecordAction(
            "convert",
            _("Convert lead"),
            "switch-horizontal",
            "record-convert",
            _convertible,
            is_main=True,
            is_dialog=False,
            position=10,
        )
    )
    actions.register(
        RecordAction(
            "converted",
            _("Converted lead"),
            "switch-horizontal",
            "record-convert",
            _converted,
            is_main=True,
            is_dialog=False,
            position=10,
        )
    )
    actions.register(RecordAction("disqualify", _("Give up"), "x", "record-disqualify", _disposable, position=200))
    actions.register(RecordAction("reopen", _("Take up again"), "restore", "record-reopen", _reopenable, position=201))
    extensions.bulk_actions.register(
        BulkAction("convert", _("Convert leads"), "switch-horizontal", "record-convert-selected", _many)
    )
