"""The same stream through a book in plain Python: dicts, deques and heaps, no feature but the core."""

import heapq
import time
from collections import deque

import numpy as np


class PlainBook:
    """Price-time matching with Python's own structures; fills are counted, not reported."""

    def __init__(self) -> None:
        self.queues: tuple[dict[int, deque], dict[int, deque]] = ({}, {})
        self.best: tuple[list[int], list[int]] = ([], [])
        self.orders: dict[int, list[int]] = {}
        self.fills = 0

    def new(self, order_id: int, side: int, price: int, qty: int, *, rests: bool) -> None:
        own, other = (0, 1) if side > 0 else (1, 0)
        heap, queues = self.best[other], self.queues[other]
        limit = price * side
        while qty and heap and heap[0] <= limit:
            queue = queues[heap[0]]
            while queue and not queue[0][1]:
                queue.popleft()
            if not queue:
                del queues[heapq.heappop(heap)]
                continue
            maker = queue[0]
            traded = min(qty, maker[1])
            qty, maker[1], self.fills = qty - traded, maker[1] - traded, self.fills + 1
            if not maker[1]:
                del self.orders[maker[0]]
        if qty and rests:
            key = -limit
            order = self.orders[order_id] = [order_id, qty]
            queue = self.queues[own].get(key)
            if queue is None:
                queue = self.queues[own][key] = deque()
                heapq.heappush(self.best[own], key)
            queue.append(order)

    def change(self, order_id: int, qty: int) -> None:
        order = self.orders.get(order_id)
        if order is not None and qty < order[1]:
            order[1] = qty
            if not qty:
                del self.orders[order_id]


def run_plain(messages: np.ndarray) -> tuple[float, int]:
    """Return (messages per CPU second, fills) of the plain book."""
    names = ("op", "order_id", "side", "price", "qty", "tif")
    rows = list(zip(*(messages[name].tolist() for name in names), strict=True))
    book, began = PlainBook(), time.thread_time()
    for op, order_id, side, price, qty, tif in rows:
        if op == 1:
            book.new(order_id, side, price, qty, rests=tif == 0)
        else:
            book.change(order_id, qty if op == 3 else 0)
    return len(rows) / (time.thread_time() - began), book.fills
