"""hftsim: research, backtest and run high-frequency trading strategies in Python."""

__version__ = "0.1.0"
