"""How large an expression may be, and how large its values: the same in Python and in the database."""

from __future__ import annotations

from decimal import Decimal

MAX_TEXT = 10_000  # characters of an expression
MAX_NODES = 2_000
MAX_DEPTH = 60  # brackets within brackets; keeps both back ends far from the end of their stacks
MAX_CHAIN = 200  # operands of one chain a + b + c …
MAX_ARGUMENTS = 200
MAX_HOPS = 5  # lookups stepped through by one path
MAX_PATHS = 100  # different fields read by one expression
MAX_COST = 20_000

SCALE = 20  # decimals that numbers keep
TOO_LARGE = Decimal(10) ** 30  # results of × ÷ ^ from here on are null
MAX_LITERAL_DIGITS = 30
MAX_EXPONENT = 2_500  # digits of a power: PostgreSQL gives up at e^6000
MAX_DAYS = 1_461_000  # that can be added to a day: 4,000 years
MAX_SECONDS = MAX_DAYS * 86_400
MAX_MONTHS = 48_000
MAX_RESULT = 100_000  # characters that a text function makes; longer results are null
MAX_PATTERN = 500  # characters of a regular expression
MAX_ITEMS = 5_000  # members of a list
