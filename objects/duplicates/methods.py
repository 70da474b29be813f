"""From the values of a record to keys: two records match by a method when they have a key in common."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pypinyin import Style, lazy_pinyin

from crm_platform.kit.companies import company_core
from crm_platform.kit.text import has_han, to_simplified
from metadata.compiler.compiled import CompiledField
from metadata.compiler.spec import FieldSpec, Labels
from metadata.field_types.phone import DEFAULT_REGION, to_e164
from metadata.field_types.text import TextType
from metadata.field_types.values import Reference
from objects.duplicates.free_mail import FREE_MAIL_HOSTS, PUBLIC_SUFFIXES

KEY_LENGTH = 200
PHONE_DIGITS = range(7, 12)  # how many last digits may be compared
_NO_WORD = re.compile(r"[\W_]+")
_NO_DIGIT = re.compile(r"\D+")
_NO_CODE = re.compile(r"[^0-9A-Z]+")
_TOKEN = re.compile(r"[^\W\d_]+")
_JOINT = "\x1f"

# What people enter where they have nothing to enter: no reason to take records for the same.
_PLACEHOLDERS = "na none null no nil unknown test tbd xxx aaa 无 没有 暂无 未知 不详 个人 测试 待定 空 自由职业"
_NOTHING = frozenset(_PLACEHOLDERS.split())
_TWO_CHARACTERS = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 "
    "公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐 百里 呼延 东郭 南门 西门 第五 纳兰 完颜 拓跋 轩辕"
)
_COMPOUND_SURNAMES = frozenset(_TWO_CHARACTERS.split())
# Surnames that are read in another way than the characters are otherwise.
_READINGS = (
    "单shan 曾zeng 仇qiu 解xie 查zha 区ou 朴piao 盖ge 翟zhai 任ren 华hua 缪miao 乐yue 覃qin 谌chen 种chong 尹yin 纪ji "
    "冼xian 逄pang 黑he 召shao 尉迟yuchi 万俟moqi 澹台tantai 长孙zhangsun"
)
_SURNAMES = dict(re.findall(r"([^a-z\s]+)([a-z]+)", _READINGS))


def keys_of(method: str, fields: Sequence[CompiledField], values: Sequence[Any]) -> tuple[str, ...]:
    """Return the keys that the values of some fields make by a method; () when there is nothing to compare.

    `fields` is one field, or for a method that joins several all of them, and then a blank one makes no key.
    """
    if method == "composite":
        return _composite(fields, values)
    if values[0] is None:
        return ()
    found = dict.fromkeys(_short(key) for key in _METHODS[method](fields[0], values[0]) if key)
    return tuple(found)


def keys_of_text(method: str, text: str) -> tuple[str, ...]:
    """Return the keys that a text makes by a method, whatever field it may belong to."""
    return keys_of(method, [_TEXT], [text])


def _short(key: str) -> str:
    """Return a key that fits the column; what is longer stands for itself by its hash."""
    if len(key) <= KEY_LENGTH:
        return key
    digest = hashlib.blake2b(key.encode(), digest_size=20).hexdigest()
    return key[: KEY_LENGTH - len(digest) - 1] + "…" + digest


def normal(text: str) -> str:
    """Return the text without what makes no difference: case, width, punctuation, spaces, traditional forms."""
    return _NO_WORD.sub("", to_simplified(unicodedata.normalize("NFKC", text).casefold()))


def _composite(fields: Sequence[CompiledField], values: Sequence[Any]) -> tuple[str, ...]:
    parts = [
        normal(next(_texts(field, value), "")) if value is not None else ""
        for field, value in zip(fields, values, strict=True)
    ]
    return (_short(_JOINT.join(parts)),) if all(parts) else ()


def _texts(field: CompiledField, value: Any) -> Iterator[str]:
    """Return a value as text, one for each of several."""
    if isinstance(value, Reference):
        yield str(value.id)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(field, item)
    else:
        yield str(field.type.to_api(field.spec, value))


def _typed(field: CompiledField, value: Any) -> Iterable[str]:
    """Return the values in the form in which their type tells them apart, else as they are."""
    return field.type.match_values(field.spec, value) or _texts(field, value)


def _exact(field: CompiledField, value: Any) -> Iterable[str]:
    return (unicodedata.normalize("NFC", text).strip() for text in _texts(field, value))


def _normalized(field: CompiledField, value: Any) -> Iterable[str]:
    return (normal(text) for text in _texts(field, value))


def _email(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _typed(field, value):
        local, at, host = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")
        if at and local and "." in host:
            yield f"{local.partition('+')[0] or local}@{host}"


def _numbers(field: CompiledField, value: Any) -> Iterator[str]:
    """Return phone numbers in E.164, as phone fields tell them, or by their digits where that can't be told."""
    if field.type.key.startswith("phone") and (told := field.type.match_values(field.spec, value)):
        yield from told
        return
    for text in _typed(field, value):
        number = to_e164(text, str(field.spec.settings.get("default_region", DEFAULT_REGION)))
        yield number or _NO_DIGIT.sub("", unicodedata.normalize("NFKC", text))


