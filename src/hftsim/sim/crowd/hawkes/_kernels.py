"""Log-likelihood of a Hawkes process with exponential kernels, and its gradient, in one pass.

The sums over past events are carried along by a recursion (Y. Ogata, "The asymptotic behaviour of
maximum likelihood estimators for stationary point processes", 1978; T. Ozaki, "Maximum likelihood
estimation of Hawkes' self-exciting point processes", Ann. Inst. Statist. Math. 31, 1979): the work
grows with the number of events, not with its square.
"""

import math

from hftsim.native.records import array_at

_floats, _ints = array_at("f8"), array_at("i8")


def log_likelihood(times_at, marks_at, events, kinds, kernels, decays_at, values_at, out_at):
    """Write the log-likelihood and its gradient; a kernel of its own. Returns 1 where it is -inf.

    `times`: seconds from the start of the observation, the last number its end; `marks`: which
    component. `values` and the gradient: base (kinds), then excite (kernels, kinds, kinds).
    `out`: the log-likelihood, the gradient, then room for the recursion.
    """
    times, marks = _floats(times_at, events + 1), _ints(marks_at, events)
    size = kinds + kernels * kinds * kinds
    decays, values = _floats(decays_at, kernels), _floats(values_at, size)
    out = _floats(out_at, 1 + size + kernels * kinds)
    past = 1 + size
    for k in range(1 + size + kernels * kinds):
        out[k] = 0.0
    end, before = times[events], 0.0
    for n in range(events):
        time, mark = times[n], marks[n]
        rate = values[mark]
        for k in range(kernels):
            fade = math.exp(-decays[k] * (time - before))
            row = kinds + (k * kinds + mark) * kinds
            for cause in range(kinds):
                out[past + k * kinds + cause] *= fade
                rate += values[row + cause] * decays[k] * out[past + k * kinds + cause]
        before = time
        if not rate > 0.0:
            return 1
        out[0] += math.log(rate)
        out[1 + mark] += 1.0 / rate
        for k in range(kernels):
            row = kinds + (k * kinds + mark) * kinds
            for cause in range(kinds):
                out[1 + row + cause] += decays[k] * out[past + k * kinds + cause] / rate
            rest = 1.0 - math.exp(-decays[k] * (end - time))
            for effect in range(kinds):
                number = kinds + (k * kinds + effect) * kinds + mark
                out[0] -= values[number] * rest
                out[1 + number] -= rest
            out[past + k * kinds + mark] += 1.0
    for mark in range(kinds):
        out[0] -= values[mark] * end
        out[1 + mark] -= end
    return 0
