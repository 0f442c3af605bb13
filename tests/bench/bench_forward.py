"""Forwarding, against calling the handler directly.

    python -m tests.bench.bench_forward [--requests 1500] [--rounds 3]

One connection: what is added to the median, at most 3 ms. 32 connections: the share of the
handler's own rate, at least 0.33. The handler is a bare ASGI callable in a process of its own.
"""

import argparse
import statistics

from tests.bench import load
from tests.bench.bench_receive import bare, listening, requests


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with bare() as handler, listening("-f", str(handler[0])) as listen:
        for connections in (1, 32):
            results: dict[str, list[load.Result]] = {"direct": [], "forwarded": []}
            for number in range(given.rounds):
                for name, (port, path) in {"direct": handler, "forwarded": listen}.items():
                    sent = requests(path, given.requests, connections * 1000 + number)
                    results[name].append(load.run(port, sent, connections=connections))
            medians = {n: statistics.median(r.median for r in each) for n, each in results.items()}
            rates = {n: statistics.median(r.rate for r in each) for n, each in results.items()}
            added, ratio = (
                medians["forwarded"] - medians["direct"],
                rates["forwarded"] / rates["direct"],
            )
            print(
                f"{connections:>2} connections"
                f"  median +{added:.2f} ms over {medians['direct']:.2f} ms"
                f"  rate ratio {ratio:.2f} ({rates['forwarded']:.0f}/s of {rates['direct']:.0f}/s)"
            )


if __name__ == "__main__":
    main()
