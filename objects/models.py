"""The static tables of this app; records themselves live in tables made from metadata."""

from objects.history.models import RecordChange
from objects.records.models import Deletion, NumberCounter
from objects.search.models import IndexedShape, SearchEntry

__all__ = ["Deletion", "IndexedShape", "NumberCounter", "RecordChange", "SearchEntry"]
