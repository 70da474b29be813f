"""Every mistake is found when an expression is compiled, at its place, with what was perhaps meant."""

from __future__ import annotations

import pytest
from django.utils import translation

from metadata.expressions import ExpressionError, ValueType, functions
from tests.metadata.expressions.world import compiled

MISTAKES = (
    # text, where, part of the message, suggestion
    ("", "", "empty", ""),
    ("   ", "   ", "empty", ""),
    ("1 +", "", "missing at the end", ""),
    ("(1", "", "missing at the end", ""),
    ("1 2", "2", "can't stand here", ""),
    ("amount > > 1", ">", "can't stand here", ""),
    ("1 < 2 < 3", "<", "can't stand here", ""),
    ('"abc', '"abc', "closing quote", ""),
    ("1 /* no end", "/* no end", "comment has no end", ""),
    ("IF（TRUE, 1, 2)", "（", "half-width", "("),
    ("amount ＞ 1", "＞", "half-width", ">"),
    ("amout + 1", "amout", "no field “amout”", "amount"),
    ("account.nam", "nam", "no field “nam”", "name"),
    ("acount.name", "acount", "no lookup", "account"),
    ("account_id.name", "account_id", "no lookup", "account"),
    ("amount.name", "amount", "no lookup", "account"),
    ("IFF(TRUE, 1, 2)", "IFF", "no function “IFF”", "IF"),
    ("$Usr.name", "$Usr", "There is no “$Usr”", "$User"),
    ("$User", "$User", "Write a name after $User", "$User"),
    ("$User.nme", "nme", "no field", "name"),
    ("$Org.nam", "nam", "has no “nam”", "name"),
    ("$Item", "$Item", "There is no “$Item”", ""),
    ("IF(TRUE)", "IF(TRUE)", "needs 2 arguments: IF(condition, then, [else])", ""),
    ("ABS()", "ABS()", "needs 1 argument", ""),
    ("ABS(1, 2)", "2", "takes fewer arguments", ""),
    ("TODAY(1)", "1", "takes fewer arguments", ""),
    ("ABS(name)", "name", "number is needed here, this is text", ""),
    ("UPPER(amount)", "amount", "text is needed here, this is number", ""),
    ("IF(amount, 1, 2)", "amount", "true or false is needed here", ""),
    ('IF(is_hot, 1, "a")', '"a"', "number is needed here, this is text", ""),
    ('CASE(stage, "won", 1, 2, 3)', "2", "is needed here, this is number", ""),
    ('"a" & 1', '"a" & 1', "TEXT() makes a text", ""),
    ("name + amount", "name + amount", "TEXT() makes a text", ""),
    ("close_date = met_at", "close_date = met_at", "can't join date and date and time", ""),
    ("amount = name", "amount = name", "can't join number and text", ""),
    ("tags = tags", "tags = tags", "can't join", ""),
    ("is_hot < TRUE", "is_hot < TRUE", "can't join", ""),
    ("-name", "name", "number is needed here", ""),
    ("!amount", "amount", "true or false is needed here", ""),
    ('ISPICKVAL(stage, "Won")', '"Won"', "no such value", '"won"'),
    ('ISPICKVAL(stage, "中lost")', '"中lost"', "no such value", '"lost"'),
    ('INCLUDES(tags, "vipp")', '"vipp"', "no such value", '"vip"'),
    ('DATEDIFF(close_date, start_date, "months")', '"months"', "Use one of these words", '"month"'),
    ("DATEDIFF(close_date, start_date, name)", "name", "Write this argument out", ""),
    ('TZ(met_at, "Shanghai")', '"Shanghai"', "no such time zone", ""),
    ('TEXT(amount, "abc")', '"abc"', "format does not fit", ""),
    ('REGEX(name, "(")', '"("', "no regular expression", ""),
    ('REGEX(name, "(?=a)")', '"(?=a)"', "no regular expression", ""),
    ("LABEL(name)", "name", "Name a picklist field", ""),
    ("SUM(tags)", "tags", "list is needed here", ""),
    ("ISNEW()", "ISNEW", "Prior values are known in rules only", ""),
    ("$Old.amount", "$Old.amount", "Prior values are known in rules only", ""),
    ("RAND()", "RAND", "default values only", ""),
    ("COUNTREL(lin)", "lin", "no object “lin”", "line"),
    ("FILTER(tags, COUNT(FILTER(tags, TRUE)) > 1)", "FILTER", "can't stand inside another function", ""),
    ("MAP(tags, COUNTREL(line))", "COUNTREL", "can't stand inside another function", ""),
    ("COUNTREL(line, COUNTREL(line) > 1)", "COUNTREL", "can't stand inside another function", ""),
    ("COUNTREL(account)", "account", "does not point here", ""),
    ("COUNTREL(line.sku)", "line.sku", "which lookup", "line.deal_id"),
    ("COUNTREL(line, amount > 1)", "amount", "no field “amount”", ""),
    ("SUMREL(line, sku)", "sku", "number is needed here", ""),
    ("ROOT(account_id, name)", "account_id", "lookup of this object to itself", ""),
    ("1234567890123456789012345678901", "1234567890123456789012345678901", "at most 30 digits", ""),
    ("account.parent.parent.parent.parent.parent.name", "parent", "at most 5 lookups", ""),
)


