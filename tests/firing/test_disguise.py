"""Disguise: nothing real is left, everything keeps its shape, and the rest keeps its bytes."""

import json
import re
from random import Random, SystemRandom
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gooclaim_cli.errors import GooclaimError
from gooclaim_cli.firing.disguise import Disguise
from gooclaim_cli.firing.samples import Recipe
from gooclaim_cli.wire import CATALOGUE, decode_event

NOW = 1_779_272_065.0


def disguise(members: Any) -> Any:
    return json.loads(Disguise(Random(1)).body(json.dumps(members).encode()))


@pytest.mark.parametrize("event_type", CATALOGUE)
def test_samples_of_every_type_stay_events_of_the_same_shape(event_type: str) -> None:
    """Same length, same type, same words and times; other ids, hashes and references."""
    body = Recipe(event_type=event_type).make(now=NOW, random=Random(1)).body
    made = Disguise(SystemRandom()).body(body)
    before, after = decode_event(body), decode_event(made)
    assert len(made) == len(body)
    assert after.event_type == before.event_type
    assert after.occurred_at == before.occurred_at
    assert after.event_id != before.event_id
    assert re.fullmatch(r"evt_0[0-9A-HJKMNP-TV-Z]{25}", after.event_id)
    for name, value in before.data.items():
        if name.endswith(("_id", "_hash", "_ref")):
            assert after.data[name] != value
            assert after.data[name].partition("_")[0] == value.partition("_")[0] or ":" in value
        else:
            assert after.data[name] == value


@pytest.mark.parametrize(
    "value",
    [
        *("Asha Rao", "asha.rao@example.com", "+91 98123 45678", "2 MG Road", "अाशा", "PAN ABCDE1"),
        *("wf_abc123", "CLM-2026-000123", "sha256:00ff", "x1"),
    ],
)
def test_text_that_could_lead_to_somebody_goes(value: str) -> None:
    made = disguise({"note": value})["note"]
    assert made != value
    assert len(made) == len(value)


@pytest.mark.parametrize(
    "value",
    [
        *("query-reason", "NOT_FOUND", "whatsapp", "lab_report", "the claim was paid", ""),
        *(
            "2026-05-20",
            "2026-05-20T10:14:25Z",
            "2026-05-20T10:14:25.123+05:30",
            "?!",
            "RESTRICTED",
        ),
    ],
)
def test_words_and_times_stay(value: str) -> None:
    assert disguise({"note": value}) == {"note": value}


def test_words_go_too_where_the_members_name_says_whose_they_are() -> None:
    made = disguise({"claimant_name": "asha", "document_ref": "abc", "email": "a"})
    assert all(
        made[name] != value
        for name, value in {"claimant_name": "asha", "document_ref": "abc", "email": "a"}.items()
    )


def test_numbers() -> None:
    members = {"phone": 9812345678, "lookups": 5, "bytes": 691316, "claim_id": 12345, "rate": 1.5}
    made = disguise(members)
    assert made["phone"] != members["phone"]
    assert len(str(made["phone"])) == 10
    assert made["claim_id"] != members["claim_id"]
    assert (made["lookups"], made["bytes"], made["rate"]) == (5, 691316, 1.5)


def test_the_same_value_becomes_the_same_one_everywhere() -> None:
    a, b, c = disguise([{"workflow_id": "wf_00ff"}, {"other": "wf_00ff"}, {"x_id": "wf_00fe"}])
    assert a["workflow_id"] == b["other"] != c["x_id"]


def test_every_other_byte_stays() -> None:
    body = b'{ "data" : {"a":1.50,\t"n":null, "u":"\\u00fc", "ok" : true },"b":[1e3, -0] }\r\n'
    made = Disguise(Random(1)).body(body)
    assert made != body
    assert re.sub(rb"u00..", b"u00fc", made) == body


def test_characters_take_as_many_bytes_as_before() -> None:
    text = '"Zoë \\u00fc \\ud83d\\ude00 \\"\\n नमस्ते 𝐱 \\/"'
    made = Disguise(Random(1)).body(text.encode())
    assert made != text.encode()
    assert len(made) == len(text.encode())
    assert len(json.loads(made)) == len(json.loads(text))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"a=b"])
def test_what_cannot_be_read_is_not_disguised(body: bytes) -> None:
    with pytest.raises(GooclaimError, match="not JSON") as refused:
        Disguise(Random(1)).body(body)
    assert "--keep-data" in refused.value.hint


@pytest.mark.parametrize("value", ["error: ", "evt_", "sha256:", "wf__", " ", "_:-", "दा: "])
def test_what_has_nothing_behind_its_prefix_comes_to_an_end(value: str) -> None:
    made = disguise({"id": value})["id"]
    assert len(made) == len(value)
    assert (made == value) == (not any(map(str.isalnum, value)))


@settings(max_examples=25)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json_stays_json_of_the_same_structure(members: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shape(inner) for name, inner in value.items()}
        return [shape(each) for each in value] if isinstance(value, list) else type(value)

    assert shape(disguise(members)) == shape(members)


@pytest.mark.parametrize("answer", [b"ok", b"thanks", b"Thank you!", b'{"ok":true}', b"[]"])
def test_an_answer_without_ids_can_be_pinned(answer: bytes) -> None:
    assert Disguise(Random(1)).leaves(answer)


@pytest.mark.parametrize("answer", [b"done at 12:03", b'{"id":"abc"}', b"<p>no</p>", b"\xff"])
def test_an_answer_with_them_cannot(answer: bytes) -> None:
    assert not Disguise(Random(1)).leaves(answer)
