"""Pictures, the HTML report, exports, and the folder of a run that appears as a whole."""

from typing import TYPE_CHECKING

from hftsim.core.lazy import lazy_names
from hftsim.report.run_folder import atomic_run_folder, is_run_folder

if TYPE_CHECKING:
    from hftsim.report.decimate import extreme_positions
    from hftsim.report.export import export_run
    from hftsim.report.page import write_report
    from hftsim.report.style import Style
    from hftsim.report.visualizer import TradingVisualizer
    from hftsim.report.words import verdict

__all__ = [
    "Style",
    "TradingVisualizer",
    "atomic_run_folder",
    "export_run",
    "extreme_positions",
    "is_run_folder",
    "verdict",
    "write_report",
]

_LAZY = {
    "Style": "style",
    "TradingVisualizer": "visualizer",
    "export_run": "export",
    "extreme_positions": "decimate",
    "verdict": "words",
    "write_report": "page",
}

__getattr__, __dir__ = lazy_names(__name__, _LAZY, __all__)
