"""What of torch is shared by the whole process, set for a while and put back."""

import contextlib
import os
from collections.abc import Iterator

import torch

from hftsim.core import ModelError, UnknownNameError

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"
_ERROR = 2  # torch's number for: refuse operations that are not deterministic


def find_device(name: str) -> torch.device:
    """Return the torch device of "auto" (CUDA if present), "cpu", "cuda" or "cuda:1".

    Raises UnknownNameError for another name, ModelError for a device this machine lacks.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    check_device_name(name)
    if not has_device(name):
        raise ModelError(
            f"device {name!r} is asked for, but torch sees {torch.cuda.device_count()} CUDA "
            "devices here; take device='auto' or 'cpu'"
        )
    return torch.device(name)


def check_device_name(name: object) -> None:
    """Raise UnknownNameError for what no device is called."""
    kind, _, number = str(name).partition(":")
    is_device = kind in {"cpu", "cuda"} and (not number or number.isdecimal())
    if name != "auto" and not is_device:
        raise UnknownNameError("device", str(name), ("auto", "cpu", "cuda"))


def has_device(name: str) -> bool:
    """Return whether this machine has the device `find_device` would return."""
    kind, _, number = name.partition(":")
    return kind != "cuda" or int(number or 0) < torch.cuda.device_count()


@contextlib.contextmanager
def torch_settings(
    *, device: torch.device, n_threads: int | None, deterministic: bool, seed: int | None = None
) -> Iterator[int]:
    """Set threads, determinism and, with a seed, the random state; yield the thread count.

    All is put back on leaving.
    Deterministic runs are bit-equal on one CPU type at one thread count. On CUDA they use
    deterministic kernels, which need a fixed cuBLAS workspace (set for the while, as NVIDIA asks).
    """
    is_cuda = device.type == "cuda"
    threads, flags = torch.get_num_threads(), _flags()
    workspace = os.environ.get(_CUBLAS)
    with torch.random.fork_rng(devices=[device] if is_cuda else [], enabled=seed is not None):
        try:
            torch.set_num_threads(n_threads or threads)
            if deterministic:
                _set_flags((_ERROR, False, True, False))
            if deterministic and is_cuda and workspace is None:
                os.environ[_CUBLAS] = ":4096:8"
            if seed is not None:
                torch.default_generator.manual_seed(int(seed))
                if is_cuda:
                    with torch.cuda.device(device):
                        torch.cuda.manual_seed(int(seed))
            yield torch.get_num_threads()
        finally:
            torch.set_num_threads(threads)
            _set_flags(flags)
            if workspace is None:
                os.environ.pop(_CUBLAS, None)


def _flags() -> tuple[int, bool, bool, bool]:
    return (
        torch.get_deterministic_debug_mode(),
        torch.utils.deterministic.fill_uninitialized_memory,  # type: ignore[attr-defined]
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    )


def _set_flags(flags: tuple[int, bool, bool, bool]) -> None:
    mode, fill, cudnn, benchmark = flags
    # sets what use_deterministic_algorithms sets, without importing torch's compiler first
    torch.set_deterministic_debug_mode(mode)
    torch.utils.deterministic.fill_uninitialized_memory = fill  # type: ignore[attr-defined]
    torch.backends.cudnn.deterministic = cudnn
    torch.backends.cudnn.benchmark = benchmark
