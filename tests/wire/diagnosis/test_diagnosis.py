"""gooclaim_cli.wire.diagnosis: each way of going wrong is found, named, and told how to mend."""

import base64
import gzip
import hashlib
import hmac
import html
import json
import re
import unicodedata
import urllib.parse
import zlib
from pathlib import Path
from typing import Any

import pytest

from gooclaim_cli.wire import Delivery, SignedContent, SigningSecret, sign
from gooclaim_cli.wire import diagnosis as package
from gooclaim_cli.wire.diagnosis import UNEXPLAINED, Diagnosis, NamedSecret

from ..samples import NOW, SECRET
from .support import BODY, BODY_WITHOUT_NUMBERS, delivery_of, diagnosed

PLAIN = BODY_WITHOUT_NUMBERS
PARSED = json.loads(PLAIN)
SIGNATURE = "X-Gooclaim-Signature"
TIMESTAMP = "X-Gooclaim-Timestamp"
STAMPED = SignedContent.TIMESTAMP_BODY
HEX = sign(BODY, SECRET, timestamp=NOW)
RAW = bytes.fromhex(HEX)
B64 = base64.b64encode(RAW).decode()
GO = PLAIN.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
HASHES = ("sha1", "sha512", "sha384", "sha224", "md5", "sha3_256", "blake2s")
TWICE = base64.b64encode(urllib.parse.quote(BODY).encode())
PACKED = base64.b64encode(gzip.compress(BODY, mtime=0))
LINES = json.dumps(PARSED, indent=2, ensure_ascii=False).encode()


def found(delivery: Delivery, **options: Any) -> Diagnosis:
    diagnosis = diagnosed(delivery, **options)
    assert diagnosis is not None
    assert diagnosis.message
    assert diagnosis.fix
    return diagnosis


def explained(code: str, delivery: Delivery, **options: Any) -> Diagnosis:
    diagnosis = found(delivery, **options)
    assert (diagnosis.code, diagnosis.explained) == (code, True), diagnosis.message
    return diagnosis


def dumped(**options: Any) -> bytes:
    return json.dumps(PARSED, **options).encode()


@pytest.mark.parametrize(
    "captured",
    [
        dumped(),
        dumped(ensure_ascii=False),
        dumped(separators=(",", ":")),
        dumped(separators=(",", ": ")),
        dumped(indent=2),
        dumped(indent=4, ensure_ascii=False),
        dumped(indent="\t"),
        dumped(sort_keys=True),
        dumped(sort_keys=True, indent=2) + b"\n",
        dumped(separators=(",", ":")).replace(b"/", b"\\/"),
        GO,
    ],
)
@pytest.mark.parametrize("swapped", [False, True])
def test_a_body_that_was_parsed_and_written_again(captured: bytes, swapped: bool) -> None:
    """The signed one is compact, as is usual; or it is the odd one, and a proxy made it compact."""
    captured, signed = (PLAIN, captured) if swapped else (captured, PLAIN)
    diagnosis = explained("body_reserialised", delivery_of(captured, signed=signed))
    assert diagnosis.signed == signed
    at = diagnosis.differs_at
    assert at is not None
    assert captured[:at] == signed[:at]
    assert captured[at : at + 1] != signed[at : at + 1]


@pytest.mark.parametrize(
    ("captured", "signed"),
    [
        (b"1.5", b"1.50"),
        (b"1", b"1.0"),
        (b"1.5", b"1.5000000000000000"[:6]),
        (b"9007199254740992", b"9007199254740993"),
        (b"12345678901234567000", b"12345678901234567890"),
        (b"1e+21", b"1000000000000000000000"),
        (b"1e+21", b"1000000000000000000000.0"),
    ],
)
def test_numbers_that_a_parser_rewrote(captured: bytes, signed: bytes) -> None:
    delivery = delivery_of(BODY.replace(b"1.50", captured), signed=BODY.replace(b"1.50", signed))
    diagnosis = explained("body_numbers_rewritten", delivery)
    assert f"{captured.decode()} was {signed.decode()}" in diagnosis.message


