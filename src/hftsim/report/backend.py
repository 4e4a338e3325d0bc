"""The one door to matplotlib: the Agg canvas, no pyplot, no noise about a read-only HOME.

Where the home folder is missing or read-only matplotlib makes itself a temporary cache folder and
removes it at exit; it also logs a warning about it, which would be noise on every run.
"""

import logging


def _import_quietly() -> None:
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        import matplotlib as mpl
        import matplotlib.font_manager

        mpl.get_cachedir()
    finally:
        log.setLevel(level)


_import_quietly()

import matplotlib  # noqa: E402
from matplotlib import dates, ticker  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.axis import Axis  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.text import Text  # noqa: E402

__all__ = [
    "Axes",
    "Axis",
    "Figure",
    "FigureCanvasAgg",
    "LinearSegmentedColormap",
    "Text",
    "dates",
    "matplotlib",
    "ticker",
]
