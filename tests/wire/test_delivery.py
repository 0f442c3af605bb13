"""gooclaim_cli.wire.delivery: headers and body as they crossed the wire."""

from gooclaim_cli.wire import Delivery, sign_delivery

from .samples import NOW, SECRET, envelope


def test_headers_are_latin_1_in_order() -> None:
    """Every byte has its character, and repeated headers stay where they were."""
    every = bytes(range(256))
    raw = [(b"X-A", b"1"), (b"x-b", every), (b"x-a", b"2"), (b"\xff", b"")]
    delivery = Delivery.from_raw(raw, every)
    assert [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in delivery.headers
    ] == raw
    assert delivery.body == every


def test_values_are_found_without_case() -> None:
    delivery = Delivery((("X-A", "1"), ("x-b", ""), ("x-a", "2")), b"")
    assert delivery.values("X-a") == ["1", "2"]
    assert delivery.value("x-A") == "1"
    assert delivery.value("X-B") == ""
    assert (delivery.value("x-c"), delivery.values("x-c")) == (None, [])


def test_a_signed_delivery_has_the_contracts_headers() -> None:
    """As Gooclaim sends it: content type, event, signature, timestamp and key."""
    delivery = sign_delivery(
        envelope(), SECRET, event_type="a.b", idempotency_key="idem_1", timestamp=NOW
    )
    names = [name for name, _ in delivery.headers]
    assert names == [
        "Content-Type",
        "X-Gooclaim-Event",
        "X-Gooclaim-Signature",
        "X-Gooclaim-Timestamp",
        "X-Gooclaim-Idempotency-Key",
    ]
    assert delivery.value("content-type") == "application/json"
    assert delivery.value("x-gooclaim-event") == "a.b"
    assert delivery.value("x-gooclaim-timestamp") == str(NOW)
    assert delivery.value("x-gooclaim-idempotency-key") == "idem_1"
    assert delivery.body == envelope()
