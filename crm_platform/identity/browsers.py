"""A browser in two words, from the line by which it names itself: enough to know one's own devices again."""

from __future__ import annotations

# The first that occurs decides: many browsers name those whose pages they can show as well.
BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    ("Lark/", "Feishu"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def words_of(user_agent: str) -> str:
    """Return such as "Chrome, Windows"; empty when neither is known."""
    found = (next((name for mark, name in marks if mark in user_agent), None) for marks in (BROWSERS, SYSTEMS))
    return ", ".join(name for name in found if name)
