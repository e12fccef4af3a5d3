"""The file format of models that consist of arrays: NumPy's compressed ``.npz``.

Strings are kept as one array of UTF-8 bytes, a line each.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Arrays = dict[str, NDArray[Any]]


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The content of an ``.npz`` file. Equal arrays give equal bytes: NumPy dates every member
    to 1 January 1980.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **contiguous)
    return content.getvalue()


def unpack_arrays(content: bytes) -> Arrays:
    """The arrays of an ``.npz`` file, by name. Nothing in the file is executed."""
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        return dict(archive)


def encode_strings(strings: Sequence[str]) -> NDArray[np.uint8]:
    """Strings as one array.

    :raises ValueError: there is none, or one holds a line break.
    """
    content = "\n".join(strings)
    if content.count("\n") + 1 != len(strings):
        raise ValueError("strings of an array must be at least one, and without line breaks")
    return np.frombuffer(content.encode(), np.uint8)


def decode_strings(array: NDArray[np.uint8]) -> list[str]:
    """The strings of an array that `encode_strings` made."""
    return array.tobytes().decode().split("\n")
