"""Deploy to first answer, and one-row requests on 8 connections."""

from __future__ import annotations

import statistics

from tests.benchmarks.peers.measure import say
from tests.benchmarks.serving import WAITED_S, first_answer, online

OURS = {"who": "mlops_nb", "package": "mlops_nb"}
TIMES = 3


def main() -> None:
    waiting = statistics.median(first_answer(True) for _ in range(TIMES))
    cold = statistics.median(first_answer(False) for _ in range(TIMES))
    say("deploy", waiting, note=f"{WAITED_S:g} s after %register; {cold:.1f} s with no process waiting", **OURS)
    found, named = online(1), online(1, named=True)
    broken = f"{found['refused']:,} requests refused" if found["refused"] else ""
    say("predict", found["per_s"], note=f"one tensor; {named['per_s']:,.0f}/s by column names", broken=broken, **OURS)
    say("predict_p99", found["p99"], note=f"{1000 * named['p99']:.3g} ms by column names", broken=broken, **OURS)


if __name__ == "__main__":
    main()
