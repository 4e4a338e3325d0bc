"""The compiled market behind `_ticks.synthetic`."""

import numpy as np
from numba import njit

MIDDLE, HALF = 600_000, 16_384
DEPTH, TRADE, ADD, DELETE, EXECUTE = 3, 5, 6, 8, 10


@njit(cache=True)
def market(rng, rows, by_order, out):
    """Fill the columns `out` with at most `rows` rows; returns how many."""
    width = 2 * HALF
    qtys, prices, sides = (
        np.zeros(rows + 1, np.int64),
        np.zeros(rows + 1, np.int64),
        np.zeros(rows + 1, np.int64),
    )
    after, before = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
    head, tail = np.zeros((2, width), np.int64), np.zeros((2, width), np.int64)
    total = np.zeros((2, width), np.int64)
    live, place = np.zeros(1 << 16, np.int64), np.zeros(rows + 1, np.int64)
    count, newest, made, opened = 0, 0, 0, False
    best = np.array([HALF - 1, HALF])
    now, arrived = 1_700_000_000_000_000_000, 0
    while made < rows - 64:
        now += np.int64(rng.exponential(1_000_000.0)) + 1
        recv = max(now + 500_000 + np.int64(rng.exponential(300_000.0)), arrived + 1)
        arrived = recv
        dice = rng.random()
        while best[0] > 0 and total[0, best[0]] == 0:
            best[0] -= 1
        while best[1] < width - 1 and total[1, best[1]] == 0:
            best[1] += 1
        opened = opened or count >= 2000
        if dice < 0.485 or count < 2000:
            side = 0 if rng.random() < 0.5 else 1
            reach = 6.0 if rng.random() < 0.8 else 120.0
            away = 1 + np.int64(rng.exponential(reach))
            start = best[1 - side] if opened else HALF - side
            x = start - away if side == 0 else start + away
            if x < 1 or x > width - 2:
                continue
            newest += 1
            o = newest
            qtys[o], prices[o], sides[o] = 1 + np.int64(rng.exponential(300.0)), x, side
            after[o], before[o] = 0, tail[side, x]
            if tail[side, x]:
                after[tail[side, x]] = o
            else:
                head[side, x] = o
            tail[side, x] = o
            total[side, x] += qtys[o]
            place[o] = count
            live[count] = o
            count += 1
            best[0] = max(best[0], x) if side == 0 else best[0]
            best[1] = min(best[1], x) if side == 1 else best[1]
            kind = ADD if by_order else DEPTH
            told = qtys[o] if by_order else total[side, x]
            made = _row(out, made, now, recv, x, told, o, 0, kind, 1 - 2 * side)
        elif dice < 0.945:
            o = live[np.int64(rng.random() * count)]
            side, x, gone = sides[o], prices[o], qtys[o]
            count = _leave(o, side, x, head, tail, after, before, live, place, count)
            total[side, x] -= gone
            kind = DELETE if by_order else DEPTH
            told = gone if by_order else total[side, x]
            made = _row(out, made, now, recv, x, told, o, 0, kind, 1 - 2 * side)
        else:
            side = 1 if rng.random() < 0.5 else 0
            wanted = 1 + np.int64(rng.exponential(500.0))
            while wanted > 0 and made < rows - 8:
                x = best[side]
                if total[side, x] == 0:
                    break
                level = 0
                while wanted > 0 and head[side, x] and made < rows - 8:
                    o = head[side, x]
                    qty = min(wanted, qtys[o])
                    wanted -= qty
                    qtys[o] -= qty
                    total[side, x] -= qty
                    level += qty
                    if by_order:
                        made = _row(out, made, now, recv, x, qty, o, qtys[o], EXECUTE, 1 - 2 * side)
                    if qtys[o] == 0:
                        count = _leave(o, side, x, head, tail, after, before, live, place, count)
                if not by_order:
                    made = _row(out, made, now, recv, x, level, 0, 0, TRADE, 2 * side - 1)
                    made = _row(out, made, now, recv, x, total[side, x], 0, 0, DEPTH, 1 - 2 * side)
                step = -1 if side == 0 else 1
                while 0 < best[side] < width - 1 and total[side, best[side]] == 0:
                    best[side] += step
    return made


@njit(cache=True)
def _row(out, made, now, recv, x, qty, order_id, left, kind, side):
    out[0, made], out[1, made], out[2, made], out[3, made] = now, recv, x + MIDDLE - HALF, qty
    out[4, made], out[5, made], out[6, made], out[7, made] = order_id, left, kind, side
    return made + 1


@njit(cache=True)
def _leave(o, side, x, head, tail, after, before, live, place, count):
    if before[o]:
        after[before[o]] = after[o]
    else:
        head[side, x] = after[o]
    if after[o]:
        before[after[o]] = before[o]
    else:
        tail[side, x] = before[o]
    count -= 1
    live[place[o]] = live[count]
    place[live[count]] = place[o]
    return count