@pytest.mark.parametrize(("text", "where", "message", "suggestion"), MISTAKES)
def test_mistake(text: str, where: str, message: str, suggestion: str) -> None:
    with translation.override("en"), pytest.raises(ExpressionError) as caught:
        compiled(text)
    error = caught.value
    with translation.override("en"):
        assert message.lower() in str(error.message).lower()
    assert text[error.start : error.end] == where
    assert error.suggestion == suggestion


def test_an_error_knows_line_and_column() -> None:
    text = "1 +\n  amout"
    with pytest.raises(ExpressionError) as caught:
        compiled(text)
    assert caught.value.line_and_column(text) == (2, 3)


def test_messages_are_translated_when_they_are_shown() -> None:
    with pytest.raises(ExpressionError) as caught:
        compiled("amout")
    with translation.override("zh-hans"):
        chinese = str(caught.value.message)
    with translation.override("en"):
        assert chinese != str(caught.value.message)
    assert "amout" in chinese


@pytest.mark.parametrize(
    ("text", "wanted", "fits"),
    [
        ("amount", ValueType.NUMBER, True),
        ("stage", ValueType.TEXT, True),
        ('"won"', ValueType.CHOICE, True),
        ("name", ValueType.NUMBER, False),
        ("close_date", ValueType.DATETIME, False),
        ("NULL", ValueType.DATE, True),
    ],
)
def test_the_result_has_the_type_that_is_wanted(text: str, wanted: ValueType, fits: bool) -> None:
    if fits:
        assert compiled(text, returns=wanted).type in (wanted, ValueType.CHOICE, ValueType.TEXT)
        return
    with pytest.raises(ExpressionError) as caught:
        compiled(text, returns=wanted)
    assert text[caught.value.start : caught.value.end] == text


@pytest.mark.parametrize("purpose", ["rule", "condition"])
def test_rules_and_conditions_are_true_or_false(purpose: str) -> None:
    assert compiled("amount > 1", purpose=purpose).type is ValueType.BOOLEAN
    with pytest.raises(ExpressionError):
        compiled("amount", purpose=purpose)


def test_names_of_functions_and_constants_have_no_case() -> None:
    assert compiled("if(true, Abs(1), nUlL)").functions == {"IF", "ABS"}


def test_too_many_different_fields_are_refused() -> None:
    paths = [f"account.{'parent.' * hops}name" for hops in range(5)]
    assert len(compiled(" & ".join(paths)).paths) == 5


def test_what_takes_too_long_is_refused() -> None:
    queries = "+".join(["COUNTREL(line)"] * 101)
    with pytest.raises(ExpressionError, match="too long"):
        compiled(queries)


def test_every_function_is_called_by_its_name_in_capitals() -> None:
    assert all(function.name == function.name.upper() for function in functions)
