"""Price features: returns, and where the close stands among recent prices."""

from functools import partial

from hftsim.features.feature import Feature, lagged, ratio

_price = partial(Feature, family="price")


def _log_return(rows: int) -> Feature:
    return _price(
        name=f"log_return_{rows}",
        formula=f"ln(close / close[t-{rows}])",
        inputs=("close",),
        warmup=rows,
        compute=lambda b: b.log_return(rows),
    )


def _to_sma(window: int) -> Feature:
    return _price(
        name=f"close_to_sma_{window}",
        formula=f"close / mean(close, {window}) - 1",
        inputs=("close",),
        warmup=window - 1,
        compute=lambda b: b.change_to(b.mean("close", window)),
    )


def _to_ema(span: int) -> Feature:
    return _price(
        name=f"close_to_ema_{span}",
        formula=f"close / ema(close, {span}) - 1",
        inputs=("close",),
        warmup=span - 1,
        from_start=True,
        compute=lambda b: b.change_to(b.ema("close", span)),
    )


def _close_z(window: int) -> Feature:
    return _price(
        name=f"close_z_{window}",
        formula=f"(close - mean(close, {window})) / std(close, {window}); 0 without movement",
        inputs=("close",),
        warmup=window - 1,
        compute=lambda b: b.z_score("close", window, floor=b.series("movement")),
    )


PRICE = (
    *(_log_return(rows) for rows in (1, 2, 3, 5, 10, 20, 50)),
    _price(
        name="return_acceleration_5",
        formula="ln(close / close[t-5]) - ln(close[t-5] / close[t-10])",
        inputs=("close",),
        warmup=10,
        compute=lambda b: b.log_return(5) - lagged(b.log_return(5), 5),
    ),
    _price(
        name="open_gap",
        formula="ln(open / close[t-1])",
        inputs=("open", "close"),
        warmup=1,
        compute=lambda b: b.series("open_gap"),
    ),
    *(_to_sma(window) for window in (5, 10, 20, 50)),
    *(_to_ema(span) for span in (12, 26)),
    *(_close_z(window) for window in (20, 50)),
    _price(
        name="close_to_high_50",
        formula="close / highest(high, 50) - 1",
        inputs=("high", "close"),
        warmup=49,
        compute=lambda b: b.change_to(b.highest("high", 50)),
    ),
    _price(
        name="close_to_low_50",
        formula="close / lowest(low, 50) - 1",
        inputs=("low", "close"),
        warmup=49,
        compute=lambda b: b.change_to(b.lowest("low", 50)),
    ),
    _price(
        name="typical_to_close",
        formula="(high + low + close) / 3 / close - 1",
        inputs=("high", "low", "close"),
        warmup=0,
        compute=lambda b: ratio(b.series("typical"), b.series("close")) - 1.0,
    ),
)
