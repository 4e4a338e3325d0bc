"""Strategies by name, and from users' files."""

import sys
from pathlib import Path

import pytest

from hftsim.core.errors import StrategyError, UnknownNameError
from hftsim.strategies import STRATEGIES, MomentumStrategy, find_strategy, load_strategy

SOURCE = """\
import enum
from hftsim.strategies import Array, Strategy

class Side(enum.IntEnum):
    LONG = 1
    SHORT = -1

class Mine(Strategy):
    window: int = 20
    level: float = 1.5
    careful: bool = False
    side: Side = Side.LONG
    ring: Array[float, 3]

    def validate(self):
        if self.window < 1:
            raise ValueError("window is 1 or more")

    def on_bar(self, ctx):
        pass
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(SOURCE)
    return file


def test_every_name_finds_its_class() -> None:
    assert find_strategy("momentum") is MomentumStrategy
    for name, cls in STRATEGIES.items():
        assert type(load_strategy(name)) is cls


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'momentum'"):
        load_strategy("momentun")
    with pytest.raises(UnknownNameError, match="known: "):
        load_strategy("zzz")


def test_parameters_may_be_text(mine: Path) -> None:
    given = {"window": "30", "level": "2", "careful": "yes", "side": "short"}
    strategy = load_strategy(str(mine), given)
    assert strategy.parameters == {"window": 30, "level": 2.0, "careful": True, "side": -1}
    assert load_strategy(f"{mine}:Mine", {"side": "-1", "window": 5}).side == -1


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"window": "many"}, "Mine.window is int, got 'many'"),
        ({"window": 2.5}, "Mine.window is int, got 2.5"),
        ({"window": True}, "Mine.window is int, got True"),
        ({"careful": "perhaps"}, "Mine.careful is bool, got 'perhaps'"),
        ({"side": "up"}, r"Mine.side is Side \(long, short\), got 'up'"),
        ({"side": 3}, r"Mine.side is Side \(LONG, SHORT\), got 3"),
        ({"windw": 3}, "Mine has no parameter 'windw'; did you mean 'window'?"),
        ({"window": 0}, "Mine: window is 1 or more"),
        ({"ring": "1,2"}, "Mine.ring cannot be given as text"),
        ({"ring": [1.0, 2.0]}, "Mine.ring is Array"),
        ({"window": 2**70}, "Mine.window has 64 bits"),
    ],
)
def test_wrong_parameters_are_named(mine: Path, given: dict[str, object], told: str) -> None:
    with pytest.raises(StrategyError, match=told):
        load_strategy(str(mine), given)


def test_one_of_several_classes_must_be_chosen(mine: Path) -> None:
    mine.write_text(SOURCE + SOURCE.replace("Mine", "Other").split("\n\n", 2)[2])
    with pytest.raises(StrategyError, match=r"several strategies \(Mine, Other\); say which"):
        find_strategy(str(mine))
    assert find_strategy(f"{mine}:Other").__name__ == "Other"
    with pytest.raises(StrategyError, match="'Othr'; did you mean 'Other'"):
        find_strategy(f"{mine}:Othr")


def test_a_base_in_the_same_file_is_no_rival(mine: Path) -> None:
    mine.write_text(SOURCE + "class Child(Mine):\n    window = 7\n")
    assert load_strategy(str(mine)).window == 7


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1\n", "there is no class derived from hftsim.Strategy"),
        ("def f(:\n", r"mine.py:1: SyntaxError"),
        ("import nothing_like_it\n", r"mine.py:1: ModuleNotFoundError"),
        ("x = 1\ny = x / 0\n", r"mine.py:2: ZeroDivisionError"),
        ("import sys\nsys.exit(3)\n", r"mine.py:2: SystemExit: 3"),
        ("from hftsim.strategies import Strategy\nclass M(Strategy):\n    reset: int = 1\n",
         "mine.py:2: M.reset: this name cannot be a field"),
        ("from hftsim.strategies import Strategy\nclass M(Strategy):\n    a: str = ''\n",
         "mine.py:2: field 'a' has type str; a field is int, float, bool"),
        ("from hftsim.strategies import *\nclass M(Strategy):\n    a: Array[float]\n",
         "mine.py:3: an array field needs its size"),
        ("from __future__ import annotations\nfrom hftsim.strategies import *\n"
         "class M(Strategy):\n    a: Flot = 1\n",
         "mine.py:3: M.a: cannot read 'Flot'"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_named_with_the_line(
    mine: Path, source: str, told: str
) -> None:
    mine.write_text(source)
    with pytest.raises(StrategyError, match=told):
        load_strategy(str(mine))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for spec in (f"{tmp_path}/no.py", f"{tmp_path}/no.py:Mine"):
        with pytest.raises(StrategyError, match="there is no such strategy file"):
            load_strategy(spec)


def test_modules_beside_the_file_are_found_and_read_afresh(tmp_path: Path) -> None:
    seen = []
    for folder, window in (("one", 5), ("two", 6), ("one", 7)):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "windows_beside.py").write_text(f"WINDOW = {window}\n")
        file = tmp_path / folder / "mine.py"
        file.write_text(SOURCE.replace("= 20", "= WINDOW").replace(
            "import enum\n", "import enum\nfrom windows_beside import WINDOW\n"))  # fmt: skip
        seen.append(load_strategy(str(file)).window)
    assert seen == [5, 6, 7]
    assert str(tmp_path / "one") not in sys.path
    assert not list(tmp_path.rglob("mine*.pyc"))


def test_a_failed_import_leaves_nothing_behind(mine: Path) -> None:
    before = set(sys.modules)
    mine.write_text("1 / 0\n")
    with pytest.raises(StrategyError):
        find_strategy(str(mine))
    assert {n for n in set(sys.modules) - before if "mine" in n} == set()


OWN = """from hftsim.strategies import Strategy
class Mine(Strategy):
    n: int = 1
    def __init__(self, k=1):
        super().__init__()
        {body}
    def on_bar(self, ctx):
        pass
