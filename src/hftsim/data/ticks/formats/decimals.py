"""Tables of plain decimal numbers, read fast and exactly."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from hftsim.core.errors import DataError
from hftsim.data.ticks.packed import PackedFile
from hftsim.native.layout import address_of

ROUNDED = 64
"""Added to the digits of a column whose further decimals are rounded."""

_WORDS = {
    1: "{text!r} is not a plain decimal number",
    2: "{text!r} has more decimals than {digits}",
    3: "{text!r} is too large to be true",
    4: "the row has fewer than {width} fields",
    5: "the row has more than {width} fields",
}


def decimal_blocks(
    stream: PackedFile,
    names: Sequence[str],
    digits: Sequence[int],
    counts: Counter[str] | None = None,
) -> Iterator[np.ndarray]:
    """Yield blocks of a table without a header, as int64 of shape (rows, columns + 1).

    Parameters
    ----------
    stream : the open file.
    names : of the columns, for error messages.
    digits : how many decimals each column is kept with: with 9, ``34200.25`` is 34200250000000.
        With `ROUNDED` added further decimals are rounded, and counted in `counts`; else refused.
    counts : gets ``times_rounded``.

    The last column of a block holds the 1-based lines. Empty lines are passed over. Raises
    DataError with line and column for anything that is no such table.
    """
    from hftsim.data.ticks.formats._kernels import PARSE_SIGNATURE, parse_table
    from hftsim.native.cache import kernel

    parse = kernel(parse_table, PARSE_SIGNATURE)
    scales, state = np.asarray(digits, np.int64), np.zeros(5, np.int64)
    width, line = len(names), 1
    for text in stream.line_blocks():
        raw = np.frombuffer(text, np.uint8)
        most = int(np.count_nonzero(raw == ord("\n"))) + 1
        out = np.empty((most, width + 1), np.int64)
        rows = parse(
            *(address_of(raw), len(raw), width, address_of(scales)),
            *(address_of(out), most, address_of(state)),
        )
        if state[2]:
            raise _refusal(stream, text, state, names, scales, line)
        if counts is not None and state[4]:
            counts["times_rounded"] += int(state[4])
        found = out[:rows]
        found[:, width] += line
        line += int(state[1])
        yield found


def _refusal(
    stream: PackedFile,
    text: bytes,
    state: np.ndarray,
    names: Sequence[str],
    scales: np.ndarray,
    line: int,
) -> DataError:
    used, lines, reason, column = (int(v) for v in state[:4])
    whole = text[used:].split(b"\n", 1)[0].decode("ascii", "replace").rstrip("\r")
    fields = whole.split(",")
    known = reason in (1, 2, 3) and column < min(len(fields), len(names))
    sentence = _WORDS[reason].format(
        text=(fields[column] if column < len(fields) else "").strip()[:40],
        digits=int(scales[column]) % ROUNDED if column < len(scales) else 0,
        width=len(names),
    )
    return DataError(
        f"{sentence}: the file is damaged or of another format",
        path=stream.path,
        row=line + lines,
        field=names[column] if known else None,
    )
