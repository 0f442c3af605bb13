"""What differs between two answers, and nothing that means nothing."""

from gooclaim_cli.firing.differences import Answer, differences

BASE = Answer(200, (("Content-Type", "application/json"), ("Date", "then")), b'{"a":1,"b":[1,2]}')


def with_(status: int | None = 200, body: bytes | None = BASE.body, **headers: str) -> Answer:
    named = {"content-type": "application/json", "DATE": "now"} | headers
    return Answer(status, tuple(named.items()), body)


def test_dates_cases_and_layout_are_no_difference() -> None:
    assert differences(BASE, with_(body=b'{ "a": 1,\n"b": [1, 2] }')) == ()


def test_what_differs_is_shown_line_by_line() -> None:
    lines = differences(BASE, with_(500, b'{"a":1,"b":[1,3]}', server="x"))
    assert [line for line in lines if line[0] in "+-"] == [
        "-HTTP 200",
        "+HTTP 500",
        "+server: x",
        "-    2",
        "+    3",
    ]


def test_no_answer_differs_from_one() -> None:
    assert differences(BASE, Answer(None, (), b"")) == ("-HTTP 200", "+HTTP no answer")


def test_where_there_was_no_answer_all_of_one_is_no_difference() -> None:
    """Whatever server it is by now."""
    nothing = Answer(None, (), None)
    assert differences(nothing, with_(server="x")) == ("-HTTP no answer", "+HTTP 200")
    assert differences(nothing, nothing) == ()


def test_a_body_that_is_not_known_is_not_compared() -> None:
    assert differences(BASE, with_(body=None)) == ()
    assert differences(with_(body=None), with_(201)) != ()


def test_bytes_that_are_no_text_are_compared_by_their_hash() -> None:
    binary, other = with_(body=b"\xff\x00"), with_(body=b"\xff\x01")
    assert differences(binary, binary) == ()
    assert any("2 bytes, sha256 " in line for line in differences(binary, other))


def test_what_only_looks_like_json_is_text() -> None:
    assert differences(with_(body=b"{a"), with_(body=b"{b"))[-2:] == ("-{a", "+{b")
