"""What layers above add to the demo once its records are written: registered at start-up, told in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from crm_platform.kit.context import Actor
from crm_platform.kit.registry import Registry


@dataclass(frozen=True, slots=True)
class Act:
    """A further act of the story; `play` gets the demo's actor and its moment, inside the transaction of the demo."""

    key: str
    play: Callable[[Actor, datetime], object]


acts: Registry[Act] = Registry("act of the demo")
