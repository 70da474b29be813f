"""Changing the data model: every function takes the actor first, checks all input, and publishes."""

from metadata.services.batch import apply_changes
from metadata.services.choices import create_choice_set, update_choices
from metadata.services.duplicate_rules import (
    create_duplicate_rule,
    create_matching_rule,
    delete_duplicate_rule,
    delete_matching_rule,
    update_duplicate_rule,
    update_matching_rule,
)
from metadata.services.fields import add_field, delete_field, restore_field, update_field
from metadata.services.objects import create_object, delete_object, restore_object, update_object
from metadata.services.record_types import create_record_type, update_record_type
from metadata.services.validation_rules import (
    create_validation_rule,
    delete_validation_rule,
    update_validation_rule,
)

__all__ = [
    "add_field",
    "apply_changes",
    "create_choice_set",
    "create_duplicate_rule",
    "create_matching_rule",
    "create_object",
    "create_record_type",
    "create_validation_rule",
    "delete_duplicate_rule",
    "delete_field",
    "delete_matching_rule",
    "delete_object",
    "delete_validation_rule",
    "restore_field",
    "restore_object",
    "update_choices",
    "update_duplicate_rule",
    "update_field",
    "update_matching_rule",
    "update_object",
    "update_record_type",
    "update_validation_rule",
]