def test_numbers_that_a_parser_rewrote_among_other_things() -> None:
    rewritten = json.dumps(json.loads(BODY)).encode()  # spaced, escaped, and 1.50 is 1.5
    explained("body_numbers_rewritten", delivery_of(rewritten))
    explained("body_numbers_rewritten", delivery_of(ROUNDED, signed=MONEY))
    both = BODY.replace(b"1.50", b'1.50,"id":9007199254740993')
    parsed = both.replace(b"1.50", b"1.5").replace(b"993", b"992")
    explained("body_numbers_rewritten", delivery_of(parsed, signed=both))


@pytest.mark.parametrize(
    ("code", "captured", "signed"),
    [
        ("body_newline_added", PLAIN + b"\n", PLAIN),
        ("body_newline_added", b"\n\n" + PLAIN + b" \n", PLAIN),
        ("body_newline_removed", PLAIN, PLAIN + b"\n"),
        ("body_newline_removed", PLAIN, PLAIN + b"\r\n"),
        ("body_bom", b"\xef\xbb\xbf" + PLAIN, PLAIN),
        ("body_bom", PLAIN, b"\xef\xbb\xbf" + PLAIN),
        ("body_line_endings", LINES.replace(b"\n", b"\r\n"), LINES),
        ("body_line_endings", LINES, LINES.replace(b"\n", b"\r\n")),
        ("body_charset", '{"a":"Ã©"}'.encode(), '{"a":"é"}'.encode()),
        ("body_charset", b'{"a":"\xe9"}', '{"a":"é"}'.encode()),
        ("body_charset", PLAIN.decode().encode("utf-16"), PLAIN),
        ("body_double_encoded", json.dumps(PLAIN.decode()).encode(), PLAIN),
        ("body_double_encoded", json.dumps(PLAIN.decode())[1:-1].encode(), PLAIN),
        ("body_double_encoded", base64.b64encode(PLAIN), PLAIN),
        ("body_double_encoded", base64.encodebytes(PLAIN), PLAIN),
        ("body_double_encoded", PLAIN.hex().encode(), PLAIN),
        ("body_double_encoded", urllib.parse.quote(PLAIN).encode(), PLAIN),
        ("body_double_encoded", b"payload=" + urllib.parse.quote_plus(PLAIN).encode(), PLAIN),
        ("body_double_encoded", html.escape(PLAIN.decode()).encode(), PLAIN),
        ("body_double_encoded", PLAIN, base64.b64encode(PLAIN)),
        ("body_double_encoded", base64.urlsafe_b64encode(PLAIN).rstrip(b"="), PLAIN),
        ("body_double_encoded", repr(PLAIN).encode(), PLAIN),
        ("body_charset", unicodedata.normalize("NFD", PLAIN.decode()).encode(), PLAIN),
        ("body_compressed", gzip.compress(PLAIN, mtime=0), PLAIN),
        ("body_compressed", zlib.compress(PLAIN), PLAIN),
        ("body_compressed", PLAIN, gzip.compress(PLAIN, mtime=0)),
        ("body_extra_bytes", PLAIN + b"garbage", PLAIN),
        ("body_extra_bytes", PLAIN + b"\0\0", PLAIN),
        ("body_extra_bytes", b"body: " + PLAIN, PLAIN),
        ("body_truncated", PLAIN[:-1], PLAIN),
        ("body_truncated", PLAIN[:-3], PLAIN),
    ],
)  # fmt: skip
def test_a_body_whose_bytes_were_changed(code: str, captured: bytes, signed: bytes) -> None:
    diagnosis = explained(code, delivery_of(captured, signed=signed))
    assert diagnosis.signed == signed


