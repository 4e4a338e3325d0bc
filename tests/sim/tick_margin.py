"""The account as the venues know it: when it is short of margin, and what they do then."""

from collections.abc import Sequence
from fractions import Fraction

from tick_venue import Venue
from tick_words import ASK, BID, R, Report, S, Settings

from hftsim.core import InstrumentKind

CONTRACTS = (InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)
NOISE = Fraction(1, 10**9)


class Margin:
    """Looks at all venues of one account after each time at which something happened there."""

    def __init__(self, venues: Sequence[Venue], settings: Settings) -> None:
        self.venues, self.settings = venues, settings
        self.marks: dict[int, Fraction] = {}
        self.liquidated = False

    def look(self, now: int) -> None:
        if self.settings.maintenance_margin is None:
            return
        if not self.liquidated and self.is_short():
            self.liquidated = True
            for venue in self.venues:
                self.seize(venue, now)
        if self.liquidated:
            for venue in self.margined():
                if venue.held and not venue.halted:
                    self.close(venue, now)

    def margined(self) -> list[Venue]:
        return [venue for venue in self.venues if venue.rules.kind in CONTRACTS]

    def is_short(self) -> bool:
        for k, venue in enumerate(self.venues):
            if venue.book.mid is not None:
                self.marks[k] = Fraction(venue.book.mid) * Fraction(venue.rules.tick_size)
        held = {k: venue for k, venue in enumerate(self.venues) if venue.held}
        if any(k not in self.marks for k in held):
            return False
        equity, exposed = Fraction(self.settings.capital), Fraction(0)
        for venue in self.venues:
            equity += venue.earned
        for k, venue in held.items():
            face = Fraction(venue.rules.lot_size * venue.rules.multiplier) * venue.held
            value = -face / self.marks[k] if venue.rules.inverse else face * self.marks[k]
            equity += value
            if venue in self.margined():
                exposed += abs(value)
        assert self.settings.maintenance_margin is not None
        needed = Fraction(self.settings.maintenance_margin) * exposed
        return exposed > 0 and equity <= needed * (1 + NOISE)

    def seize(self, venue: Venue, now: int) -> None:
        """Cancel what rests, refuse what comes, and say that the position is closed."""
        venue.now, venue.liquidated = now, True
        for side in (BID, ASK):
            for order in venue.queue(side):
                venue.own.remove(order)
                venue.ended(order, S.CANCELED, R.LIQUIDATED)
        for order in venue.waiting:
            venue.ended(order, S.CANCELED, R.LIQUIDATED)
        venue.waiting = []
        if venue.held and venue in self.margined():
            venue.report(now, Report(0, "seized", R.LIQUIDATED, qty=-venue.held))

    def close(self, venue: Venue, now: int) -> None:
        """Take what the book shows, and pay the fee of a liquidation."""
        venue.now = now
        side = -1 if venue.held > 0 else 1
        for price, there in venue.book.shown(-side):
            qty = abs(venue.held)
            if venue.settings.partial_fills:
                qty = min(qty, there)
            if qty:
                venue.sold_out(side, qty, price)
