"""Splits against a brute-force search for overlaps."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftsim.core.errors import ConfigError, ModelError
from hftsim.labels import PurgedKFold, purged_split, walk_forward_splits


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    steps = draw(st.lists(st.integers(0, 5), min_size=12, max_size=60))
    lengths = draw(st.lists(st.integers(0, 9), min_size=len(steps), max_size=len(steps)))
    starts = np.cumsum(steps)
    return starts, starts + np.array(lengths)


def overlaps(a: tuple[int, int], b: tuple[int, int]) -> bool:
    """Whether two closed spans share a row, by looking at every row."""
    return bool(set(range(a[0], a[1] + 1)) & set(range(b[0], b[1] + 1)))


@given(samples(), st.integers(2, 5), st.integers(0, 8))
def test_purged_folds_share_no_row_and_drop_nothing_without_need(
    spans: tuple[np.ndarray, np.ndarray], n_splits: int, embargo: int
) -> None:
    starts, ends = spans
    splitter = PurgedKFold(n_splits, starts=starts, ends=ends, embargo=embargo)
    try:
        folds = list(splitter.split())
    except ModelError:
        return
    assert len(folds) == splitter.get_n_splits() == n_splits
    assert np.concatenate([fold.test for fold in folds]).tolist() == list(range(len(starts)))
    for train, test in folds:
        last = int(ends[test].max())
        whole = (int(starts[test].min()), last)
        for i in range(len(starts)):
            if i in set(test.tolist()):
                assert i not in train
                continue
            span = (int(starts[i]), int(ends[i]))
            forbidden = overlaps(span, whole) or last < span[0] <= last + embargo
            assert (i in set(train.tolist())) == (not forbidden)


@given(samples(), st.integers(0, 8), st.data())
def test_a_hold_out_trains_on_what_was_known_before_it(
    spans: tuple[np.ndarray, np.ndarray], embargo: int, data: st.DataObject
) -> None:
    starts, ends = spans
    row = data.draw(st.integers(0, int(ends.max())))
    train = [i for i in range(len(starts)) if ends[i] < row]
    test = [i for i in range(len(starts)) if starts[i] >= row + embargo]
    if train and test:
        fold = purged_split(starts, ends, split_row=row, embargo=embargo)
        assert fold.train.tolist() == train
        assert fold.test.tolist() == test
        assert not any(
            overlaps((starts[i], ends[i]), (starts[k], ends[k])) for i in train for k in test
        )
    else:
        with pytest.raises(ModelError, match="leaves no"):
            purged_split(starts, ends, split_row=row, embargo=embargo)


def test_walk_forward_by_hand() -> None:
    folds = walk_forward_splits(20, train=8, test=4, purge=2, embargo=1)
    assert [(f.train.tolist(), f.test.tolist()) for f in folds] == [
        ([0, 1, 2, 3, 4, 5], [9, 10, 11, 12]),
        ([4, 5, 6, 7, 8, 9], [13, 14, 15, 16]),
    ]
    expanding = walk_forward_splits(20, train=8, test=4, purge=2, embargo=1, expanding=True)
    assert expanding[1].train.tolist() == list(range(10))
    assert [f.test[0] for f in walk_forward_splits(20, train=8, test=4, step=2)] == [
        8,
        10,
        12,
        14,
        16,
    ]


@given(
    st.integers(1, 200),
    st.integers(1, 60),
    st.integers(1, 30),
    st.integers(1, 40),
    st.integers(0, 10),
    st.integers(0, 10),
    st.booleans(),
)
def test_walk_forward_folds_keep_order_and_distance(
    n: int, train: int, test: int, step: int, purge: int, embargo: int, expanding: bool
) -> None:
    if purge >= train or n < train + embargo + test:
        return
    folds = walk_forward_splits(
        n, train=train, test=test, step=step, purge=purge, embargo=embargo, expanding=expanding
    )
    for k, fold in enumerate(folds):
        assert len(fold.test) == test
        assert fold.test[-1] < n
        assert fold.test[0] - fold.train[-1] == 1 + purge + embargo
        assert len(fold.train) == (train + k * step if expanding else train) - purge
    assert train + len(folds) * step + embargo + test > n


def test_test_parts_join_up_by_default() -> None:
    folds = walk_forward_splits(103, train=30, test=10, purge=1)
    assert np.concatenate([f.test for f in folds]).tolist() == list(range(30, 100))


def test_wrong_use_is_refused() -> None:
    with pytest.raises(ModelError, match="35 are needed"):
        walk_forward_splits(34, train=20, test=10, embargo=5)
    with pytest.raises(ConfigError, match="step"):
        walk_forward_splits(34, train=20, test=10, step=0)
    with pytest.raises(ConfigError, match="purge 20 leaves nothing"):
        walk_forward_splits(34, train=20, test=10, purge=20)
    with pytest.raises(ConfigError, match="n_splits"):
        PurgedKFold(1, starts=[0, 1], ends=[1, 2])
    with pytest.raises(ModelError, match="2 samples cannot fill 3 blocks"):
        PurgedKFold(3, starts=[0, 1], ends=[1, 2])
    with pytest.raises(ConfigError, match="sample 1 ends at row -1"):
        PurgedKFold(2, starts=[0, 1], ends=[1, -1])
    with pytest.raises(ConfigError, match="one length"):
        PurgedKFold(2, starts=[0, 1, 2], ends=[1, 2])
    with pytest.raises(ConfigError, match="in order"):
        PurgedKFold(2, starts=[3, 1], ends=[4, 4])
    with pytest.raises(ModelError, match="nothing to train on"):
        list(PurgedKFold(2, starts=[0, 1, 2, 3], ends=[9, 9, 9, 9]).split())
    with pytest.raises(ConfigError, match="X has 3 samples"):
        list(PurgedKFold(2, starts=[0, 4], ends=[1, 5]).split(np.zeros(3)))