@pytest.mark.parametrize(
    ("where", "captured"),
    [
        ("`payload`", b'{"id":1,"payload":%b}' % PLAIN),
        ("`payload`", json.dumps({"payload": PLAIN.decode()}).encode()),
        ("[1].detail", b'[{"event_id":1}, {"detail": %b}]' % PLAIN),
        (
            "`Records`[0].body.Message",
            json.dumps({"Records": [{"body": json.dumps({"Message": PLAIN.decode()})}]}).encode(),
        ),
    ],
)
def test_a_body_that_a_queue_wrapped(where: str, captured: bytes) -> None:
    diagnosis = explained("body_double_encoded", delivery_of(captured, signed=PLAIN))
    assert diagnosis.message.endswith(f"what was signed is its {where}")
    assert diagnosis.signed == PLAIN


def test_which_charset_was_signed() -> None:
    """The same step undoes two mistakes: which one it was, the bytes say."""
    text = '{"note":"née"}'
    latin = delivery_of(text.encode(), signed=text.encode("latin-1"))
    assert "signed was Latin-1" in explained("body_charset", latin).message
    taken = delivery_of(text.encode().decode("latin-1").encode(), signed=text.encode())
    assert "UTF-8 was taken for Latin-1" in explained("body_charset", taken).message
    mixed = delivery_of(BODY.replace("ï".encode(), b"\xef"), signed=BODY)
    assert "some of it is in Latin-1" in explained("body_charset", mixed).message


def test_what_happened_twice_is_said_once() -> None:
    twice = delivery_of(base64.b64encode(base64.b64encode(PLAIN)), signed=PLAIN)
    assert explained("body_double_encoded", twice).message.endswith("it is base64, twice")


@pytest.mark.parametrize(
    ("code", "is_set", "used"),
    [
        ("secret_newline", "whsec_fake\n", "whsec_fake"),
        ("secret_newline", "whsec_fake", "whsec_fake\n"),
        ("secret_whitespace", " whsec_fake ", "whsec_fake"),
        ("secret_whitespace", "whsec_fake", " whsec_fake"),
        ("secret_whitespace", "whsec_fake", "whsec_fake\t"),
        ("secret_whitespace", "whsec_fake", " whsec_fake "),
        ("secret_whitespace", "whsec_\u200bfake\ufeff", "whsec_fake"),
        ("secret_quotes", '"whsec_fake"', "whsec_fake"),
        ("secret_quotes", "whsec_fake", "'whsec_fake'"),
        ("secret_padding", "d2hzZWNfZmFrZQ", "d2hzZWNfZmFrZQ=="),
        ("secret_padding", "d2hzZWNfZmFrZQ==", "d2hzZWNfZmFrZQ"),
        ("secret_prefix", "whsec_fake", "fake"),
        ("secret_prefix", "fake", "whsec_fake"),
        ("secret_prefix", "obviously_fake", "whsec_obviously_fake"),
        ("secret_case", "WHSEC_FAKE", "whsec_fake"),
        ("secret_decoded", "whsec%5Ffake", "whsec_fake"),
        ("secret_encoded", "whsec_fake", b"whsec_fake".hex()),
        ("secret_encoded", "whsec_fake", base64.b64encode(b"whsec_fake").decode()),
        ("secret_encoded", "whsec_a+b/c=", "whsec_a%2Bb%2Fc%3D"),
        ("secret_escaped", "wh\\nsec", "wh\nsec"),
        ("secret_escaped", "wh$$sec", "wh$sec"),
    ],
)
def test_a_secret_that_is_not_what_it_is_taken_for(code: str, is_set: str, used: str) -> None:
    explained(code, delivery_of(BODY, secret=used), secret=is_set)


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        ("c0ffee" * 8, bytes.fromhex("c0ffee" * 8)),
        ("d2hzZWNfZmFrZV9zZWNyZXQ=", b"whsec_fake_secret"),
        ("whsec_d2hzZWNfZmFrZV9zZWNyZXQ", b"whsec_fake_secret"),
    ],
)
def test_a_secret_that_was_decoded_first(secret: str, key: bytes) -> None:
    digest = hmac.digest(key, BODY, "sha256").hex()
    explained("secret_decoded", delivery_of(BODY, headers={SIGNATURE: digest}), secret=secret)


