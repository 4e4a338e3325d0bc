"""Messages of a crowd to the matching engine, and what its reports mean for the crowd."""

import numpy as np

from hftsim.book.matching.layout import MESSAGE, REPORT
from hftsim.book.matching.reports._kernels import (
    CANCEL,
    EXPIRE,
    FILL,
    REJECT,
    REPLACE,
    run_at,
)
from hftsim.core.enums import MessageOp, OrderType, TimeInForce
from hftsim.native.records import array_at, call_at, compiled, inline
from hftsim.sim.crowd.records._kernels import (
    DONE,
    FLOW,
    OUTBOX,
    SLOT_BITS,
    SLOTS,
    STRATEGY,
    agent_of,
    crowd_at,
    live_of,
    order_in,
)
from hftsim.sim.crowd.rows._kernels import (
    ADD,
    DELETE,
    REDUCE,
    begin_packet,
    end_packet,
    tell_fill,
    tell_level,
    tell_order,
)

_U = np.uint64
NEW_OP, CANCEL_OP = int(MessageOp.NEW), int(MessageOp.CANCEL)
REPLACE_OP = int(MessageOp.REPLACE)
MARKET, LIMIT = int(OrderType.MARKET), int(OrderType.LIMIT)
GTC, IOC, GTX = int(TimeInForce.GTC), int(TimeInForce.IOC), int(TimeInForce.GTX)
_outbox_at, _reports_at = array_at(MESSAGE), array_at(REPORT)
call_send, call_own = call_at(2), call_at(7)


# ---------------------------------------------------------------- orders of the crowd


@inline
def take_slot(crowd, owner, side, price, qty):
    """Return a slot with an order that is about to be sent; the caller has made sure of room."""
    slot = crowd.orders_free
    if slot >= 0:
        crowd.orders_free = order_in(crowd, slot).place
    else:
        slot = crowd.orders_used
        crowd.orders_used += 1
    crowd.orders_live += 1
    crowd.serial += 1
    order = order_in(crowd, slot)
    order.id = crowd.serial << SLOT_BITS | slot
    order.priority, order.leaves, order.place = 0, qty, -1
    order.price, order.side, order.owner = price, side, owner
    return slot


@inline
def list_flow(crowd, slot):
    """Enter a resting order of the flow into the list of its side."""
    order = order_in(crowd, slot)
    place = crowd.buys if order.side > 0 else crowd.sells
    live_of(crowd, order.side)[_U(place)] = slot
    order.place = place
    if order.side > 0:
        crowd.buys += 1
    else:
        crowd.sells += 1


@inline
def unlist_flow(crowd, order):
    """Take an order of the flow off the list of its side; the last one takes its place."""
    live = live_of(crowd, order.side)
    if order.side > 0:
        crowd.buys -= 1
    else:
        crowd.sells -= 1
    last = live[_U(crowd.buys if order.side > 0 else crowd.sells)]
    live[_U(order.place)] = last
    order_in(crowd, last).place = order.place


@inline
def free_slot(crowd, slot):
    """Forget an order that is no longer in the book."""
    order = order_in(crowd, slot)
    if order.owner == FLOW:
        if order.place >= 0:
            unlist_flow(crowd, order)
    elif order.owner > 0:
        agent = agent_of(crowd, order.owner)
        if agent.bid == slot + 1:
            agent.bid = 0
        if agent.ask == slot + 1:
            agent.ask = 0
    order.place = crowd.orders_free
    order.id = 0
    crowd.orders_free = slot
    crowd.orders_live -= 1


# ---------------------------------------------------------------- outbox


@compiled
def _post(crowd, op, order, kind, tif):
    message = _outbox_at(crowd.outbox_at, OUTBOX)[_U(crowd.outbox_used)]
    crowd.outbox_used += 1
    message.order_id, message.price, message.qty = order.id, order.price, order.leaves
    owner = order.owner
    message.owner = np.uint32(crowd.strategy_owner if owner == STRATEGY else owner)
    message.op, message.side = np.uint8(op), np.int8(order.side)
    message.type, message.tif = np.uint8(kind), np.uint8(tif)


@inline
def post_order(crowd, owner, side, price, qty, kind, tif):
    """Put a new order into the outbox; return its slot."""
    slot = take_slot(crowd, owner, side, price, qty)
    _post(crowd, NEW_OP, order_in(crowd, slot), kind, tif)
    return slot


@inline
def post_cancel(crowd, slot):
    """Put the cancel of a resting order into the outbox."""
    _post(crowd, CANCEL_OP, order_in(crowd, slot), LIMIT, GTC)


@inline
def post_replace(crowd, slot, price, qty):
    """Put another price and open quantity for a resting order into the outbox."""
    _post(crowd, REPLACE_OP, order_in(crowd, slot), LIMIT, GTC)
    message = _outbox_at(crowd.outbox_at, OUTBOX)[_U(crowd.outbox_used - 1)]
    message.price, message.qty = price, qty


