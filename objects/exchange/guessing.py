"""Guessing which column is which field: by what was chosen before, by names and labels in any language, by kind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from django.db.models import Q

from crm_platform.kit.context import Actor
from metadata.compiler.compiled import CompiledObject
from objects.exchange.fields import CREATED_AT, CREATED_BY, ID, OWNER, ImportField, import_fields
from objects.exchange.models import ImportMapping
from objects.exchange.plan import Target

_NOISE = re.compile(r"[\W_]+", re.UNICODE)
_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
# What files call things that every object has, and kinds of fields where an object has only one of them.
_SYSTEM = {
    OWNER: ("所有人", "拥有者", "销售", "跟进人", "归属人", "owner", "salesrep"),
    CREATED_BY: ("创建者", "录入人", "creator", "createdby"),
    CREATED_AT: ("创建日期", "录入时间", "创建于", "created", "createddate"),
    ID: ("id", "记录编号", "recordid"),
    "external_id": ("编号", "外部id", "code"),
}
_KINDS = {
    "phone": (
        "电话",
        "手机",
        "手机号",
        "手机号码",
        "联系电话",
        "电话号码",
        "固话",
        "座机",
        "mobile",
        "phone",
        "tel",
        "telephone",
    ),
    "email": ("邮箱", "电子邮箱", "邮件", "电子邮件", "邮箱地址", "mail", "email", "emailaddress"),
    "url": ("网址", "网站", "官网", "website", "url", "homepage"),
    "address": ("地址", "详细地址", "address"),
}
_NAMES = (
    "名称",
    "姓名",
    "名字",
    "客户",
    "客户名称",
    "公司",
    "公司名称",
    "联系人",
    "name",
    "fullname",
    "title",
    "主题",
    "标题",
)


def folded(header: str) -> str:
    """Return a header in the form in which two spellings of it are equal: no case, blanks, signs or remarks."""
    plain = unicodedata.normalize("NFKC", header)
    return _NOISE.sub("", _BRACKETS.sub("", plain) or plain).casefold()[:200]


def guess(actor: Actor, obj: CompiledObject, header: Sequence[str]) -> tuple[Target | None, ...]:
    """Return a target for every column that can be guessed, each field once."""
    fields = {item.name: item for item in import_fields(actor, obj)}
    names = [folded(text) for text in header]
    found: dict[int, Target] = {}
    used: set[str] = set()

    def take(index: int, target: Target | None) -> None:
        if target is not None and target.field in fields and target.field not in used and index not in found:
            found[index] = target
            used.add(target.field)

    remembered = remembered_columns(actor, obj)
    for index, name in enumerate(names):
        take(index, remembered.get(name))
    for spell in (_api_spellings, _label_spellings, _system_spellings, _kind_spellings):
        known = _unambiguous(spell(fields.values(), obj))
        for index, name in enumerate(names):
            if name in known:
                take(index, Target(known[name]))
    for index, name in enumerate(names):
        if index not in found:
            take(index, _close(name, [item for item in fields.values() if item.name not in used]))
    return tuple(found.get(index) for index in range(len(header)))


def _close(name: str, fields: Iterable[ImportField]) -> Target | None:
    """Return the only field whose label begins with the header: 公司 stands for 公司名称."""
    close = {
        item.name
        for item in fields
        for label in map(str, item.compiled.spec.label.values())
        if len(name) > 1
        if folded(label).startswith(name)
    }
    return Target(close.pop()) if len(close) == 1 else None


def remembered_columns(actor: Actor, obj: CompiledObject) -> dict[str, Target]:
    """Return what headers meant before, to the caller or in a shared mapping, by folded header; his own words last."""
    rows = ImportMapping.objects.filter(Q(user=actor.user_id) | Q(is_shared=True), object_id=obj.spec.id)
    found: dict[str, Target] = {}
    for row in sorted(rows, key=lambda row: (row.user_id == actor.user_id, row.updated_at)):
        for name, target in row.columns.items():
            found[name] = Target(target["field"], target.get("match", ""))
    return found


Spellings = Iterable[tuple[str, str]]


def _unambiguous(spellings: Spellings) -> Mapping[str, str]:
    """Return the field of each spelling, the first one's where several fields share it."""
    found: dict[str, str] = {}
    for spelling, name in spellings:
        if spelling:
            found.setdefault(spelling, name)
    return found


def _api_spellings(fields: Iterable[ImportField], obj: CompiledObject) -> Spellings:
    for item in fields:
        yield folded(item.name), item.name
        yield folded(item.name.removesuffix("__c")), item.name
        yield folded(item.compiled.spec.path_name.removesuffix("__r")), item.name


def _label_spellings(fields: Iterable[ImportField], obj: CompiledObject) -> Spellings:
    listed = list(fields)
    for item in listed:
        yield from ((folded(str(label)), item.name) for label in item.compiled.spec.label.values())
    labels = [str(label) for label in obj.spec.label.values()]
    for item in listed:  # "客户名称" is the name of an object that is called 客户
        for label in labels:
            yield from ((folded(label + str(own)), item.name) for own in item.compiled.spec.label.values())
    if any(item.name == obj.spec.name_field for item in listed):
        yield from ((folded(label), obj.spec.name_field) for label in labels)


def _system_spellings(fields: Iterable[ImportField], obj: CompiledObject) -> Spellings:
    for name, words in _SYSTEM.items():
        yield from ((word, name) for word in words)


def _kind_spellings(fields: Iterable[ImportField], obj: CompiledObject) -> Spellings:
    for item in fields:
        for word in _KINDS.get(item.compiled.type.key, ()):
            yield word, item.name
    yield from ((word, obj.spec.name_field) for word in _NAMES)
