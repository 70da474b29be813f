"""Sealed texts: opened with their key only, never twice the same, found by a digest that says nothing."""

from __future__ import annotations

from typing import Any

import pytest

from crm_platform.kit.sealing import CannotOpen, digest, is_current, seal, unseal

ID_NUMBER = "11010519491231002X"


@pytest.mark.parametrize("text", [ID_NUMBER, "", "密码 🔑", "x" * 10_000])
def test_sealed_text_comes_back(text: str) -> None:
    assert unseal(seal(text)) == text


def test_same_text_is_never_sealed_twice_the_same() -> None:
    assert seal(ID_NUMBER) != seal(ID_NUMBER)
    assert ID_NUMBER not in seal(ID_NUMBER)


def test_digest_finds_equal_texts_and_depends_on_the_secret(settings: Any) -> None:
    before = digest(ID_NUMBER)
    assert before == digest(ID_NUMBER) != digest("110105194912310038")
    settings.BLIND_INDEX_SECRET = "another secret of the index"
    assert digest(ID_NUMBER) != before


def test_new_key_seals_and_the_old_one_still_opens(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["2025:a secret of twenty bytes"]
    old, found_by = seal(ID_NUMBER), digest(ID_NUMBER)
    settings.ENCRYPTION_KEYS = ["2026:another secret, as long", "2025:a secret of twenty bytes"]
    assert unseal(old) == ID_NUMBER
    assert not is_current(old)
    assert is_current(seal(ID_NUMBER))
    assert digest(ID_NUMBER) == found_by


def test_without_its_key_nothing_opens(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["2025:a secret of twenty bytes"]
    old = seal(ID_NUMBER)
    settings.ENCRYPTION_KEYS = ["2026:another secret, as long"]
    with pytest.raises(CannotOpen, match="2025"):
        unseal(old)
    settings.ENCRYPTION_KEYS = ["2025:a secret of other bytes"]
    with pytest.raises(CannotOpen):
        unseal(old)


@pytest.mark.parametrize("token", ["", "app", "app.", "app.????", "app.QUJD", "other.QUJD"])
def test_what_was_not_sealed_is_refused(token: str) -> None:
    with pytest.raises(CannotOpen):
        unseal(token)


def test_changed_text_is_refused() -> None:
    token = seal(ID_NUMBER)
    with pytest.raises(CannotOpen):
        unseal(token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:])


@pytest.mark.parametrize(
    "keys", [["no secret"], [":secret of enough bytes"], ["a.b:secret of enough bytes"], ["a:short"]]
)
def test_malformed_keys_are_named_at_once(keys: list[str], settings: Any) -> None:
    settings.ENCRYPTION_KEYS = keys
    with pytest.raises(RuntimeError, match="ENCRYPTION_KEYS"):
        seal("x")