"""


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("self.n = {}['model']", "mine.py:6: Mine: KeyError: 'model'"),
        ("self.nn = 3", "mine.py:6: Mine: self has no attribute 'nn'; did you mean self.n?"),
        ("open('/no/such/file')", "mine.py:6: Mine: FileNotFoundError: "),
        ("raise SystemExit", "mine.py:6: Mine: SystemExit"),
        ("self.n = 1.5", "mine.py:6: Mine: TypeError: n is an int field and gets 1.5"),
        ("return 3", "Mine: __init__() should return None, not 'int'"),
    ],
)
def test_a_constructor_that_raises_is_named_with_the_line(mine: Path, body: str, told: str) -> None:
    mine.write_text(OWN.replace("{body}", body))
    with pytest.raises(StrategyError) as caught:
        load_strategy(str(mine))
    assert told in str(caught.value)


def test_a_parameter_that_the_own_constructor_does_not_take_is_named(mine: Path) -> None:
    mine.write_text(OWN.replace("{body}", "pass"))
    with pytest.raises(StrategyError, match=r"^Mine: .*unexpected keyword argument 'n'$"):
        load_strategy(str(mine), {"n": 3})


def test_relative_imports_are_told_what_to_write(mine: Path) -> None:
    mine.write_text("from .helpers import size\n")
    with pytest.raises(StrategyError) as caught:
        find_strategy(str(mine))
    assert str(caught.value).endswith(
        "mine.py:1: ImportError: attempted relative import with no known parent package; "
        "write 'from helpers import ...' for a file beside it"
    )


def test_bytes_that_are_no_text_are_named(mine: Path) -> None:
    mine.write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(StrategyError, match=r"mine.py: SyntaxError: invalid or missing encoding"):
        find_strategy(str(mine))


@pytest.mark.parametrize("name", ["numpy", "math", "strategy", "hftsim"])
def test_a_file_may_have_the_name_of_a_library(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.py"
    file.write_text(SOURCE)
    assert load_strategy(str(file)).window == 20
