import io

import numpy as np
import pytest

from services.enrich.nlp.arrays import (
    Arrays,
    decode_strings,
    encode_strings,
    pack_arrays,
    unpack_arrays,
)
from services.enrich.nlp.artefacts import load_artefact
from services.enrich.nlp.lexicon import Lexicon


def test_arrays_come_back_as_they_were() -> None:
    arrays: Arrays = {
        "bytes": np.arange(6, dtype=np.int8).reshape(2, 3),
        "halves": np.array([0.1, -2], "<f2"),
        "number": np.array(0.1),
        "columns": np.arange(6, dtype="<u2").reshape(2, 3).T,
    }

    found = unpack_arrays(pack_arrays(arrays))

    assert list(found) == list(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert found[name].tolist() == array.tolist()
        assert found[name].flags.c_contiguous


def test_equal_arrays_give_equal_bytes_on_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    arrays: Arrays = {"numbers": np.arange(9), "words": encode_strings(["a", "b"])}
    content = pack_arrays(arrays)

    monkeypatch.setattr("time.time", lambda: 2e9)

    assert pack_arrays(arrays) == content


def test_a_pickled_object_is_neither_written_nor_read() -> None:
    arrays = {"objects": np.array([{}])}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=True, **arrays)

    with pytest.raises(ValueError, match="pickle"):
        pack_arrays(arrays)
    with pytest.raises(ValueError, match="pickle"):
        unpack_arrays(file.getvalue())


@pytest.mark.parametrize("strings", [[""], ["a"], ["", "é", "two words", ""]])
def test_strings_come_back_as_they_were(strings: list[str]) -> None:
    assert decode_strings(encode_strings(strings)) == strings


@pytest.mark.parametrize("strings", [[], ["a\nb"]])
def test_strings_that_would_not_come_back_are_refused(strings: list[str]) -> None:
    with pytest.raises(ValueError, match="line breaks"):
        encode_strings(strings)


def test_the_committed_lexicon_is_written_as_it_was_read() -> None:
    content = load_artefact("lexicon").content

    assert pack_arrays(Lexicon.from_arrays(unpack_arrays(content)).to_arrays()) == content
