"""Text of decimal numbers to integers, exactly."""

import numpy as np

from hftsim.native.records import array_at

longs_at = array_at("i8")
bytes_at = array_at("u1")

_U = np.uint64
PARSE_SIGNATURE = "int64(int64, int64, int64, int64, int64, int64, int64)"

NOT_A_NUMBER, TOO_MANY_DIGITS, TOO_LARGE, TOO_FEW, TOO_MANY = 1, 2, 3, 4, 5
ROUNDS = 64
"""Added to the scale of a column whose further decimals are rounded."""
_MOST = 900_000_000_000_000_000
_ZERO, _NINE, _DOT, _MINUS, _PLUS, _COMMA = 48, 57, 46, 45, 43, 44
_SPACE, _TAB, _NEWLINE, _RETURN = 32, 9, 10, 13


def parse_table(text, length, columns, scales, out, most_rows, state):
    """Parse lines of `columns` comma-separated decimals; return how many rows were made.

    All arguments but `length`, `columns` and `most_rows` are addresses. `scales` (int64) says of
    each column with how many decimals it is kept: 34200.25 with 9 becomes 34,200,250,000,000. `out`
    is int64[most_rows * (columns + 1)], row by row, each row's line number in the text (from 0)
    behind its values. Empty lines are passed over. Decimals beyond a column's are refused, or, where
    its scale is above ROUNDS, rounded. `state` is int64[5]: bytes used, lines used, where a line
    cannot be parsed why and in which column (from 0; that line is the first one not used), and how
    many values were rounded.
    """
    raw, kept = bytes_at(text, length), longs_at(state, 5)
    digits, values = longs_at(scales, columns), longs_at(out, most_rows * (columns + 1))
    end, at, line, rows, width = _U(length), _U(0), _U(0), _U(0), _U(columns)
    kept[0], kept[1], kept[2], kept[3], kept[4] = 0, 0, 0, 0, 0
    while at < end and rows < _U(most_rows):
        if raw[at] == _NEWLINE or (
            raw[at] == _RETURN and (at + _U(1) >= end or raw[at + _U(1)] == _NEWLINE)
        ):
            at += _U(1) if raw[at] == _NEWLINE else _U(2)
            line += _U(1)
            kept[0], kept[1] = min(np.int64(at), length), np.int64(line)
            continue
        base, column, problem = rows * (width + _U(1)), _U(0), 0
        while problem == 0:
            negative, value, count, places, seen_dot = False, np.int64(0), 0, 0, False
            carry, rounded = 0, False
            while at < end and (raw[at] == _SPACE or raw[at] == _TAB):
                at += _U(1)
            if at < end and (raw[at] == _MINUS or raw[at] == _PLUS):
                negative = raw[at] == _MINUS
                at += _U(1)
            wanted = digits[column] % ROUNDS if column < width else 0
            rounds = column < width and digits[column] >= ROUNDS
            while at < end and (_ZERO <= raw[at] <= _NINE or (raw[at] == _DOT and not seen_dot)):
                if raw[at] == _DOT:
                    seen_dot = True
                elif seen_dot and places == wanted:
                    count += 1
                    if raw[at] != _ZERO and not rounds:
                        problem = TOO_MANY_DIGITS
                    if rounds and not rounded:
                        rounded, carry = True, 1 if raw[at] >= _ZERO + 5 else 0
                elif value >= _MOST // 10:
                    problem, count = TOO_LARGE, count + 1
                else:
                    value = value * 10 + np.int64(raw[at]) - _ZERO
                    count += 1
                    places += 1 if seen_dot else 0
                at += _U(1)
            while places < wanted and problem == 0:
                problem = TOO_LARGE if value >= _MOST // 10 else 0
                value, places = value * 10, places + 1
            while at < end and (raw[at] == _SPACE or raw[at] == _TAB or raw[at] == _RETURN):
                at += _U(1)
            ends = at >= end or raw[at] == _NEWLINE
            if column >= width:
                problem = TOO_MANY
            elif count == 0 or not (ends or raw[at] == _COMMA):
                problem = (
                    TOO_FEW
                    if ends and count == 0 and column > _U(0) and raw[at - _U(1)] != _COMMA
                    else NOT_A_NUMBER
                )
            elif problem == 0:
                value += carry
                kept[4] += 1 if rounded else 0
                values[base + column] = -value if negative else value
                if ends and column + _U(1) < width:
                    problem, column = TOO_FEW, column + _U(1)
            if problem or ends:
                break
            column += _U(1)
            at += _U(1)
        if problem:
            kept[2], kept[3] = problem, np.int64(column)
            break
        values[base + width] = np.int64(line)
        rows += _U(1)
        line += _U(1)
        at += _U(1)
        kept[0], kept[1] = min(np.int64(at), length), np.int64(line)
    return np.int64(rows)
