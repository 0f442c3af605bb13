"""What happens to deliveries on their way into a file, and what is to be said of each.

Bodies are changed by the programs that change them in life; openssl and node sign.
"""

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass, field

from .programs import hmac_of, node, python, run

SECRET = "whsec_Y29ycHVzX29idmlvdXNseV9mYWtl"
SIGNED_AT = 1_779_272_065
RECEIVED_AT = SIGNED_AT + 1.25
EVENT = "workflow.completed"
BODY = (
    '{"event_id":"evt_01KS1QZJ5RCORPUS00000000","event_type":"workflow.completed","tenant_id":"tnt_fake",'
    '"occurred_at":"2026-05-20T10:14:25Z","data":{"workflow_id":"wf_fake","workflow_type":"claim-status",'
    '"claim_id_hash":"sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5",'
    '"note":"₹ naïve / <b> & नमस्ते"}}'
).encode()
NUMBERS = BODY[:-2] + b',"amount":1.0,"ratio":1}}'
FORM = b"event_id=evt_fake&event_type=workflow.completed"
BIG = BODY[:-2] + b',"document":9007199254740993}}'
PRETTY = node("bodies.js", "indented", data=BODY)
Codes = tuple[str, ...]
MISMATCH = ("signature_mismatch",)
MALFORMED = ("signature_malformed",)


def in_hex(digest: bytes) -> str:
    return digest.hex()


def hex_after(prefix: str, behind: str = "") -> Callable[[bytes], str]:
    return lambda digest: f"{prefix}{digest.hex()}{behind}"


def nothing(_digest: bytes) -> None:
    return None


def cut_off(digest: bytes) -> str:
    return digest.hex()[:50]


def doubled(digest: bytes) -> list[str]:
    return [digest.hex(), "0" * 64]


def as_slack(body: bytes) -> bytes:
    return b"v0:%d:%b" % (SIGNED_AT, body)


def header(name: str, value: str | None) -> dict[str, str | None]:
    return {f"X-Gooclaim-{name}": value}


@dataclass(frozen=True)
class Way:
    """A way: the body that was signed, what became of it, the headers, and what is expected.

    `text`: the captured body is text that a JSON string can hold. `parsed`: it is there for tools
    that keep only what they parsed.
    """

    name: str
    reasons: Codes = ()
    diagnosis: str | None = None
    signed: bytes = BODY
    captured: bytes | None = None
    message: Callable[[bytes], bytes] = lambda body: body
    key: bytes = SECRET.encode()
    hash: str = "sha256"
    write: Callable[[bytes], str | list[str] | None] = in_hex
    headers: dict[str, str | None] = field(default_factory=dict)
    secret: str = SECRET
    options: tuple[str, ...] = ()
    text: bool = True
    parsed: bool = False
    folded: bool = False

    @property
    def body(self) -> bytes:
        return self.signed if self.captured is None else self.captured

    def pairs(self, by: str) -> list[tuple[str, str]]:
        """The headers, signed by a program."""
        signature = self.write(hmac_of(self.message(self.signed), self.key, self.hash, by=by))
        given: dict[str, str | None] = {
            "Content-Type": "application/json",
            "X-Gooclaim-Event": EVENT,
            "X-Gooclaim-Timestamp": str(SIGNED_AT),
            "X-Gooclaim-Idempotency-Key": "idem_fake_1",
        }
        found = [
            (name, value) for name, value in (given | self.headers).items() if value is not None
        ]
        signatures = signature if isinstance(signature, list) else [signature]
        return found + [("X-Gooclaim-Signature", each) for each in signatures if each is not None]


def stamped(body: bytes) -> bytes:
    return b"%d." % SIGNED_AT + body


def base64_of(digest: bytes) -> str:
    return run("base64", "-w0", data=digest).decode()


def edited(old: bytes, new: bytes) -> bytes:
    assert old in BODY
    return run("sed", f"s|{old.decode()}|{new.decode()}|", data=BODY)


def way(name: str, reasons: Codes = (), diagnosis: str | None = None, **more: object) -> Way:
    return Way(name, reasons, diagnosis, **more)  # type: ignore[arg-type]