def test_another_secret_that_is_known_is_named_and_never_shown() -> None:
    others = [NamedSecret("the profile 'staging'", SigningSecret("whsec_other_fake"))]
    delivery = delivery_of(BODY, secret="whsec_other_fake")
    diagnosis = explained("secret_other", delivery, others=others)
    assert "the profile 'staging'" in diagnosis.message
    for text in (diagnosis.message, diagnosis.fix, repr(others)):
        assert "whsec_other_fake" not in text


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("signature_base64", B64),
        ("signature_base64", B64.rstrip("=").replace("+", "-").replace("/", "_")),
        ("signature_base64+signature_prefixed", f"sha256-hmac={B64}"),
        ("signature_double_encoded", base64.b64encode(HEX.encode()).decode()),
        ("signature_double_encoded", B64.encode().hex()),
        ("signature_prefixed", f"hmac-sha256:{HEX}"),
        ("signature_prefixed", f"0x{HEX}"),
        ("signature_prefixed", f"HMAC-SHA256 {HEX}"),
        ("signature_quoted", f'"{HEX}"'),
        ("signature_truncated", HEX[:32]),
        ("signature_truncated", HEX[:40]),
        ("header_folded", f"{HEX[:32]} {HEX[32:]}"),
        ("header_duplicated", ["0" * 64, HEX]),
        ("header_duplicated", f"{HEX}, {HEX}"),
        ("signature_malformed", f"v1={HEX}"),
    ],
)
def test_a_signature_that_is_written_otherwise(code: str, value: str | list[str]) -> None:
    diagnosis = found(delivery_of(BODY, headers={SIGNATURE: value}))
    assert sorted(diagnosis.code.split("+")) == sorted(code.split("+"))
    assert diagnosis.explained


def test_a_signature_under_another_name() -> None:
    headers: dict[str, Any] = {SIGNATURE: None, "HTTP_X_GOOCLAIM_SIGNATURE": HEX}
    diagnosis = explained("header_renamed", delivery_of(BODY, headers=headers))
    assert "HTTP_X_GOOCLAIM_SIGNATURE" in diagnosis.message


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("$(cat signature)", "nothing was put in its place"),
        ("{{signature}}", "nothing was put in its place"),
        ("undefined", "nothing was put in its place"),
        ("[object Object]", "nothing was put in its place"),
        ("no\x1b such thing", "holds no signature: it begins with 'no\\x1b such thing'"),
    ],
)
def test_a_signature_header_without_a_signature(value: str, words: str) -> None:
    diagnosis = found(delivery_of(BODY, headers={SIGNATURE: value}))
    assert (diagnosis.code, diagnosis.explained) == ("signature_malformed", False)
    assert words in diagnosis.message


def test_no_signature_at_all() -> None:
    diagnosis = found(delivery_of(BODY, headers={SIGNATURE: None, "X-Other-Signature": "1"}))
    assert (diagnosis.code, diagnosis.explained) == ("signature_not_captured", False)
    assert "X-Other-Signature" in diagnosis.message


def over(message: bytes, name: str = "sha256") -> dict[str, Any]:
    return {SIGNATURE: hmac.digest(SECRET.key, message, name).hex()}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("timestamp_signed", b"%d." % NOW + BODY),
        ("timestamp_milliseconds", b"%d000." % NOW + BODY),
        ("timestamp_as_date", b"2026-05-20T10:14:25Z." + BODY),
        ("content_other", b"%d" % NOW + BODY),
        ("content_other", b"%d:" % NOW + BODY),
        ("content_other", BODY + b".%d" % NOW),
        ("content_other", b"v0:%d:" % NOW + BODY),
        ("content_other", b"idem_1." + BODY),
        ("standard_webhooks", b"idem_1.%d." % NOW + BODY),
    ],
)
def test_more_or_less_than_the_body_was_signed(code: str, message: bytes) -> None:
    """Who signs the timestamp, too, needs to say so."""
    diagnosis = explained(code, delivery_of(BODY, headers=over(message)))
    says_so = "set GOOCLAIM_SIGNED_CONTENT=timestamp.body" in diagnosis.fix
    assert says_so == (code != "standard_webhooks")