def _phone(field: CompiledField, value: Any) -> Iterator[str]:
    return (number for number in _numbers(field, value) if len(number) >= PHONE_DIGITS[0])


def _phone_tail(field: CompiledField, value: Any) -> Iterator[str]:
    for number in _numbers(field, value):
        digits = number.lstrip("+")
        for length in PHONE_DIGITS:
            if len(digits) >= length:
                yield digits[-length:]


def _domain(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _texts(field, value):
        host = _host(unicodedata.normalize("NFKC", text).strip().lower())
        name = registered_domain(host)
        if name and host not in FREE_MAIL_HOSTS and name not in FREE_MAIL_HOSTS:
            yield name


def _host(text: str) -> str:
    if "@" in text and "/" not in text:
        return text.rpartition("@")[2]
    try:
        return urlsplit(text if "//" in text else f"//{text}").hostname or ""
    except ValueError:  # brackets that hold no address
        return ""


def registered_domain(host: str) -> str:
    """Return the part of a host name that somebody has registered; "" for an address or a single word."""
    labels = host.strip(".").split(".")
    if len(labels) < 2 or labels[-1].isdigit():
        return ""
    size = 3 if ".".join(labels[-2:]) in PUBLIC_SUFFIXES else 2
    return ".".join(labels[-size:]) if len(labels) >= size else ""


def _company(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _texts(field, value):
        core = company_core(text)
        if len(core) > 1 and core not in _NOTHING:
            yield core[:KEY_LENGTH]


def _fuzzy(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _texts(field, value):
        key = normal(text)
        if len(key) > 1 and key not in _NOTHING:
            yield key[:KEY_LENGTH]


def _registration(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _texts(field, value):
        code = _NO_CODE.sub("", unicodedata.normalize("NFKC", text).upper())
        if len(code) >= 5 and len(set(code)) > 2:  # neither a fragment nor a row of zeros
            yield code


def _person(field: CompiledField, value: Any) -> Iterator[str]:
    for text in _texts(field, value):
        yield from _spellings(text[:KEY_LENGTH])


@lru_cache(maxsize=10_000)
def _spellings(name: str) -> tuple[str, ...]:
    """Return a name in pinyin with the family name first, and last."""
    tokens = _TOKEN.findall(to_simplified(unicodedata.normalize("NFKC", name).casefold()))
    if not tokens or "".join(tokens) in _NOTHING:
        return ()
    syllables = _syllables("".join(tokens)) if has_han(tokens[0]) else [_plain(token) for token in tokens]
    if len(syllables) < 2:
        return tuple(syllables) if len(syllables[0]) > 1 else ()
    return "".join(syllables), "".join([*syllables[1:], syllables[0]]), "".join([syllables[-1], *syllables[:-1]])


def _syllables(name: str) -> list[str]:
    """Return the family name and each further character of a Chinese name in pinyin."""
    size = 2 if name[:2] in _COMPOUND_SURNAMES and len(name) > 2 else 1
    family = _SURNAMES.get(name[:size]) or "".join(lazy_pinyin(name[:size], style=Style.NORMAL))
    return [family, "".join(lazy_pinyin(name[size:], style=Style.NORMAL))] if len(name) > size else [family]


def _plain(token: str) -> str:
    """Return a token without accents: José → jose."""
    return "".join(char for char in unicodedata.normalize("NFKD", token) if not unicodedata.combining(char))


_TEXT = CompiledField(FieldSpec(0, None, "text", "text", Labels()), TextType(), (), TextType())

_METHODS: Mapping[str, Callable[[CompiledField, Any], Iterable[str]]] = {
    "exact": _exact,
    "normalized": _normalized,
    "email": _email,
    "phone": _phone,
    "phone_tail": _phone_tail,
    "domain": _domain,
    "company": _company,
    "person": _person,
    "fuzzy": _fuzzy,
    "registration": _registration,
}
