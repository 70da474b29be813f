"""The rows in which an organisation keeps its data model."""

from metadata.models.business_field import BusinessField, BusinessFieldGroupPermission
from metadata.models.business_object import BusinessObject, BusinessObjectGroupPermission
from metadata.models.choice_set import Choice, ChoiceSet
from metadata.models.currency import Currency, ExchangeRate
from metadata.models.duplicate_rule import DuplicateRule, MatchingRule
from metadata.models.label import LabelTranslation
from metadata.models.record_type import RecordType, RecordTypeGroupPermission
from metadata.models.schema_version import SchemaState, SchemaVersion
from metadata.models.validation_rule import ValidationRule

__all__ = [
    "BusinessField",
    "BusinessFieldGroupPermission",
    "BusinessObject",
    "BusinessObjectGroupPermission",
    "Choice",
    "ChoiceSet",
    "Currency",
    "DuplicateRule",
    "ExchangeRate",
    "LabelTranslation",
    "MatchingRule",
    "RecordType",
    "RecordTypeGroupPermission",
    "SchemaState",
    "SchemaVersion",
    "ValidationRule",
]
