"""A saved model: a folder with ``model.json`` and one safetensors file, bound by hashes.

``model.json`` names the weights file and is replaced last, so that a reader finds either the old
model or the new one, whole. Nothing in either file can run code.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load as parse_tensors
from safetensors.numpy import save as format_tensors

from hftsim.core import ModelError
from hftsim.core.version import __version__

FORMAT = "hftsim model"
FORMAT_VERSION = 1
MANIFEST = "model.json"
_WEIGHTS = "weights-{}.safetensors"


def write_model(
    folder: Path, manifest: dict[str, Any], tensors: dict[str, npt.NDArray[Any]]
) -> Path:
    """Write a model to `folder` (made if missing) and return it.

    Raises ModelError if the folder holds other things, the manifest is not JSON, or writing fails;
    nothing half-written remains then.
    """
    weights = format_tensors({name: np.ascontiguousarray(t) for name, t in tensors.items()})
    digest = hashlib.sha256(weights).hexdigest()
    text = _manifest_text(manifest, digest)
    is_new = _claim(folder)
    older = set(folder.glob(_WEIGHTS.format("*")))
    file = folder / _WEIGHTS.format(digest[:16])
    try:
        _write_whole(file, weights)
        _write_whole(folder / MANIFEST, text.encode())
    except OSError as error:
        if file not in older:
            file.unlink(missing_ok=True)
        if is_new:
            folder.rmdir()
        raise ModelError(f"{folder}: the model cannot be written: {error.strerror}") from error
    for old in older - {file}:
        old.unlink()
    return folder


def read_model(folder: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return the manifest and the tensors of a saved model.

    Raises ModelError for a folder that is not ours, of another format version, or changed since it
    was written.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ModelError(f"{folder} is not a saved model: it holds no {MANIFEST}")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelError(f"{path} was not written by hftsim: its format is not {FORMAT!r}")
    if manifest.get("format_version") != FORMAT_VERSION:
        raise ModelError(
            f"{path} has format version {manifest.get('format_version')}, this hftsim "
            f"({__version__}) reads {FORMAT_VERSION}; use the version that wrote it, or train anew"
        )
    if manifest.get("manifest_sha256") != _manifest_hash(manifest):
        raise ModelError(f"{path} was changed after it was written (its hash differs); train anew")
    return manifest, _read_weights(folder, str(manifest.get("weights_sha256")))


def _read_weights(folder: Path, digest: str) -> dict[str, npt.NDArray[Any]]:
    path = folder / _WEIGHTS.format(digest[:16])
    try:
        weights = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
    if hashlib.sha256(weights).hexdigest() != digest:
        raise ModelError(f"{path} was changed after it was written (its hash differs); train anew")
    try:
        tensors: dict[str, npt.NDArray[Any]] = parse_tensors(weights)
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{path} is no safetensors file: {error}; train anew") from error
    return tensors


def _claim(folder: Path) -> bool:
    """Make the folder or check that it is ours; return whether it is new."""
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / MANIFEST).is_file():
            raise ModelError(f"{folder} holds files that are not a model; name a new folder")
        return False
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise ModelError(f"{folder} cannot be made: {error.strerror}") from error
    return True


def _write_whole(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _manifest_text(manifest: dict[str, Any], digest: str) -> str:
    whole = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        **manifest,
        "versions": _versions(),
        "weights_sha256": digest,
    }
    try:
        plain = json.loads(json.dumps(whole, default=_plain, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"the model's parameters or extras do not fit into JSON: {error}"
        ) from error
    plain["manifest_sha256"] = _manifest_hash(plain)
    return json.dumps(plain, indent=1) + "\n"


def _manifest_hash(manifest: dict[str, Any]) -> str:
    covered = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    return hashlib.sha256(json.dumps(covered, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _versions() -> dict[str, str]:
    found = {"hftsim": __version__, "python": platform.python_version()}
    for name in ("numpy", "scikit-learn", "torch", "safetensors"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):  # torch may be absent
            found[name] = importlib.metadata.version(name)
    return found
