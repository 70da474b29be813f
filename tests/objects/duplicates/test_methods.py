"""Which values are the same by each method, and which are not."""

from __future__ import annotations

from typing import Any

import pytest

from metadata.compiler.compiled import CompiledField
from metadata.field_types import field_types
from metadata.match_methods import match_methods
from objects.duplicates import methods
from objects.duplicates.free_mail import FREE_MAIL_HOSTS
from objects.duplicates.methods import keys_of
from objects.duplicates.similarity import similarity
from tests.kit.field_specs import field_spec


def keys(method: str, value: Any, type_: str = "text") -> set[str]:
    spec = field_spec(type_)
    return set(keys_of(method, [CompiledField(spec, field_types.get(type_), (), field_types.get(type_))], [value]))


SAME = [
    ("exact", "text", "Ab", "Ab"),
    ("normalized", "text", "ＡＣＭＥ－１ 號", "acme1号"),
    ("email", "email", "Li.Lei+crm@Example.COM", "li.lei@example.com"),
    ("email", "text", " LI@X.COM ", "li@x.com"),
    ("phone", "phone", "010-6255 1234", "+86 10 62551234"),
    ("phone", "text", "１３８００１３８０００", "+8613800138000"),
    ("phone_tail", "phone", "62551234", "010-62551234"),
    ("domain", "url", "https://www.acme.com.cn/about", "http://mail.acme.com.cn"),
    ("domain", "email", "a@acme.de", "b@shop.acme.de"),
    ("company", "text", "北京華為技術有限公司", "华为技术"),
    ("company", "text", "Siemens AG", "SIEMENS Co., Ltd."),
    ("person", "text", "王小明", "Xiaoming Wang"),
    ("person", "text", "欧阳娜娜", "Ouyang Nana"),
    ("person", "text", "王小明", "WANG  XiaoMing"),
    ("person", "text", "曾伟", "Zeng Wei"),
    ("person", "text", "José García", "Garcia, Jose"),
    ("fuzzy", "text", "Hello, World", "hello world"),
    ("registration", "text", "91110108-ma01 abcd2x", "91110108MA01ABCD2X"),
]
DIFFERENT = [
    ("exact", "text", "Ab", "ab"),
    ("email", "email", "li@example.com", "li@example.org"),
    ("phone", "phone", "13800138000", "13800138001"),
    ("company", "text", "华为技术", "华夏技术"),
    ("company", "text", "个人", "个人"),
    ("person", "text", "王小明", "王晓光"),
    ("domain", "email", "a@qq.com", "b@qq.com"),
    ("domain", "email", "a@vip.163.com", "b@vip.163.com"),
    ("domain", "url", "http://10.0.0.1/", "http://10.0.0.1/"),
    ("domain", "url", "https://com.cn", "https://com.cn"),
    ("registration", "text", "000000000", "000000000"),
    ("phone", "text", "123", "123"),
]


@pytest.mark.parametrize(("method", "type_", "one", "other"), SAME)
def test_same(method: str, type_: str, one: str, other: str) -> None:
    assert keys(method, one, type_) & keys(method, other, type_)


@pytest.mark.parametrize(("method", "type_", "one", "other"), DIFFERENT)
def test_different(method: str, type_: str, one: str, other: str) -> None:
    assert not keys(method, one, type_) & keys(method, other, type_)


def test_every_method_makes_keys() -> None:
    assert set(match_methods.keys()) == {*methods._METHODS, "composite"}


def test_a_joined_key_needs_every_value() -> None:
    fields = [CompiledField(field_spec("text"), field_types.get("text"), (), field_types.get("text"))] * 2
    assert keys_of("composite", fields, ["Acme", "X-1"]) == keys_of("composite", fields, ["ACME", "x1"])
    assert keys_of("composite", fields, ["Acme", None]) == ()
    assert keys_of("composite", fields, ["ab", "c"]) != keys_of("composite", fields, ["a", "bc"])


@pytest.mark.parametrize("method", match_methods.keys())
@pytest.mark.parametrize("value", ["", " ", "\u202e", "x" * 5000, "💥" * 300, "@", "+", "http://[", "，", "\ufeff"])
def test_no_value_is_too_odd(method: str, value: str) -> None:
    assert all(0 < len(key) <= methods.KEY_LENGTH for key in keys(method, value))


def test_free_mail_hosts_are_lower_case_names() -> None:
    assert all(host == host.lower() and "." in host for host in FREE_MAIL_HOSTS)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("one", "other"),
    [("华为技术", "华为科技"), ("siemens healthineers", "siemens healthineer"), ("a", "b"), ("acme1", "acme 1")],
)
def test_likeness_is_counted_as_the_database_counts_it(one: str, other: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity(%s, %s)", [one, other])
        assert similarity(one, other) == pytest.approx(cursor.fetchone()[0], abs=1e-5)
