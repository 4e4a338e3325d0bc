"""hftbacktest on the same rows, with the same market maker: run by the peers' interpreter.

Usage: _peer_replay.py ROWS.npy maker|best|nothing l2|l3 jit|plain LOWEST HIGHEST TIMES
"""

import json
import sys
from typing import Any

import numpy as np
from _report import measure, per_second
from hftbacktest import GTX, LIMIT, BacktestAsset, ROIVectorMarketDepthBacktest, __version__
from numba import njit

STEP = 100_000_000


def nothing(market: Any, wait: int) -> int:
    """Wake up every 100 ms."""
    count = 0
    market.elapse(wait)
    while market.elapse(STEP) == 0:
        count += 1
    return count


def best(market: Any, _: int) -> int:
    """Read the best prices at every packet."""
    count, total = 0, 0.0
    while market.wait_next_feed(True, 10_000_000_000) != 1:
        depth = market.depth(0)
        total += depth.best_bid + depth.best_ask
        count += 1
    return count


def maker(market: Any, wait: int) -> int:
    """Cancel all and quote both sides at the best prices, skewed by the position."""
    order_id = 1
    market.elapse(wait)
    while market.elapse(STEP) == 0:
        market.clear_inactive_orders(0)
        depth = market.depth(0)
        if not (depth.best_bid > 0 and depth.best_ask < 1e9):
            continue
        orders = market.orders(0).values()
        while orders.has_next():
            order = orders.get()
            if order.cancellable:
                market.cancel(0, order.order_id, False)
        lots = round(market.position(0) / 0.001)
        skew = float((lots * 2) // 1000)
        if lots < 5000:
            price = depth.best_bid - depth.tick_size * max(skew, 0.0)
            market.submit_buy_order(0, order_id, price, 0.1, GTX, LIMIT, False)
            order_id += 1
        if lots > -5000:
            price = depth.best_ask + depth.tick_size * max(-skew, 0.0)
            market.submit_sell_order(0, order_id, price, 0.1, GTX, LIMIT, False)
            order_id += 1
    return order_id - 1


def main() -> None:
    """Time one case and print it as a line of JSON."""
    file, strategy, level, how, lowest, highest, times = sys.argv[1:]
    rows = np.load(file)
    source = {"nothing": nothing, "best": best, "maker": maker}[strategy]
    run = njit(source) if how == "jit" else source
    # We count from the first packet received, hftbacktest from the first event at the venue.
    wait = int(rows["local_ts"][0] - rows["exch_ts"][0])

    def market() -> Any:
        asset = BacktestAsset().data([rows]).linear_asset(1.0)
        asset = asset.constant_order_latency(10_000_000, 10_000_000)
        asset = asset.trading_value_fee_model(-0.00005, 0.0007).tick_size(0.1).lot_size(0.001)
        asset = asset.last_trades_capacity(0).no_partial_fill_exchange()
        asset = asset.l3_fifo_queue_model() if level == "l3" else asset.power_prob_queue_model(3.0)
        asset = asset.roi_lb(float(lowest)).roi_ub(float(highest))
        return ROIVectorMarketDepthBacktest([asset])

    markets = [market() for _ in range(int(times) + 1)]
    left = iter(markets)
    timed = measure(lambda: run(next(left), wait), int(times))
    values = markets[-1].state_values(0)
    found = {"fills": int(values.num_trades), "gross_qty": float(values.trading_volume)}
    print(json.dumps({**per_second(timed, len(rows)), **found, "version": __version__}))


if __name__ == "__main__":
    main()
