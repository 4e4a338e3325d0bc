"""Loops over bars, in the part of Python that compiles; `compiled.run` runs them as machine code.

All are causal: row i of an output is made of rows 0..i, in the same order of operations however
many rows follow, so a longer series never changes an earlier row by a bit. `start` is the first
row of `x` that is defined. Inputs are contiguous float64 arrays; outputs are preallocated by the
caller and written whole, NaN before the first full window.

Sliding sums and moments are worked out afresh every REFRESH rows, and whenever what is left in
the window is smaller than LOSS of what passed through it, so that neither drift nor a spike that
left the window stays in the result. A window of equal values has a deviation of exactly 0.
Moments are taken about a recent value (`origin`), so that a price level costs no digits.
"""

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

REFRESH = 256
LOSS = 1e-6
FLAT_VARIANCE = 1e-20


def rolling_sum(x: FloatArray, start: int, window: int, out: FloatArray) -> None:
    """Sum of the last `window` values."""
    n = x.shape[0]
    first = start + window - 1
    for i in range(min(first, n)):
        out[i] = np.nan
    total = 0.0
    largest = 0.0
    for i in range(first, n):
        fresh = (i - first) % REFRESH == 0
        if not fresh:
            total += x[i] - x[i - window]
            largest = max(largest, abs(x[i]))
            fresh = abs(total) < LOSS * largest
        if fresh:
            total = 0.0
            largest = 0.0
            for k in range(i - window + 1, i + 1):
                total += x[k]
                largest = max(largest, abs(x[k]))
        out[i] = total


def rolling_mean_std(
    x: FloatArray, start: int, window: int, ddof: int, mean: FloatArray, std: FloatArray
) -> None:
    """Mean and standard deviation of the last `window` values (sliding Welford update)."""
    n = x.shape[0]
    first = start + window - 1
    for i in range(min(first, n)):
        mean[i] = np.nan
        std[i] = np.nan
    origin = 0.0
    average = 0.0
    squares = 0.0
    largest = 0.0
    equal = 0
    for i in range(start, n):
        equal = equal + 1 if i > start and x[i] == x[i - 1] else 1
        if i < first:
            continue
        if equal >= window:
            origin = x[i]
            average = 0.0
            squares = 0.0
            largest = 0.0
        else:
            fresh = (i - first) % REFRESH == 0
            if not fresh:
                old = x[i - window] - origin
                new = x[i] - origin
                before = average
                average += (new - old) / window
                squares += (new - old) * (new - average + old - before)
                largest = max(largest, squares)
                fresh = squares <= LOSS * largest
            if fresh:
                origin = x[i]
                average = 0.0
                for k in range(i - window + 1, i + 1):
                    average += x[k] - origin
                average /= window
                squares = 0.0
                for k in range(i - window + 1, i + 1):
                    away = x[k] - origin - average
                    squares += away * away
                largest = squares
        mean[i] = origin + average
        std[i] = math.sqrt(squares / (window - ddof))


def log_ratio(above: FloatArray, below: FloatArray, out: FloatArray) -> None:
    """ln(above / below), accurate where the two are close."""
    for i in range(above.shape[0]):
        quotient = above[i] / below[i]
        if 0.5 < quotient < 2.0:
            out[i] = math.log1p((above[i] - below[i]) / below[i])
        else:
            out[i] = math.log(quotient)


def rsi_balance(x: FloatArray, period: int, floor: float, out: FloatArray) -> None:
    """(gains - losses) / (gains + losses), Wilder-smoothed: RSI / 50 - 1; 0 without movement."""
    n = x.shape[0]
    gain = 0.0
    loss = 0.0
    for i in range(n):
        change = x[i] - x[i - 1] if i > 0 else 0.0
        up = max(change, 0.0)
        down = max(-change, 0.0)
        if i <= period:
            gain += up / period
            loss += down / period
        else:
            gain = (gain * (period - 1) + up) / period
            loss = (loss * (period - 1) + down) / period
        if i < period:
            out[i] = np.nan
        elif gain + loss > floor * x[i]:
            out[i] = (gain - loss) / (gain + loss)
        else:
            out[i] = 0.0


def rolling_trend(x: FloatArray, window: int, slope: FloatArray, fit: FloatArray) -> None:
    """Least-squares slope per row over the last `window` values, and its R squared."""
    n = x.shape[0]
    middle = 0.5 * (window - 1)
    spread = window * (window * window - 1.0) / 12.0
    for i in range(min(window - 1, n)):
        slope[i] = np.nan
        fit[i] = np.nan
    for i in range(window - 1, n):
        sum_y = 0.0
        sum_ty = 0.0
        sum_yy = 0.0
        for k in range(window):
            y = x[i - window + 1 + k] - x[i]
            sum_y += y
            sum_ty += (k - middle) * y
            sum_yy += y * y
        slope[i] = sum_ty / spread
        total = sum_yy - sum_y * sum_y / window
        fit[i] = slope[i] * sum_ty / total if total > FLAT_VARIANCE * window else 0.0


