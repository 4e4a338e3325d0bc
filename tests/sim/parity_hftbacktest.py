"""The maker of test_ticks_hftbacktest in hftbacktest: `python parity_hftbacktest.py FEED.npy`.

Runs in an interpreter that has hftbacktest, and prints fills and filled lots as one JSON object.
"""

import json
import sys

import numpy as np
from hftbacktest import GTX, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from numba import njit


@njit
def make(hbt, end):
    """Quote both sides; it stops at `end` itself, for `elapse` does not while orders travel."""
    number, tick = 1, hbt.depth(0).tick_size
    while hbt.elapse(100_000_000) == 0 and hbt.current_timestamp < end:
        hbt.clear_inactive_orders(0)
        depth = hbt.depth(0)
        if depth.best_bid_qty <= 0 or depth.best_ask_qty <= 0:
            continue
        orders = hbt.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.cancellable:
                hbt.cancel(0, order.order_id, False)
        position = hbt.position(0)
        if position < 0.4999:
            hbt.submit_buy_order(0, number, depth.best_bid_tick * tick, 0.01, GTX, LIMIT, False)
            number += 1
        if position > -0.4999:
            hbt.submit_sell_order(0, number, depth.best_ask_tick * tick, 0.01, GTX, LIMIT, False)
            number += 1


def main() -> None:
    rows = np.load(sys.argv[1])
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(10_000_000, 10_000_000)
        .power_prob_queue_model(3.0)
        .no_partial_fill_exchange()
        .trading_value_fee_model(-0.00005, 0.0007)
        .tick_size(0.1)
        .lot_size(0.001)
    )
    hbt = HashMapMarketDepthBacktest([asset])
    make(hbt, rows["local_ts"][-1])
    state = hbt.state_values(0)
    print(json.dumps({"fills": int(state.num_trades), "lots": round(state.trading_volume / 0.001)}))
    hbt.close()


if __name__ == "__main__":
    main()
