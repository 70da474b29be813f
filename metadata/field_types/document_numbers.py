"""Checks of Chinese numbers that carry a check digit: identity cards, bank cards, social credit codes."""

from __future__ import annotations

import re
from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_ID = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
_CARD = re.compile(r"\d{12,19}", re.ASCII)
_CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
_CREDIT = re.compile(f"[{_CREDIT_SIGNS}]{{18}}")


def is_id_number(text: str) -> bool:
    """Tell whether the text is a number of an identity card (GB 11643): 18 signs, a real day, the check digit."""
    if not _ID.fullmatch(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _ID_WEIGHTS, strict=False))
    return text[17] == _ID_CHECKS[total % 11]


def is_bank_card(text: str) -> bool:
    """Tell whether the text is a card number: 12 to 19 digits that pass Luhn's check."""
    if not _CARD.fullmatch(text):
        return False
    digits = [int(char) for char in reversed(text)]
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def is_credit_code(text: str) -> bool:
    """Tell whether the text is a unified social credit code (GB 32100): 18 signs, the last one a check."""
    if not _CREDIT.fullmatch(text):
        return False
    total = sum(_CREDIT_SIGNS.index(char) * pow(3, place, 31) for place, char in enumerate(text[:17]))
    return text[17] == _CREDIT_SIGNS[(31 - total % 31) % 31]
