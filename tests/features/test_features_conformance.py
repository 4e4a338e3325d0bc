"""One contract for all features, and features that break it."""

import dataclasses
import re
from collections.abc import Callable

import numpy as np
import pytest

from hftsim.core.errors import InputError
from hftsim.features import FEATURES, Feature, check_feature
from hftsim.features.feature import FloatArray, lagged
from hftsim.features.inputs import Inputs

GOOD = FEATURES["log_return_5"]


@pytest.mark.parametrize("name", list(FEATURES))
def test_every_feature_of_the_catalogue_keeps_the_contract(name: str) -> None:
    check_feature(FEATURES[name])


def sees_the_next_row(b: Inputs) -> FloatArray:
    return lagged(b.series("close"), 5) / np.roll(b.series("close"), -1)


def knows_the_whole_mean(b: Inputs) -> FloatArray:
    return b.log_return(5) / np.nanmean(np.abs(b.log_return(5)))


def is_in_price_units(b: Inputs) -> FloatArray:
    return b.series("close") - lagged(b.series("close"), 5)


def looks_back_further(b: Inputs) -> FloatArray:
    return b.ema("return", 5) / b.std("return", 5)


BROKEN: list[tuple[Callable[[Inputs], FloatArray], str]] = [
    (sees_the_next_row, "whatever rows follow"),
    (knows_the_whole_mean, "whatever rows follow"),
    (is_in_price_units, "another unit"),
    (looks_back_further, "needs no row before its look-back of 6"),
    (lambda b: b.log_return(6), "is defined after its warm-up of 5"),
    (lambda b: b.log_return(5).astype(np.float32), "is a float64 a row"),
    (lambda b: b.log_return(5)[1:], "is a float64 a row"),
]


@pytest.mark.parametrize(("compute", "rule"), BROKEN)
def test_a_broken_feature_is_told_which_rule(
    compute: Callable[[Inputs], FloatArray], rule: str
) -> None:
    broken: Feature = dataclasses.replace(GOOD, name="mine", compute=compute)
    with pytest.raises(InputError, match=f"'mine'.*{re.escape(rule)}"):
        check_feature(broken)