def body_ways() -> list[Way]:
    """The body was changed."""
    rewritten, numbers = "body_reserialised", "body_numbers_rewritten"
    line = BODY + b"\n"
    spaced = python("json.dump(json.load(sys.stdin), sys.stdout)", BODY)
    compact = "json.dump(json.load(sys.stdin), sys.stdout, separators=(',', ':'))"
    changed = (
        ("python_spaced", rewritten, BODY, spaced),
        ("python_ascii", rewritten, BODY, python(compact, BODY)),
        ("python_tool", rewritten, BODY, run("python3", "-m", "json.tool", data=BODY)),
        ("jq", rewritten, BODY, run("jq", ".", data=BODY)),
        ("jq_sorted", rewritten, BODY, run("jq", "-cS", ".", data=BODY)),
        ("node_indented", rewritten, BODY, PRETTY),
        ("node_sorted", rewritten, BODY, node("bodies.js", "sorted", data=BODY)),
        ("signed_spaced", rewritten, spaced, node("bodies.js", "rewritten", data=spaced)),
        ("node_numbers", numbers, NUMBERS, node("bodies.js", "rewritten", data=NUMBERS)),
        ("node_big", numbers, BIG, node("bodies.js", "rewritten", data=BIG)),
        ("newline", "body_newline_added", BODY, run("sed", "$a\\", data=BODY)),
        ("newline_lost", "body_newline_removed", line, run("tr", "-d", "\\n", data=line)),
        ("crlf", "body_line_endings", PRETTY, run("sed", "$!s/$/\\r/", data=PRETTY)),
        ("bom", "body_bom", BODY, run("sed", "1s/^/\\xef\\xbb\\xbf/", data=BODY)),
        ("mojibake", "body_charset", BODY, run("iconv", "-f", "latin1", "-t", "utf8", data=BODY)),
        ("base64", "body_double_encoded", BODY, run("base64", "-w0", data=BODY)),
        ("base64_lines", "body_double_encoded", BODY, run("base64", data=BODY)),
        ("json_in_json", "body_double_encoded", BODY, node("bodies.js", "quoted", data=BODY)),
        ("percent", "body_double_encoded", BODY, node("bodies.js", "percent", data=BODY)),
        ("entities", "body_double_encoded", BODY, html.escape(BODY.decode()).encode()),
        ("gunzipped", "body_compressed", run("gzip", "-nc", data=BODY), BODY),
        ("trailing", "body_extra_bytes", BODY, BODY + b" # logged"),
        ("cut", "body_truncated", BODY, run("head", "-c", "-2", data=BODY)),
        ("cut_256", "body_truncated", BODY, run("head", "-c", "256", data=BODY)),
        ("masked", "body_masked", BODY, edited(b"wf_fake", b"wf_****")),
        ("tampered", "unexplained", BODY, edited(b"tnt_fake", b"tnt_evil")),
    )
    binary = (
        ("utf16", "body_charset", BODY, run("iconv", "-t", "utf16", data=BODY)),
        ("gzipped", "body_compressed", BODY, run("gzip", "-nc", data=BODY)),
    )
    found = [way(name, MISMATCH, code, signed=s, captured=c) for name, code, s, c in changed]
    found += [
        way(name, MISMATCH, code, signed=s, captured=c, text=False) for name, code, s, c in binary
    ]
    return found


def signature_ways() -> list[Way]:
    """The secret, the signature or what it covers is another."""
    key = SECRET.encode()
    return [
        way("good", parsed=True),
        way("upper_case", write=lambda digest: digest.hex().upper(), parsed=True),
        way("sha256_prefix", write=hex_after("sha256="), parsed=True),
        way("older_form", message=stamped, write=hex_after(f"t={SIGNED_AT}, v1=")),
        way("secret_newline", MISMATCH, "secret_newline", secret=f"{SECRET}\n", parsed=True),
        way("secret_quotes", MISMATCH, "secret_quotes", secret=f'"{SECRET}"', parsed=True),
        way("echoed_secret", MISMATCH, "secret_newline", key=run("echo", SECRET)),
        way(
            "secret_decoded",
            MISMATCH,
            "secret_decoded",
            key=base64.b64decode(SECRET[6:]),
            parsed=True,
        ),
        way("secret_prefix", MISMATCH, "secret_prefix", key=SECRET[6:].encode(), parsed=True),
        way("other_secret", MISMATCH, "unexplained", key=b"whsec_another_fake", parsed=True),
        way("base64_signature", MALFORMED, "signature_base64", write=base64_of, parsed=True),
        way("prefixed", MALFORMED, "signature_prefixed", write=hex_after("hmac-sha256:")),
        way("quoted", MALFORMED, "signature_quoted", write=hex_after('"', '"'), parsed=True),
        way("cut_signature", MALFORMED, "signature_truncated", write=cut_off),
        way("doubled", MALFORMED, "header_duplicated", write=doubled),
        way("folded", MALFORMED, "header_folded", folded=True),
        way("no_signature", ("signature_missing",), "signature_not_captured", write=nothing),
        way("sha1", MALFORMED, "hash_other", hash="sha1"),
        way("sha512", MALFORMED, "hash_other", hash="sha512", parsed=True),
        way("stamped", MISMATCH, "timestamp_signed", message=stamped, parsed=True),
        way("stamped_as_set", message=stamped, options=("timestamp.body",)),
        way("not_stamped", MISMATCH, "timestamp_not_signed", options=("timestamp.body",)),
        way("slack", MISMATCH, "content_other", message=as_slack),
        way(
            "newline_and_base64",
            MALFORMED,
            "signature_base64+body_newline_added",
            captured=BODY + b"\n",
            write=base64_of,
        ),
        way(
            "newline_and_secret",
            MISMATCH,
            "secret_newline+body_newline_added",
            captured=BODY + b"\n",
            key=key + b"\n",
        ),
        way(
            "spaced_and_stamped",
            MISMATCH,
            "timestamp_signed+body_reserialised",
            message=stamped,
            captured=python("json.dump(json.load(sys.stdin), sys.stdout)", BODY),
        ),
    ]


def other_ways() -> list[Way]:
    """The signature is right, and something else is not; or nothing is."""
    milliseconds = header("Timestamp", f"{SIGNED_AT}000")
    more = edited(b'"data"', b'"region":"in-1","data"').replace(EVENT.encode(), b"claim.settled")
    return [
        way(
            "milliseconds", ("timestamp_malformed",), "timestamp_milliseconds", headers=milliseconds
        ),
        way(
            "too_old",
            ("timestamp_too_old",),
            headers=header("Timestamp", "1779271000"),
            parsed=True,
        ),
        way("in_future", ("timestamp_in_future",), headers=header("Timestamp", "1779273000")),
        way("no_timestamp", ("timestamp_missing",), headers=header("Timestamp", None)),
        way("no_key", ("idempotency_key_missing",), headers=header("Idempotency-Key", None)),
        way("other_type", ("event_type_mismatch",), headers=header("Event", "workflow.started")),
        way("no_tenant", ("envelope_invalid",), signed=edited(b'"tenant_id":"tnt_fake",', b"")),
        way(
            "not_json",
            ("body_not_json",),
            signed=FORM,
        ),
        way("unknown", signed=more, headers=header("Event", "claim.settled")),
    ]
