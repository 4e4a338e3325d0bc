"""The book a crowd opens with."""

from hftsim.sim.crowd.memory import CrowdMemory


def open_book(memory: CrowdMemory) -> None:
    """Send the flow's first orders: some at each price around the first one, as a snapshot."""
    from hftsim.native.cache import word_kernel
    from hftsim.sim.crowd.first._kernels import send_first

    settings, kernel = memory.settings, word_kernel(send_first)
    memory.crowd["snapshot"] = 1
    for distance in range(settings.opening_levels):
        for _ in range(settings.opening_orders):
            for side in (1, -1):
                while code := int(kernel(memory.address, side, distance)):
                    memory.grow(code)
    memory.crowd["snapshot"] = 0
    memory.join_packets()
