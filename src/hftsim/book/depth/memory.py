"""The memory of a book by price."""

import numpy as np

from hftsim.native.layout import address_of, fill_record

_FIRST_FAR = 4096


class DepthMemory:
    """Arrays of one book by price, and the record that says where they are.

    Pages of the window are taken from the machine when a price first touches them.

    Parameters
    ----------
    record : the one DEPTH record to lay out (shape ``(1,)``).
    """

    def __init__(self, record: np.ndarray) -> None:
        from hftsim.book.bitmap._kernels import POSITIONS, WORDS
        from hftsim.book.depth._kernels import (
            BEST,
            FAR,
            FAR_BEST,
            NO_LEVEL,
            ORIGIN,
            TOPS,
            put_far,
        )
        from hftsim.native.cache import word_kernel_address

        self.record = record
        self._qtys = np.zeros(2 * POSITIONS, np.int64)
        self._words = np.zeros(2 * WORDS, np.uint64)
        self.tops = np.zeros(TOPS, np.int64)
        self.tops[BEST : BEST + 2] = self.tops[FAR_BEST : FAR_BEST + 2] = NO_LEVEL
        self.tops[ORIGIN + 1] = -(POSITIONS - 1)
        self._far = np.zeros((2, _FIRST_FAR), FAR)
        fill_record(
            record, {"address": address_of(record), "put_far_op": word_kernel_address(put_far)}
        )
        self._lay()

    def grow(self) -> None:
        """Double the room for levels far from the window."""
        from hftsim.book.depth._kernels import take_far
        from hftsim.native.cache import word_kernel

        old = self._far
        self._far = np.zeros((2, 2 * old.shape[1]), old.dtype)
        self._lay()
        take = word_kernel(take_far)
        for index in range(2):
            take(address_of(self.record), index, address_of(old[index]), old.shape[1])

    @property
    def is_full(self) -> bool:
        """Whether a side has no more room for far levels."""
        from hftsim.book.depth._kernels import FAR_COUNT

        return bool(2 * self.tops[FAR_COUNT : FAR_COUNT + 2].max() >= self._far.shape[1])

    def _lay(self) -> None:
        fill_record(
            self.record,
            {
                "qtys_at": address_of(self._qtys),
                "words_at": address_of(self._words),
                "tops_at": address_of(self.tops),
                "far_at": address_of(self._far),
                "far_capacity": self._far.shape[1],
                "far_shift": 64 - (self._far.shape[1].bit_length() - 1),
            },
        )
