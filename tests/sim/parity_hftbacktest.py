"""The maker of test_ticks_hftbacktest in hftbacktest: `python parity_hftbacktest.py FEED.npy l2|l3`.

Runs in an interpreter that has hftbacktest, and prints as one JSON object what was filled, and the
times and positions (lots) at which the maker looked.
"""

import json
import sys

import numpy as np
from hftbacktest import GTX, LIMIT, BacktestAsset, HashMapMarketDepthBacktest
from numba import njit


@njit
def make(hbt, wait, end, seen):
    """Wait, then quote both sides; it stops at `end`: `elapse` goes on while orders travel."""
    number, tick, count = 1, hbt.depth(0).tick_size, 0
    hbt.elapse(wait)
    while hbt.elapse(100_000_000) == 0 and hbt.current_timestamp < end:
        hbt.clear_inactive_orders(0)
        seen[count, 0], seen[count, 1] = hbt.current_timestamp, round(hbt.position(0) / 0.001)
        count += 1
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
    return count


def main() -> None:
    rows = np.load(sys.argv[1])
    begin, end = rows["local_ts"][0], rows["local_ts"][-1]
    asset = (
        BacktestAsset()
        .data([rows])
        .linear_asset(1.0)
        .constant_order_latency(10_000_000, 10_000_000)
        .no_partial_fill_exchange()
        .trading_value_fee_model(-0.00005, 0.0007)
        .tick_size(0.1)
        .lot_size(0.001)
    )
    is_by_order = sys.argv[2] == "l3"
    asset = asset.l3_fifo_queue_model() if is_by_order else asset.power_prob_queue_model(3.0)
    hbt = HashMapMarketDepthBacktest([asset])
    seen = np.zeros(((end - begin) // 100_000_000 + 1, 2), np.int64)
    count = make(hbt, begin - rows["exch_ts"][0], end, seen)
    state = hbt.state_values(0)
    told = {"fills": int(state.num_trades), "lots": round(state.trading_volume / 0.001)}
    print(json.dumps({**told, "seen": seen[:count].tolist()}))
    hbt.close()


if __name__ == "__main__":
    main()
