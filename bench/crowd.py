"""Order messages per second of simulated crowds, each through the matching engine, on one core.

No peer: no package that we know of simulates agents over a compiled matching engine. Counted are the
messages to the engine (new orders and cancels); drawing, deciding, matching, reading reports and
writing rows by order are all in the time.
"""

from typing import Any

from _report import measure, per_second, tell, versions

from hftsim.sim.crowd import Crowd, named_crowd

ROWS = 1_000_000
MIXTURES = (("hawkes", "all"), ("poisson", "all"), ("queue-reactive", "all"), ("hawkes", "none"))


def main() -> None:
    """Time every mixture and print them; the headline is the Hawkes flow with all agents."""
    cases: dict[str, Any] = {}
    for flow, agents in MIXTURES:
        crowd = Crowd(named_crowd(flow, agents), seed=1)
        crowd.columns(1_000)
        made: list[int] = []

        def work(crowd: Crowd = crowd, made: list[int] = made) -> None:
            before = crowd.counts["messages"]
            for _ in crowd.blocks(ROWS):
                pass
            made.append(crowd.counts["messages"] - before)

        timed = measure(work, 3)
        cases[f"{flow}, agents {agents}"] = per_second(timed, min(made))
    headline = cases["hawkes, agents all"]
    tell(
        name="crowd",
        ours=headline["per_cpu_s"],
        unit="messages/s",
        peer=None,
        peer_name=None,
        ratio=None,
        workload=f"{ROWS:,} rows by order of a crowd: Hawkes flow and 75 agents of five kinds",
        cases=cases,
        versions=versions("numba"),
    )


if __name__ == "__main__":
    main()
