"""What the tests of `synth probe` share: a dataset, and two tiny models that learned some of its rows by heart."""

from pathlib import Path

import pytest
from tiny_models import listops, make, write_dataset

ROWS = [listops(number) for number in range(6)]


@pytest.fixture(scope="session")
def probed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, a decoder `dec` and an encoder-decoder `enc`."""
    folder = tmp_path_factory.mktemp("probed")
    write_dataset(folder / "data", {"test": ROWS}, config={"modulus": 10}, builder="listops", made_by="x")
    make(folder / "dec", ROWS, decoder=True, steps=60)
    make(folder / "enc", ROWS, decoder=False, steps=60)
    return folder
