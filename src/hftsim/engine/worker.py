"""A thread for compiled code: the main thread stays free to hear Ctrl-C."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue

Run = Callable[[Callable[[], int]], int]

_LAST_SECONDS = 0.5
"""How long a call may take to end after Ctrl-C."""


@contextlib.contextmanager
def worker(keeps: object) -> Iterator[Run]:
    """Yield what calls a function in one thread of its own, and returns or raises as it does.

    After Ctrl-C an endless call goes on until the process ends: `keeps` stays alive that long.
    Outside the main thread, which alone hears Ctrl-C, functions are called where they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda work: work()
        return
    asked: SimpleQueue[Callable[[], int] | None] = SimpleQueue()
    answers: SimpleQueue[int | BaseException] = SimpleQueue()

    def serve(_alive: object = keeps) -> None:
        while (work := asked.get()) is not None:
            try:
                answers.put(work())
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                answers.put(error)

    threading.Thread(target=serve, name="hftsim-native", daemon=True).start()
    try:
        yield lambda work: _answer_to(work, asked, answers)
    finally:
        asked.put(None)


def _answer_to(
    work: Callable[[], int],
    asked: "SimpleQueue[Callable[[], int] | None]",
    answers: "SimpleQueue[int | BaseException]",
) -> int:
    asked.put(work)
    try:
        answer = answers.get()
    except KeyboardInterrupt:
        with contextlib.suppress(Empty):
            answers.get(timeout=_LAST_SECONDS)
        raise
    if isinstance(answer, BaseException):
        raise answer
    return answer
