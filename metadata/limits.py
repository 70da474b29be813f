"""The limits of a data model: chosen so that a careless or hostile admin can't harm the platform."""

from __future__ import annotations

OBJECTS_PER_ORGANIZATION = 300
FIELDS_PER_OBJECT = 500
CHOICES_PER_SET = 3_000
INDEXED_FIELDS_PER_OBJECT = 40
SETTINGS_BYTES = 100_000
MASTER_DEPTH = 3

# What PostgreSQL allows a table row (one page) and its columns; dropped columns count for ever.
ROW_BYTES = 8_160
TABLE_COLUMNS = 1_600
# Row header, null bitmap of 600 columns and the system columns, measured generously.
SYSTEM_ROW_BYTES = 24 + 75 + 330
# The same of an object's second table, which has no system columns but the record's id.
SECOND_ROW_BYTES = 24 + 75 + 16
# Where the record table stops taking fields that may live in the second one: the room above is kept for those
# that can't (references, unique and indexed fields), and some of it for short values rather than texts.
LONG_TEXT_BYTES, TEXT_BYTES, SHORT_VALUE_BYTES = 6_000, 6_700, 7_400
KEPT_COLUMNS = 200
HIDDEN_DAYS = 30  # how long a deleted field or object can be restored
