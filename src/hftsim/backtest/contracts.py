"""What a run on perpetuals and futures needs beside its data: funding, and whose margin it is."""

from collections.abc import Mapping, Sequence

from hftsim.backtest.config import BacktestConfig
from hftsim.core.enums import InstrumentKind
from hftsim.core.errors import ConfigError, UnknownNameError
from hftsim.core.instrument import Instrument, normalize_symbol
from hftsim.data.ticks import Ticks, read_funding

_MARGINED = (InstrumentKind.PERPETUAL, InstrumentKind.FUTURE)
_ON_TICKS_ALONE = ("funding", "maintenance_margin")


def with_funding(
    ticks: Mapping[str, Ticks],
    instruments: Sequence[Instrument],
    funding: str | Mapping[str, str] | None,
) -> dict[str, Ticks]:
    """Return ticks with the funding rates of a file, or of a file for each symbol.

    Raises ConfigError where it is not clear of which instrument a file is, or where that is no
    perpetual; UnknownNameError for a symbol that does not run; DataError for a file that is no
    table of funding rates.
    """
    made = dict(ticks)
    if funding is None:
        return made
    if isinstance(funding, str):
        if len(made) > 1:
            raise ConfigError(
                f"funding {funding}: of which of {', '.join(made)}? write {{SYMBOL: FILE}}"
            )
        funding = {next(iter(made)): funding}
    kinds = dict(zip(made, (i.kind for i in instruments), strict=True))
    for name, path in funding.items():
        symbol = normalize_symbol(name)
        if symbol not in made:
            raise UnknownNameError("symbol of funding", name, made)
        if kinds[symbol] is not InstrumentKind.PERPETUAL:
            raise ConfigError(f"funding: {symbol} is {kinds[symbol]}; only perpetuals pay funding")
        made[symbol] = made[symbol].with_funding(read_funding(path))
    return made


def refuse_margin_of_none(instruments: Sequence[Instrument], config: BacktestConfig) -> None:
    """Raise ConfigError if a margin is asked for and nothing is held on margin."""
    if config.maintenance_margin is not None and not any(i.kind in _MARGINED for i in instruments):
        kinds = ", ".join(f"{i.symbol} is {i.kind}" for i in instruments)
        raise ConfigError(f"maintenance_margin is for perpetuals and futures, but {kinds}")


def refuse_contracts(config: BacktestConfig, what: str) -> None:
    """Raise ConfigError for settings of contracts that have no effect on data of this kind."""
    given = [name for name in _ON_TICKS_ALONE if getattr(config, name) is not None]
    if given:
        raise ConfigError(f"{given[0]} works on recorded ticks alone, not on {what}: leave it out")
