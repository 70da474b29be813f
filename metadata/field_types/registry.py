"""The registry of field types."""

from __future__ import annotations

from crm_platform.kit.registry import Registry
from metadata.field_types.base import FieldType

field_types: Registry[FieldType] = Registry("field type")
