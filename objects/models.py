"""The static tables of this app; records themselves live in tables made from metadata."""

from objects.access.models import (
    Delegation,
    RecordShare,
    RestrictionRule,
    RoleScope,
    SharingRule,
    Territory,
    TerritoryMember,
)
from objects.activities.models import CalendarFeed, Reminder
from objects.conversion.models import ConversionMapping
from objects.duplicates.models import (
    DuplicateDecision,
    DuplicateKey,
    DuplicateMember,
    DuplicateSet,
    KeyShape,
    NotDuplicate,
)
from objects.exchange.models import Import, ImportChunk, ImportKey, ImportMapping, ImportPart
from objects.handover.models import Handover, HandoverItem
from objects.history.models import RecordChange
from objects.merging.models import Merge, MergeMove, Redirect
from objects.records.models import Deletion, Holding, NumberCounter, Recalculation
from objects.search.models import IndexedShape, SearchEntry

__all__ = [
    "CalendarFeed",
    "ConversionMapping",
    "Delegation",
    "Deletion",
    "DuplicateDecision",
    "DuplicateKey",
    "DuplicateMember",
    "DuplicateSet",
    "Handover",
    "HandoverItem",
    "Holding",
    "Import",
    "ImportChunk",
    "ImportKey",
    "ImportMapping",
    "ImportPart",
    "IndexedShape",
    "KeyShape",
    "Merge",
    "MergeMove",
    "NotDuplicate",
    "NumberCounter",
    "Recalculation",
    "RecordChange",
    "RecordShare",
    "Redirect",
    "Reminder",
    "RestrictionRule",
    "RoleScope",
    "SearchEntry",
    "SharingRule",
    "Territory",
    "TerritoryMember",
]
