"""The Sharpe ratio and how far it can be believed."""

import math
from statistics import NormalDist

from hftsim.analytics.distribution import autocorrelations, shape
from hftsim.analytics.sample import Sample, spread_of
from hftsim.analytics.undefined import Figure, FloatArray, Undefined, all_undefined, divide, scale
from hftsim.core.errors import InputError

SHARPE = (
    "sharpe_ratio",
    "sharpe_daily",
    "sharpe_standard_error",
    "sharpe_autocorr_adjusted",
    "probabilistic_sharpe_ratio",
    "deflated_sharpe_ratio",
    "min_track_record_bars",
)
FEWEST_DAYS = 20
EULER = 0.5772156649015329
NORMAL = NormalDist()


def sharpe_per_bar(returns: FloatArray, target: float) -> Figure:
    """Return mean over standard deviation (n - 1) of the returns above `target`, not annualised."""
    excess = returns - target
    return divide(
        float(excess.mean()) if len(excess) else 0.0, spread_of(excess), "the returns do not vary"
    )


def sharpe_variance(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Return ``1 - g3 SR + (g4 - 1) / 4 SR^2`` (Mertens 2002); `kurtosis` is excess, SR per bar."""
    return 1.0 - skewness * sharpe + (kurtosis + 2.0) / 4.0 * sharpe * sharpe


def probabilistic_sharpe(
    sharpe: float, observations: int, skewness: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """Return the probability that the true Sharpe ratio is above `benchmark`.

    Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1) / 4 SR^2)), Bailey and Lopez de Prado,
    "The Sharpe ratio efficient frontier", Journal of Risk 15(2), 2012.

    Parameters
    ----------
    sharpe, benchmark : Sharpe ratios of one bar, NOT annualised.
    observations : number of returns T.
    skewness, kurtosis : of the returns; kurtosis is excess (0 for the normal distribution).

    Raises
    ------
    InputError
        Fewer than two observations, or moments that no distribution has.
    """
    variance = sharpe_variance(sharpe, skewness, kurtosis)
    if observations < 2 or not variance > 0.0:
        raise InputError(
            "a probabilistic Sharpe ratio needs two observations and moments that can belong "
            f"together, not {observations} with skewness {skewness:g} and kurtosis {kurtosis:g}"
        )
    return NORMAL.cdf((sharpe - benchmark) * math.sqrt((observations - 1) / variance))


def expected_best_sharpe(trials: int, spread: float) -> float:
    """Return the Sharpe ratio expected of the best of `trials` without skill.

    spread ((1 - g) Phi^-1(1 - 1 / N) + g Phi^-1(1 - 1 / (N e))), g = 0.5772, Bailey and Lopez de
    Prado, "The deflated Sharpe ratio", Journal of Portfolio Management 40(5), 2014. Zero for one
    trial.

    Parameters
    ----------
    trials : number of INDEPENDENT trials N.
    spread : standard deviation of the trials' Sharpe ratios, per bar.

    Raises
    ------
    InputError
        Fewer than one trial.
    """
    if trials < 1:
        raise InputError(f"trials must be at least 1, not {trials}")
    if trials == 1:
        return 0.0
    best = (1.0 - EULER) * NORMAL.inv_cdf(1.0 - 1.0 / trials)
    return spread * (best + EULER * NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e)))


def sharpe_figures(sample: Sample, trials: int) -> dict[str, Figure]:
    """Return the Sharpe ratio, its daily twin, its error and its probabilities."""
    benchmark = expected_best_sharpe(trials, 1.0)
    if isinstance(sample.returns, Undefined):
        return all_undefined(SHARPE, sample.returns)
    per_bar = sharpe_per_bar(sample.returns, sample.target)
    if isinstance(per_bar, Undefined):
        return all_undefined(SHARPE, per_bar) | {"sharpe_daily": _daily(sample)}
    root = sample.annual if isinstance(sample.annual, Undefined) else math.sqrt(sample.annual)
    return {
        "sharpe_ratio": scale(per_bar, root),
        "sharpe_daily": _daily(sample),
        "sharpe_autocorr_adjusted": scale(scale(per_bar, root), _memory(sample)),
        **_belief(sample.returns, per_bar, root, benchmark),
    }


def _belief(
    returns: FloatArray, per_bar: float, root: Figure, best_of_trials: float
) -> dict[str, Figure]:
    """Return standard error, probabilistic and deflated Sharpe ratio, minimum track record."""
    skewness, kurtosis = shape(returns)
    names = SHARPE[2:3] + SHARPE[4:]
    if isinstance(skewness, Undefined):
        return all_undefined(names, skewness)
    if isinstance(kurtosis, Undefined):
        return all_undefined(names, kurtosis)
    count = len(returns)
    variance = sharpe_variance(per_bar, skewness, kurtosis)
    if variance <= 1e-9:
        why = Undefined("the returns' moments leave the Sharpe ratio no error (two values only)")
        return all_undefined(names, why)
    error = math.sqrt(variance / (count - 1))
    # Without the trials' own Sharpe ratios their spread is that of trials without skill.
    hurdle = best_of_trials / math.sqrt(count - 1)
    needed: Figure = Undefined("the Sharpe ratio is not above zero: no record is long enough")
    if per_bar > 0.0:
        needed = math.ceil(1.0 + variance * (NORMAL.inv_cdf(0.95) / per_bar) ** 2)
    return {
        "sharpe_standard_error": scale(error, root),
        "probabilistic_sharpe_ratio": probabilistic_sharpe(per_bar, count, skewness, kurtosis),
        "deflated_sharpe_ratio": probabilistic_sharpe(per_bar, count, skewness, kurtosis, hurdle),
        "min_track_record_bars": needed,
    }


def _daily(sample: Sample) -> Figure:
    daily = sample.daily_returns()
    if isinstance(daily, Undefined):
        return daily
    if isinstance(sample.clock, Undefined):
        return sample.clock
    if len(daily) < FEWEST_DAYS:
        return Undefined(f"{FEWEST_DAYS} daily returns are needed, there are {len(daily)}")
    days = sample.clock.days_per_year
    target = 0.0
    if sample.target != 0.0 and not isinstance(sample.annual, Undefined):
        target = math.expm1(math.log1p(sample.target) * sample.annual / days)
    return scale(sharpe_per_bar(daily, target), math.sqrt(days))


def _memory(sample: Sample) -> Figure:
    """Return the factor that autocorrelation puts on the annualised Sharpe ratio (Lo 2002).

    ``sqrt(q) / sqrt(q + 2 sum (q - k) rho_k)`` over lags k below the q bars of a year; lags beyond
    the Newey-West rule ``4 (n / 100)^(2/9)`` are taken as zero because they cannot be estimated.
    """
    if isinstance(sample.returns, Undefined):
        return sample.returns
    if isinstance(sample.annual, Undefined):
        return sample.annual
    count = len(sample.returns)
    horizon = sample.annual
    lags = min(int(4.0 * (count / 100.0) ** (2.0 / 9.0)), count - 2, math.ceil(horizon) - 1)
    if lags < 1:
        return Undefined("there are too few returns (or bars a year) for an autocorrelation")
    found = autocorrelations(sample.returns, lags)
    if isinstance(found, Undefined):
        return found
    total = 1.0 + 2.0 * sum((1.0 - k / horizon) * float(r) for k, r in enumerate(found, start=1))
    if total <= 0.0:
        return Undefined("the autocorrelations cancel the variance of a year")
    return 1.0 / math.sqrt(total)
