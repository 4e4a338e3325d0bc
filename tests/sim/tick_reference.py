"""The tick market once more, in plain Python, from docs/models/fills.md and latency.md alone.

One heap of everything that will happen, on both clocks. Money is kept by `Portfolio`, limits by
`RiskManager`; nothing here is shared with the kernels but words.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any

from tick_fees import Tariff, first_received
from tick_latency import Times
from tick_machine import Machine, is_print
from tick_margin import Margin
from tick_venue import Venue
from tick_words import DAY, MACHINE, VENUE, K, R, Report, Request, Row, S, Settings, Trade
from tick_words import LAST as END_OF_PACKET

from hftsim.core import Instrument

MIDNIGHT, ROW, TRIGGER, REQUEST, MARK, LOOK = range(6)
Handler = Callable[[Machine, str, Any], None]


class Market:
    """Recorded rows of some instruments, one account; `decide(machine, event, what)` is asked."""

    def __init__(
        self,
        rows: Sequence[Sequence[Row]],
        levels: Sequence[str],
        instruments: Sequence[Instrument],
        settings: Settings,
        decide: Handler,
    ) -> None:
        self.settings, self.decide, self.rules = settings, decide, list(instruments)
        self.machine = Machine(instruments, settings, self.post)
        self.count = itertools.count()
        self.agenda: list[tuple[int, int, int, Any]] = []
        self.reports: list[list[tuple[int, int, int, Report]]] = [[] for _ in rows]
        at_venue = [[row.ts_event for row in each if row.flags & VENUE] for each in rows]
        self.times = [
            Times(settings.latency, settings.seed, k, at_venue[k]) for k in range(len(rows))
        ]
        feed = settings.latency.feed_ns
        self.tariff = Tariff(settings.fees, instruments, first_received(rows) + feed)
        self.machine.tariff = self.tariff
        self.venues = [
            Venue(
                k,
                rules,
                levels[k],
                any(is_print(r.kind) for r in rows[k]),
                settings,
                self.reporter(k),
                self.mark,
                self.remind,
                self.tariff,
            )
            for k, rules in enumerate(self.rules)
        ]
        self.margin = Margin(self.venues, settings)
        self.arrived = [-(10**30)] * len(rows)
        self.answered = [-(10**30)] * len(rows)
        self.levels = levels
        self.samples: list[tuple[int, float, list[float]]] = []
        self.settled = self.unsent = self.decisions = 0
        self.plan(rows)

    # -- the agenda ---------------------------------------------------------------------------

    def at(self, time: int, rank: int, what: Any) -> None:
        heapq.heappush(self.agenda, (time, rank, next(self.count), what))

    def plan(self, rows: Sequence[Sequence[Row]]) -> None:
        wants, feed = self.settings.handlers, self.times[0].model.feed_ns
        self.feed: list[list[tuple[int, Row]]] = []
        for k, series in enumerate(rows):
            for row in series:
                if row.flags & VENUE:
                    self.at(row.ts_event, ROW, (k, row))
            received = [(row.ts_recv + feed, row) for row in series if row.flags & MACHINE]
            for time, row in received:
                if "on_book" in wants or ("on_trade" in wants and is_print(row.kind)):
                    self.at(time, LOOK, None)
            self.feed.append(received)
        start = min(received[0][0] for received in self.feed)
        self.end = max(received[-1][0] for received in self.feed)
        self.timer = start + self.settings.wake_every
        self.sample = start + self.settings.equity_every
        for first, step in (
            (self.timer, self.settings.wake_every if "on_wake" in wants else 0),
            (self.sample, self.settings.equity_every),
        ):
            for time in range(first, self.end, step) if step else ():
                self.at(time, LOOK, None)
        self.at(self.end, LOOK, None)

    def mark(self, time: int, which: int, trade: Trade) -> None:
        self.at(time, MARK, (which, trade))

    def remind(self, k: int, time: int, what: str) -> None:
        """Call a venue back: at a `midnight` before its rows, at a `trigger` after them."""
        self.at(time, MIDNIGHT if what == "midnight" else TRIGGER, k)

    def post(self, k: int, request: Request) -> None:
        """Send a request; one that is lost on the way is reported after its negative latency."""
        now = self.machine.now
        taken = self.times[k].request(request.kind, now)
        if taken < 0:
            said = {"new": S.REJECTED, "cancel": "not canceled", "replace": "not replaced"}
            lost = Report(request.order_id, said[request.kind], R.LOST_ON_THE_WAY)
            self.come_back(k, now - taken, 0, lost)
            return
        self.arrived[k] = max(now + taken, self.arrived[k])
        self.at(self.arrived[k], REQUEST, (k, request))
        self.unsent += 1

    def reporter(self, k: int) -> Callable[[int, Report], None]:
        def report(now: int, what: Report) -> None:
            arrival = now + abs(self.times[k].report(now))
            self.answered[k] = max(arrival, self.answered[k])
            self.come_back(k, self.answered[k], 1, what)

        return report

    def come_back(self, k: int, time: int, rank: int, report: Report) -> None:
        heapq.heappush(self.reports[k], (time, rank, next(self.count), report))
        if "on_fill" in self.settings.handlers:
            self.at(time, LOOK, None)

    # -- running ------------------------------------------------------------------------------

    def run(self) -> None:
        self.first_session: int | None = None
        looked, wants, moved = None, self.settings.handlers, None
        while self.agenda:
            time, rank, _, what = self.agenda[0]
            if moved is not None and (time > moved or rank == LOOK):
                self.margin.look(moved)
                moved = None
                continue
            heapq.heappop(self.agenda)
            if rank in (ROW, REQUEST):
                moved = time
            if rank == ROW:
                k, row = what
                self.venues[k].row(row)
            elif rank == MIDNIGHT:
                self.venues[what].end_day(time)
            elif rank == TRIGGER:
                self.venues[what].let_in(time)
            elif rank == REQUEST:
                k, request = what
                self.unsent -= 1
                self.venues[k].request(time, request, self.machine.log[request.order_id - 1])
            elif rank == MARK:
                which, trade = what
                self.venues[trade.instrument].note(which, trade)
            elif time != looked or ("on_fill" in wants and self.soonest(time) is not None):
                self.look(time)
                looked = time
                if time == self.end:
                    break
        self.finish()

    def look(self, now: int) -> None:
        """Let the machine see what has come by now, and ask the strategy."""
        machine, wants = self.machine, self.settings.handlers
        machine.now = now
        machine.show_fees()
        prints = self.receive(now)
        self.take_reports(now)
        if self.first_session is None:
            self.first_session = now // DAY
            machine.risk.update_equity(now, self.settings.capital, now // DAY)
        machine.look(now // DAY)
        if now >= self.sample:
            self.note_sample(now)
            machine.step += 1
            self.sample += self.settings.equity_every
        if "on_trade" in wants:
            for what in prints:
                self.decide(machine, "on_trade", what)
        if "on_book" in wants and any(view.fresh for view in machine.views):
            self.decisions += 1
            self.decide(machine, "on_book", None)
        if "on_wake" in wants and now >= self.timer:
            self.timer += self.settings.wake_every
            self.decisions += 1
            self.decide(machine, "on_wake", None)

    def receive(self, now: int) -> list[tuple[int, ...]]:
        prints = []
        for k, view in enumerate(self.machine.views):
            view.fresh = False
            while self.feed[k] and self.feed[k][0][0] <= now:
                time, row = self.feed[k].pop(0)
                self.machine.books[k].apply(row, self.levels[k])
                view.fresh |= bool(row.flags & END_OF_PACKET)
                if is_print(row.kind):
                    side = -row.side if row.kind == K.EXECUTE else row.side
                    prints.append((row.ts_event, time, k, side, row.price, row.qty))
                    view.last_price = row.price
            self.machine.received(k)
        return prints

    def soonest(self, now: int) -> int | None:
        """Return the instrument whose report has come first, ties in their order."""
        due = [(queue[0][0], k) for k, queue in enumerate(self.reports) if queue]
        time, k = min(due, default=(now + 1, 0))
        return k if time <= now else None

    def take_reports(self, now: int) -> None:
        while (k := self.soonest(now)) is not None:
            time, _, _, report = heapq.heappop(self.reports[k])
            self.machine.told(k, report, time)
            if report.trade and "on_fill" in self.settings.handlers:
                self.decide(self.machine, "on_fill", report.trade)

    def note_sample(self, now: int) -> None:
        marks = [view.close for view in self.machine.views]
        self.samples.append((now, self.machine.equity, marks))

    def finish(self) -> None:
        """Book what was on its way back; what still works expires."""
        machine = self.machine
        if self.samples and self.samples[-1][0] == self.end:
            self.samples.pop()
            machine.step -= 1
        for k, queue in enumerate(self.reports):
            for time, _, _, report in sorted(queue, key=lambda entry: entry[:3]):
                machine.told(k, report, time)
                self.settled += 1
        for order in machine.open_orders:
            order.status, order.reason, order.ts_done = S.EXPIRED, R.END_OF_DATA, self.end
        self.note_sample(self.end)

    @property
    def trades(self) -> list[Trade]:
        return [trade for venue in self.venues for trade in venue.trades]
