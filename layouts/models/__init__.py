"""How an organisation looks at its records: list views, page layouts, and what each user keeps for himself."""

from layouts.models.list_view import ColumnChoice, ListView
from layouts.models.page_layout import PageLayout
from layouts.models.recent_record import RecentRecord

__all__ = ["ColumnChoice", "ListView", "PageLayout", "RecentRecord"]
