"""Template tags of the console: icons, form fields, avatars, tags."""

from __future__ import annotations

import zlib
from collections.abc import Hashable
from functools import lru_cache
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.http import HttpRequest
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.safestring import SafeString

from crm_platform.console import frame
from crm_platform.kit.markup import format_html

register = template.Library()

AVATAR_COLORS = 10
CHECK_WIDGETS = (forms.CheckboxInput,)
GROUP_WIDGETS = (forms.RadioSelect, forms.CheckboxSelectMultiple)


@register.simple_tag
def icon(name: str, **attrs: str) -> SafeString:
    """Return a Tabler icon of the built sprite; `class` adds classes, `label` gives it a name of its own."""
    return _icon(str(name), attrs.get("class", ""), str(attrs.get("label") or ""))


@lru_cache(maxsize=2048)  # a page has dozens of icons, of which it repeats most
def _icon(name: str, extra: str, label: str) -> SafeString:
    classes = " ".join(filter(None, ["icon", extra]))
    href = f"{static('app/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"></use></svg>', classes, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"></use></svg>', classes, href)


@register.filter
def first_letter(text: object) -> str:
    """Return the character that stands for a name: 李 for 李娜, L for lily."""
    return str(text or "").strip()[:1].upper()


@register.filter
def avatar_color(key: object) -> int:
    """Return which of the ten avatar colours belongs to an id or a name, always the same one."""
    return zlib.crc32(str(key).encode()) % AVATAR_COLORS


@register.simple_tag
def avatar(name: object, key: object = None, size: str = "", **attrs: str) -> SafeString:
    """Return the round picture of a person; `key` (their id) decides the colour."""
    return format_html(
        '<span class="ava ava-{}{}" aria-hidden="true">{}</span>',
        avatar_color(key or name),
        f" ava-{size}" if size else "",
        first_letter(name),
    )


@register.simple_tag
def tag(text: object, color: str = "gray") -> SafeString:
    """Return a coloured label, as picklist values are shown."""
    return format_html('<span class="tag tag-{}">{}</span>', color or "gray", text)


@register.filter
def html_lang(code: str) -> str:
    """Return a language code as HTML wants it: zh-Hans for zh-hans."""
    language, _, rest = str(code).partition("-")
    return f"{language}-{rest.title() if len(rest) == 4 else rest.upper()}" if rest else language


@register.simple_tag(takes_context=True)
def rail(context: template.Context) -> SafeString:
    """Return the navigation rail (console/partials/rail.html)."""
    return frame.rail(context["shell"])


@register.simple_tag(takes_context=True)
def topbar(context: template.Context) -> SafeString:
    """Return the top bar (console/partials/topbar.html)."""
    return frame.topbar(context["shell"], context)


@register.simple_tag(takes_context=True)
def kept(context: template.Context, name: str, essence: Hashable) -> SafeString:
    """Include a template whose HTML is kept as long as `essence`, which names all that it shows, is the same."""
    return frame.kept(name, essence, lambda: str(get_template(name).template.render(context)))  # type: ignore[attr-defined]


@register.simple_tag(takes_context=True)
def current_path(context: template.Context) -> str:
    """Return the address of this page, for forms that come back to it."""
    request: HttpRequest | None = context.get("request")
    return request.get_full_path() if request else "/"


@register.inclusion_tag("console/components/form.html")
def render_form(form: forms.BaseForm, columns: int = 1) -> dict[str, Any]:
    """Render all fields of a form in one or two columns."""
    return {"form": form, "columns": columns}


@register.inclusion_tag("console/components/field.html")
def render_field(field: BoundField, wide: bool | None = None) -> dict[str, Any]:
    """Render one field; long texts take the whole width of a form of two columns unless `wide` says otherwise.

    A widget with the attribute `data-show-when="other=a,b"` shows only while the field `other` is one of these.
    """
    widget = field.field.widget
    if wide is None:
        wide = isinstance(widget, forms.Textarea)
    when, _, values = str(widget.attrs.get("data-show-when", "")).partition("=")
    return {
        "field": field,
        "widget": field.as_widget(attrs=_attributes(field)),
        "kind": _kind(widget),
        "wide": wide,
        "when": when,
        "values": values,
    }


def _kind(widget: forms.Widget) -> str:
    if isinstance(widget, GROUP_WIDGETS):
        return "group"
    return "check" if isinstance(widget, CHECK_WIDGETS) else "input"


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, CHECK_WIDGETS + GROUP_WIDGETS):
        return "form-check-input"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


def _attributes(field: BoundField) -> dict[str, str | bool]:
    """Return the classes and aria attributes of a field's widget, on top of the widget's own."""
    own = field.field.widget.attrs.get("class", "").split()
    classes = [_css_class(field.field.widget), *own, *(["is-invalid"] if field.errors else [])]
    attrs: dict[str, str | bool] = {"class": " ".join(dict.fromkeys(classes))}
    described = [f"{field.auto_id}_helptext"] if field.help_text else []
    if field.errors:
        attrs["aria-invalid"] = "true"
        described.append(f"{field.auto_id}_error")
    if isinstance(field.field.widget, forms.Textarea) and field.field.widget.attrs.get("rows") == "10":
        attrs["rows"] = "4"  # Django's own default is half a page
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return attrs