def rolling_shape(
    x: FloatArray,
    start: int,
    window: int,
    skew: FloatArray,
    kurt: FloatArray,
    autocov: FloatArray,
    autocorr: FloatArray,
) -> None:
    """Skewness, excess kurtosis, lag-one autocovariance and autocorrelation (population)."""
    n = x.shape[0]
    first = start + window - 1
    for i in range(min(first, n)):
        skew[i] = np.nan
        kurt[i] = np.nan
        autocov[i] = np.nan
        autocorr[i] = np.nan
    for i in range(first, n):
        mean = 0.0
        for k in range(i - window + 1, i + 1):
            mean += x[k]
        mean /= window
        m2 = 0.0
        m3 = 0.0
        m4 = 0.0
        cross = 0.0
        previous = 0.0
        for k in range(i - window + 1, i + 1):
            d = x[k] - mean
            square = d * d
            m2 += square
            m3 += square * d
            m4 += square * square
            cross += d * previous
            previous = d
        variance = m2 / window
        autocov[i] = cross / window
        if variance > FLAT_VARIANCE:
            skew[i] = m3 / window / (variance * math.sqrt(variance))
            kurt[i] = m4 / window / (variance * variance) - 3.0
            autocorr[i] = cross / m2
        else:
            skew[i] = 0.0
            kurt[i] = 0.0
            autocorr[i] = 0.0


def rolling_beta(
    x: FloatArray, y: FloatArray, start: int, window: int, slope: FloatArray, corr: FloatArray
) -> None:
    """Least-squares slope of y on x over the last `window` rows, and their correlation."""
    n = x.shape[0]
    first = start + window - 1
    for i in range(min(first, n)):
        slope[i] = np.nan
        corr[i] = np.nan
    for i in range(first, n):
        mean_x = 0.0
        mean_y = 0.0
        for k in range(i - window + 1, i + 1):
            mean_x += x[k]
            mean_y += y[k]
        mean_x /= window
        mean_y /= window
        sxx = 0.0
        syy = 0.0
        sxy = 0.0
        for k in range(i - window + 1, i + 1):
            dx = x[k] - mean_x
            dy = y[k] - mean_y
            sxx += dx * dx
            syy += dy * dy
            sxy += dx * dy
        moves = sxx > FLAT_VARIANCE * window
        slope[i] = sxy / sxx if moves else 0.0
        corr[i] = sxy / math.sqrt(sxx * syy) if moves and syy > FLAT_VARIANCE * window else 0.0


def streak(x: FloatArray, cap: int, out: FloatArray) -> None:
    """Length of the current run of rises (positive) or falls (negative), at most `cap`, / cap."""
    run = 0
    out[0] = 0.0
    for i in range(1, x.shape[0]):
        if x[i] > x[i - 1]:
            run = min(run, cap - 1) + 1 if run > 0 else 1
        elif x[i] < x[i - 1]:
            run = max(run, 1 - cap) - 1 if run < 0 else -1
        else:
            run = 0
        out[i] = run / cap


def normal_balance(z: FloatArray, out: FloatArray) -> None:
    """2 * Phi(z) - 1, Phi the normal distribution: share bought less share sold."""
    for i in range(z.shape[0]):
        out[i] = math.erf(z[i] / math.sqrt(2.0))


def vpin(
    volume: FloatArray,
    balance: FloatArray,
    bucket_volume: FloatArray,
    start: int,
    buckets: int,
    out: FloatArray,
) -> None:
    """Mean imbalance of the last `buckets` full volume buckets.

    A bucket takes the volume `bucket_volume` of the row in which it opens; a bar is divided among
    as many buckets as it fills. While fewer are full, those that are; 0 before the first.
    """
    n = volume.shape[0]
    imbalances = np.zeros(buckets)
    volumes = np.zeros(buckets)
    full = 0
    size = 0.0
    filled = 0.0
    imbalance = 0.0
    value = 0.0
    for i in range(min(start, n)):
        out[i] = np.nan
    for i in range(start, n):
        left = volume[i]
        before = full
        while left > 0.0:
            if size == 0.0:
                size = bucket_volume[i]
                if not size > 0.0:
                    size = 0.0
                    break
            part = min(left, size - filled)
            imbalance += part * balance[i]
            filled += part
            left -= part
            if filled >= size:
                imbalances[full % buckets] = abs(imbalance)
                volumes[full % buckets] = size
                full += 1
                size = 0.0
                filled = 0.0
                imbalance = 0.0
        if full > before:
            above = 0.0
            below = 0.0
            for k in range(min(full, buckets)):
                above += imbalances[k]
                below += volumes[k]
            value = above / below
        out[i] = value


def corwin_schultz(high: FloatArray, low: FloatArray, close: FloatArray, out: FloatArray) -> None:
    """Spread estimate from two bars, as a fraction of the price, adjusted for gaps; at least 0."""
    root = 3.0 - 2.0 * math.sqrt(2.0)
    out[0] = np.nan
    for i in range(1, high.shape[0]):
        shift = 0.0
        if close[i - 1] < low[i]:
            shift = close[i - 1] - low[i]
        elif close[i - 1] > high[i]:
            shift = close[i - 1] - high[i]
        top = high[i] + shift
        bottom = low[i] + shift
        one = math.log(high[i - 1] / low[i - 1])
        two = math.log(top / bottom)
        both = math.log(max(high[i - 1], top) / min(low[i - 1], bottom))
        beta = one * one + two * two
        alpha = (math.sqrt(2.0 * beta) - math.sqrt(beta)) / root - math.sqrt(both * both / root)
        out[i] = max(2.0 * math.tanh(0.5 * alpha), 0.0)


def cycle(phase: FloatArray, sine: FloatArray, cosine: FloatArray) -> None:
    """Sine and cosine of a phase counted in turns."""
    for i in range(phase.shape[0]):
        sine[i] = math.sin(2.0 * math.pi * phase[i])
        cosine[i] = math.cos(2.0 * math.pi * phase[i])