def test_the_body_alone_was_signed_where_the_timestamp_must_be() -> None:
    """The fix is the signer's: what is demanded stays."""
    diagnosis = explained("timestamp_not_signed", delivery_of(BODY), content=STAMPED)
    assert "GOOCLAIM_SIGNED_CONTENT" not in diagnosis.fix


def test_a_timestamp_that_differs_from_the_signatures_own() -> None:
    stamped = sign(BODY, SECRET, timestamp=NOW, signed_content=STAMPED)
    headers: dict[str, Any] = {SIGNATURE: f"t={NOW}, v1={stamped}", TIMESTAMP: str(NOW + 1)}
    explained("timestamp_differs", delivery_of(BODY, headers=headers))


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("timestamp_milliseconds", f"{NOW}000"),
        ("timestamp_milliseconds", f"{NOW}000000000"),
        ("timestamp_fraction", f"{NOW}.123"),
        ("timestamp_as_date", "2026-05-20T10:14:25Z"),
    ],
)
def test_a_timestamp_in_another_unit(code: str, value: str) -> None:
    explained(code, delivery_of(BODY, headers={TIMESTAMP: value}))


@pytest.mark.parametrize(
    "name", ["sha1", "sha512", "sha384", "sha224", "md5", "sha3_256", "blake2s"]
)
def test_another_hash(name: str) -> None:
    digest = hmac.digest(SECRET.key, BODY, name).hex()
    diagnosis = explained("hash_other", delivery_of(BODY, headers={SIGNATURE: digest}))
    assert "HMAC-SHA256" in diagnosis.fix


@pytest.mark.parametrize("message", [BODY, SECRET.key + BODY, BODY + SECRET.key])
def test_a_hash_that_is_no_hmac(message: bytes) -> None:
    digest = hashlib.sha256(message).hexdigest()
    explained("hash_other", delivery_of(BODY, headers={SIGNATURE: digest}))