# ---------------------------------------------------------------- reports


@inline
def _note_position(crowd, order, qty):
    if order.owner > 0:
        agent_of(crowd, order.owner).position += order.side * qty


@inline
def _tell_own(crowd, order, kind, price, qty, leaves, is_maker):
    """Let the strategy's market know of a report on one of its orders."""
    if order.owner == STRATEGY:
        crowd.own_reports += 1
        call_own(crowd.own_op, crowd.market_at, order.own, kind, price, qty, leaves, is_maker)


@compiled
def _filled(crowd, taker, report):
    """Book one fill; `report` is the maker's row."""
    slot = report.order_id & SLOTS
    maker, qty, price = order_in(crowd, slot), report.qty, report.price
    crowd.fill_count += 1
    crowd.volume += qty
    taker.leaves -= qty
    maker.leaves = report.leaves_qty
    tell_fill(crowd, maker, price, qty)
    _note_position(crowd, taker, qty)
    _note_position(crowd, maker, qty)
    _tell_own(crowd, taker, FILL, price, qty, taker.leaves, 0)
    _tell_own(crowd, maker, FILL, price, qty, maker.leaves, 1)
    if maker.leaves == 0:
        free_slot(crowd, slot)


@inline
def _rest(crowd, slot):
    """Note that an order came to rest."""
    order = order_in(crowd, slot)
    crowd.priority += 1
    order.priority = crowd.priority
    if order.owner == FLOW:
        list_flow(crowd, slot)
    tell_order(crowd, ADD, order, order.leaves)
    tell_level(crowd, order.side, order.price)


@inline
def _replaced(crowd, order, price, qty):
    """Note another price and quantity of a resting order; return whether it kept its place."""
    if price == order.price and qty < order.leaves:
        tell_order(crowd, REDUCE, order, order.leaves - qty)
        order.leaves = qty
        tell_level(crowd, order.side, price)
        return True
    tell_order(crowd, DELETE, order, order.leaves)
    tell_level(crowd, order.side, order.price)
    order.price, order.leaves, order.priority = price, qty, 0
    return False


@compiled
def _read_reports(crowd, first_id, made):
    """Go through the reports of one message, whose order has this id."""
    run = run_at(crowd.matching_at)
    rows = _reports_at(run.reports_at, run.reports_room)
    slot = first_id & SLOTS
    order = order_in(crowd, slot)
    was_resting, gone, touched, price = order.priority != 0, False, False, np.int64(0)
    number = np.int64(0)
    while number < made:
        report = rows[_U(number)]
        kind = report.kind
        if kind == FILL:
            if touched and report.price != price:
                tell_level(crowd, -order.side, price)
            touched, price = True, report.price
            number += 1
            _filled(crowd, order, rows[_U(number)])
        elif kind in (CANCEL, EXPIRE, REJECT):
            gone = kind != REJECT or not was_resting
            crowd.reject_count += kind == REJECT
            if kind == CANCEL and was_resting:
                tell_order(crowd, DELETE, order, order.leaves)
            stays = np.int64(kind == REJECT and was_resting)
            _tell_own(crowd, order, kind, report.reason, report.qty, stays, 0)
        else:
            if kind == REPLACE:
                was_resting = _replaced(crowd, order, report.price, report.qty)
            _tell_own(crowd, order, kind, report.price, report.qty, report.qty, 0)
        number += 1
    if touched:
        tell_level(crowd, -order.side, price)
    if gone and was_resting:
        tell_level(crowd, order.side, order.price)
    if gone or order.leaves == 0:
        free_slot(crowd, slot)
    elif not was_resting:
        _rest(crowd, slot)


@compiled
def deliver(crowd_address, message_at, order_id):
    """Hand one message to the matching engine; return DONE, or what it needs first."""
    crowd = crowd_at(crowd_address)
    made = call_send(crowd.send_op, crowd.matching_at, message_at)
    if made < 0:
        return -made
    crowd.message_count += 1
    begin_packet(crowd)
    _read_reports(crowd, order_id, made)
    return DONE


@compiled
def empty_outbox(crowd_address):
    """Hand over what is in the outbox; return DONE, or what is needed before it can go on."""
    crowd = crowd_at(crowd_address)
    while crowd.outbox_next < crowd.outbox_used:
        message = _outbox_at(crowd.outbox_at, OUTBOX)[_U(crowd.outbox_next)]
        slot = message.order_id & SLOTS
        if message.op == CANCEL_OP and order_in(crowd, slot).id != message.order_id:
            crowd.void_count += 1
            crowd.outbox_next += 1
            continue
        at = crowd.outbox_at + crowd.outbox_next * 32
        code = deliver(crowd_address, at, message.order_id)
        if code != DONE:
            return code
        end_packet(crowd)
        crowd.outbox_next += 1
    crowd.outbox_used = crowd.outbox_next = 0
    return DONE
