"""Field types: one module each, found by importing every module of this folder once at start-up.

To add one: write `metadata/field_types/<key>.py` with a subclass of `FieldType` (or of the base of its family:
`TextType`, `NumberType`, `ChoiceType`, `ReferenceType`) and register an instance at its end; add its samples to
`tests/kit/samples/`; put its texts into `metadata/locale/`. The battery of tests takes it from there.
"""

from __future__ import annotations

import importlib
import pkgutil

from metadata.field_types.registry import field_types


def load_all() -> None:
    """Import every module of field types, so that each registers itself; called from AppConfig.ready()."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


__all__ = ["field_types", "load_all"]
