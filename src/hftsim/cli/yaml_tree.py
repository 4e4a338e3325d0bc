"""YAML with the line of every value; loaded only where a configuration is read."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from hftsim.core.errors import ConfigError

Leaf = Callable[[Any, str], Any]
MOST_VALUES = 10_000


class Tree(dict[str, Any]):
    """A mapping, and where its name is written: ``run.yaml, line 3``."""

    where = ""


def read_tree(path: Path, leaf: Leaf) -> Tree:
    """Return nested mappings whose ends are ``leaf(value, "FILE, line N")``; empty if nothing is said.

    Raises ConfigError, naming file and line, for what is not YAML, whose top is not a mapping, that
    says a key twice, that holds itself, or that aliases blow up beyond `MOST_VALUES` values.
    """
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > MOST_VALUES:
            raise ConfigError(f"{path}: holds more than {MOST_VALUES:,} values")
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deep, or holds itself by an alias") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not a text file in UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: not YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {error}") from None
    if node is None:
        return Tree()
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{path}: must hold sections such as data: and strategy:")
    return _branch(node, loader, path, leaf)


def parse(text: str) -> Any:
    """Return the value of a piece of YAML; raises ConfigError for what is not YAML."""
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    except yaml.YAMLError:
        raise ConfigError(f"{text}: is neither a [list] nor a {{mapping: of values}}") from None
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """YAML 1.1 as people write numbers: ``1e-3`` is one."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"),
    list("-+0123456789"),
)


def _branch(node: yaml.MappingNode, loader: _Loader, path: Path, leaf: Leaf) -> Tree:
    tree = Tree()
    for key_node, value_node in node.value:
        where = f"{path}, line {key_node.start_mark.line + 1}"
        if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
            raise ConfigError(f"{where}: a key must be a plain word, and << is not known here")
        key = str(loader.construct_object(key_node, deep=True))
        if key in tree:
            raise ConfigError(f"{where}: {key} is written twice")
        if isinstance(value_node, yaml.MappingNode):
            tree[key] = _branch(value_node, loader, path, leaf)
            tree[key].where = where
            continue
        try:
            value = loader.construct_object(value_node, deep=True)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or error
            raise ConfigError(f"{where}: {key}: {problem}") from None
        tree[key] = leaf(value, where)
    return tree


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node holds with its aliases written out."""
    if id(node) not in known:
        parts = node.value if isinstance(node, yaml.CollectionNode) else ()
        inner = (n for p in parts for n in (p if isinstance(p, tuple) else (p,)))
        known[id(node)] = 1 + sum(_size(n, known) for n in inner)
    return known[id(node)]
