"""How far an order stands back in its queue, from data by price: estimates, never exact.

The probability models split a decrease that no trade explains between the lots ahead and behind:
the formulas and names are those of hftbacktest (its documentation, "Probability Queue Position
Models"), so that results can be compared.
"""

import math

from hftsim.native.records import compiled, inline

RISK_ADVERSE, POWER, POWER_2, POWER_3, LOG, LOG_2 = range(6)
"""risk-adverse: only trades move an order up; power, power2, power3 with an exponent n: f(x) = x^n;
log, log2: f(x) = ln(1 + x)."""


@inline
def raised(x, power):
    """Return x to a power; the usual small ones by multiplying, ten times as fast."""
    if power == 3.0:
        return x * x * x
    if power == 2.0:
        return x * x
    return x if power == 1.0 else x**power


@compiled
def share_behind(model, power, front, back):
    """Return the probability that a cancelled lot stood behind the order."""
    if model == POWER_3:
        return 1.0 - raised(front / (front + back), power) if front + back > 0.0 else 1.0
    if model in (POWER, POWER_2):
        a, b = raised(front, power), raised(back, power)
        whole = b + a if model == POWER else raised(back + front, power)
    else:
        a, b = math.log1p(front), math.log1p(back)
        whole = b + a if model == LOG else math.log1p(back + front)
    return b / whole if whole > 0.0 else 1.0


@compiled
def front_after(model, power, front, previous, now, traded):
    """Return the lots ahead after a level went from `previous` to `now` lots.

    `traded` lots of the decrease are trades, which have moved the order up already.
    """
    if model == RISK_ADVERSE:
        return min(front, now)
    change = previous - now - traded
    if change < 0.0:
        return min(front, now)
    front = max(front, 0.0)
    back = max(previous - front, 0.0)
    behind = share_behind(model, power, front, back)
    return min(front - (1.0 - behind) * change + min(back - behind * change, 0.0), now)
