"""Proposing an API name from a label: pinyin for Chinese, lower-case words for the rest."""

from __future__ import annotations

import re

from pypinyin import lazy_pinyin

from metadata.names import CUSTOM_SUFFIX

_MAX_STEM = 37


def propose_api_name(label: str, taken: frozenset[str] | set[str] = frozenset()) -> str:
    """Return a free custom API name for a label: 派工单 → `pai_gong_dan__c`; numbered when it is taken."""
    words = re.findall(r"[a-z0-9]+", " ".join(lazy_pinyin(label)).lower())
    stem = "_".join(words)[:_MAX_STEM].strip("_") or "item"
    if not stem[0].isalpha():
        stem = f"n_{stem}"[:_MAX_STEM].strip("_")
    name, number = stem + CUSTOM_SUFFIX, 2
    while name in taken:
        name, number = f"{stem[: _MAX_STEM - 3]}_{number}{CUSTOM_SUFFIX}", number + 1
    return name