def test_standard_webhooks_known_vector() -> None:
    """The vector that its reference libraries test themselves with."""
    headers = (
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    )
    delivery = Delivery(headers, b'{"test": 2432232314}')
    diagnosis = found(delivery, secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert diagnosis.explained
    assert {"standard_webhooks", "secret_decoded"} <= set(diagnosis.code.split("+"))


STAMP = b"%d." % NOW
WINDOWS = b"\xef\xbb\xbf" + LINES.replace(b"\n", b"\r\n")
MONEY = BODY.replace(b"1.50", b'1.50,"fee":20.00,"pages":3,"tax":0.10')
ROUNDED = BODY.replace(b"1.50", b'1.5,"fee":20,"pages":3,"tax":0.1')  # as JavaScript writes it
CODED = base64.b64encode(ROUNDED)
QUOTED = json.dumps(dumped().decode()).encode()


@pytest.mark.parametrize(
    ("codes", "captured", "headers", "is_set"),
    [
        ("secret_newline body_newline_added", BODY + b"\n", {}, SECRET.value + "\n"),
        ("secret_quotes body_reserialised", dumped(), over(PLAIN), f'"{SECRET.value}"'),
        ("timestamp_signed body_newline_added", BODY + b"\n", over(STAMP + BODY), None),
        ("timestamp_signed body_reserialised", dumped(), over(STAMP + PLAIN), None),
        ("timestamp_signed secret_whitespace", BODY, over(STAMP + BODY), SECRET.value + " "),
        ("signature_base64 body_bom", b"\xef\xbb\xbf" + BODY, {SIGNATURE: B64}, None),
        ("signature_prefixed body_newline_added", BODY + b"\n", {SIGNATURE: f"v1:{HEX}"}, None),
        ("body_bom body_line_endings", WINDOWS, over(LINES), None),
        ("body_double_encoded body_double_encoded", TWICE, {}, None),
        ("body_compressed body_double_encoded", PACKED, {}, None),
        ("body_double_encoded body_reserialised", QUOTED, over(PLAIN), None),
        ("hash_other body_newline_added", BODY + b"\n", over(BODY, "sha1"), None),
        ("hash_other timestamp_signed", BODY, over(STAMP + BODY, "sha512"), None),
        ("signature_malformed body_newline_added", BODY + b"\n", {SIGNATURE: f"v1={HEX}"}, None),
        ("body_numbers_rewritten secret_newline", ROUNDED, over(MONEY), SECRET.value + "\n"),
        ("body_numbers_rewritten timestamp_signed", ROUNDED, over(STAMP + MONEY), None),
        ("body_numbers_rewritten hash_other", ROUNDED, over(MONEY, "sha1"), None),
        ("body_numbers_rewritten body_double_encoded", CODED, over(MONEY), None),
    ],
)  # fmt: skip
def test_two_causes_together(
    codes: str, captured: bytes, headers: dict[str, Any], is_set: str | None
) -> None:
    diagnosis = found(delivery_of(captured, headers=headers), secret=is_set or SECRET.value)
    assert diagnosis.explained
    assert set(diagnosis.code.split("+")) == set(codes.split())


@pytest.mark.parametrize(
    ("code", "captured", "headers"),
    [
        ("body_truncated", BODY[:200], {"Content-Length": str(len(BODY))}),
        ("body_truncated", BODY[:128], {}),
        ("body_changed", BODY.replace(b"wf", b"wfx"), {"Content-Length": str(len(BODY) - 7)}),
        ("body_charset", BODY.replace("₹".encode(), "\ufffd".encode()), {}),
        ("body_masked", BODY.replace(b'"wf_abc123"', b'"[REDACTED]"'), {}),
        ("body_masked", BODY.replace(b'"wf_abc123"', b'"wf_***"'), {}),
        ("body_reserialised", json.dumps(json.loads(BODY) | {"x": 1}, sort_keys=True).encode(), {}),
        ("body_missing", b"", {}),
        ("body_compressed", BODY.replace(b"wf_", b"fw_"), {"Content-Encoding": "GZIP"}),
        (UNEXPLAINED, BODY.replace(b"wf_", b"fw_"), {}),
    ],
)
def test_what_was_lost_leaves_traces(code: str, captured: bytes, headers: dict[str, Any]) -> None:
    diagnosis = found(delivery_of(captured, headers=headers))
    assert (diagnosis.code, diagnosis.explained) == (code, False)
    assert (diagnosis.signed, diagnosis.differs_at) == (None, None)


def test_what_was_ruled_out_is_told_where_nothing_explains_it() -> None:
    diagnosis = found(delivery_of(BODY, secret="whsec_quite_another"))
    assert diagnosis.code == UNEXPLAINED
    assert diagnosis.ruled_out
    assert f"{diagnosis.tried:,}" in diagnosis.message
    assert "Console" in diagnosis.fix
    assert "gooclaim listen" in diagnosis.fix


def test_it_stops_when_it_is_told_to() -> None:
    stopped = found(delivery_of(BODY, secret="whsec_quite_another"), attempts=50)
    assert stopped.tried <= 50
    assert "time was up" in stopped.message
    assert not stopped.ruled_out
    assert found(delivery_of(BODY, secret="whsec_quite_another"), attempts=0).tried == 0


def test_findings_that_speak_for_themselves_are_not_diagnosed() -> None:
    assert diagnosed(delivery_of(BODY)) is None
    assert diagnosed(delivery_of(b"{}", signed=b"{}")) is None
    assert diagnosed(delivery_of(BODY, headers={TIMESTAMP: "soon"})) is None


WEAK = ("disable", "skip the check", "turn off", "--tolerance", "--no-expiry", "content=body")


def test_no_fix_in_the_sources_weakens() -> None:
    """None says to turn a check off, to widen it, or to take what is not HMAC-SHA256."""
    sources = Path(package.__file__).parent.glob("*.py")
    text = " ".join(path.read_text("utf-8") for path in sources).lower()
    assert [weak for weak in WEAK if weak in text] == []
    assert not re.search(r"(use|accept|switch to) (hmac-)?(md5|sha-?1)\b", text)
