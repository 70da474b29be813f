"""Sections that layers above add to the system page, registered in `AppConfig.ready`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class SystemSection:
    """A part of the page: what `load` returns is `state` in its template."""

    key: str
    template: str
    load: Callable[[], Mapping[str, Any]]


system_sections: Registry[SystemSection] = Registry("section of the system page")
