"""Where an own order is assumed to stand, in plain Python from docs/models/fills.md."""

import math

from tick_words import Resting

from hftsim.sim.queue import QueueModel


def level_changed(order: Resting, model: QueueModel, was: int, now: int) -> None:
    """Move an order in its queue after its level went from `was` to `now` recorded lots."""
    traded, order.traded = order.traded, 0.0
    if model.name == "risk-adverse":
        order.front = min(order.front, float(now))
        return
    left = float(was) - float(now) - traded
    if left < 0:
        order.front = min(order.front, float(now))
        return
    front = max(order.front, 0.0)
    back = max(float(was) - front, 0.0)
    behind = share_behind(model, front, back)
    moved = front - (1.0 - behind) * left + min(back - behind * left, 0.0)
    order.front = min(moved, float(now))


def share_behind(model: QueueModel, front: float, back: float) -> float:
    n = model.n
    if model.name == "power":
        part, whole = raised(back, n), raised(back, n) + raised(front, n)
    elif model.name == "power2":
        part, whole = raised(back, n), raised(back + front, n)
    elif model.name == "power3":
        return 1.0 - raised(front / (front + back), n) if front + back > 0.0 else 1.0
    elif model.name == "log":
        part, whole = math.log1p(back), math.log1p(back) + math.log1p(front)
    else:
        part, whole = math.log1p(back), math.log1p(back + front)
    return part / whole if whole > 0.0 else 1.0


def raised(x: float, n: float) -> float:
    """Return x to the power n; n of 1, 2 or 3 multiplies, so that the last bit is the same."""
    return math.prod([x] * int(n)) if n in (1.0, 2.0, 3.0) else x**n
