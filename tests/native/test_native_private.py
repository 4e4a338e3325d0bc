"""What a fill will be worth later is not told to the strategy that it is reported to."""

import numpy as np
import pytest

from hftsim.core.errors import NativeError
from hftsim.native.compile import strategy_slot
from hftsim.native.context import FillView
from hftsim.native.events import HANDLERS
from hftsim.native.layout import FILL
from hftsim.strategies import Strategy


class Peeks(Strategy):
    seen: float = 0.0

    def on_wake(self, ctx):
        self.seen += 0.0

    def on_fill(self, ctx, fill):
        self.seen = fill.markout_1s


@pytest.mark.parametrize("name", ["markout_100ms", "markout_1s", "markout_10s"])
def test_a_fill_does_not_tell_its_markouts_in_python(name):
    fill = FillView(np.zeros(1, FILL))
    assert fill.queue_entry == 0.0
    with pytest.raises(AttributeError, match=name):
        getattr(fill, name)


def test_nor_in_compiled_code():
    handlers = {name: HANDLERS[name] for name in ("on_wake", "on_fill")}
    with pytest.raises(NativeError, match="fill has no attribute 'markout_1s'"):
        strategy_slot(Peeks, Strategy, (), handlers)
