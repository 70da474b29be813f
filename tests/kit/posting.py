"""What a browser would send for a piece of HTML: the values of its inputs as they were rendered."""

from __future__ import annotations

from html.parser import HTMLParser

from django.http import QueryDict


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.data = QueryDict(mutable=True)
        self._select = ""
        self._is_multiple = False
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        is_box = found.get("type") in ("checkbox", "radio")
        if tag == "input" and name and (not is_box or "checked" in found):
            self.data.appendlist(name, found.get("value") or ("on" if found.get("type") == "checkbox" else ""))
        if tag == "select":
            self._select, self._is_multiple = name, "multiple" in found
        if tag == "option" and self._select:
            if "selected" in found:
                self._put_option(found.get("value") or "")
            elif not self._is_multiple and self._select not in self.data:
                self.data[self._select] = found.get("value") or ""
        if tag == "textarea":
            self._area, self.data[name] = name, ""

    def _put_option(self, value: str) -> None:
        if self._is_multiple:
            self.data.appendlist(self._select, value)
        else:
            self.data[self._select] = value

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.data[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # The first line break after the tag does not count; the browser sends CRLF.
            self.data[self._area] = self.data[self._area].removeprefix("\n").replace("\n", "\r\n")
            self._area = None
        if tag == "select":
            self._select = ""


def posted(html: str) -> QueryDict:
    """Return the form data of the inputs in `html`."""
    parser = _Inputs()
    parser.feed(html)
    return parser.data
