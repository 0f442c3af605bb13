"""What is hidden is spelled out; what people read stays."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gooclaim_cli.render.escape import ascii_json, clip, clip_middle, visible, visible_json

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\tc\rd", "a\\nb\\tc\\rd"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\u202etxt", "\\u202etxt"),
        ("\u2066\u061c\u200e", "\\u2066\\u061c\\u200e"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("क्\u200dष", "क्\\u200dष"),
        ("\U000e0041", "\\U000e0041"),
        ("soft\xadhyphen", "soft\\xadhyphen"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\ue000", "\\ue000"),
        ("\u3164\ufe00\U000e0100", "\\u3164\\ufe00\\U000e0100"),
    ],
)
def test_what_is_hidden_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["plain ~ ASCII", "दावा स्थिति", "Zoë café", "🚀 ❤️", "e\u0301", "保険"]
)
def test_ordinary_text_stays(text: str) -> None:
    assert visible(text) == text


def test_marks_past_the_fourth_in_a_row_are_spelled_out() -> None:
    assert visible("a" + "\u0301" * 6) == "a" + "\u0301" * 4 + "\\u0301" * 2


def test_only_line_feeds_and_tabs_survive_in_a_body() -> None:
    assert visible("a\n\tb\r\x0b", newlines=True) == "a\n\tb\\r\\x0b"


@given(ANY_TEXT)
def test_nothing_hidden_remains(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert not {unicodedata.category(each) for each in shown} & {"Cc", "Cf", "Cs", "Co", "Cn"}
    assert visible(shown) == shown


@given(st.text())
def test_json_parses_to_the_original(text: str) -> None:
    plain = json.dumps({text: [text]}, ensure_ascii=False)
    assert visible_json(plain).isprintable()
    assert json.loads(visible_json(plain)) == {text: [text]}
    assert ascii_json(plain).isascii()
    assert json.loads(ascii_json(plain)) == {text: [text]}


@given(ANY_TEXT, st.integers(-2, 40))
def test_clipped_text_fits(text: str, width: int) -> None:
    shown = visible(text)
    assert cell_len(clip(shown, width)) <= max(0, width)
    assert cell_len(clip_middle(shown, width)) <= max(0, width)


def test_a_cut_is_marked() -> None:
    assert clip("workflow.completed", 10) == "workflow.…"
    assert clip("short", 10) == "short"
    assert clip_middle("evt_01HXYZ0123456789AB7F3KX9QA", 13) == "evt_…7F3KX9QA"
