"""What the tests of `synth probe` share: a dataset, and two tiny models that learned some of its rows by heart."""

from pathlib import Path

import pytest
import rule_models
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


EXPRESSIONS = (
    "[MAX 3 [MIN 4 7 ] ]", "[MIN 9 [MAX 2 5 ] [SUM 8 8 ] ]", "[SUM 1 [MED 2 9 4 ] 8 ]", "[MIN 6 [SUM 9 8 ] ]",
    "[MAX 1 [MIN 8 9 ] ]",
)  # fmt: skip


@pytest.fixture(scope="session")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data`, and two models of which it is known whether they follow their rationales."""
    folder = tmp_path_factory.mktemp("ruled")
    rows = [rule_models.row(number, expression) for number, expression in enumerate(EXPRESSIONS)]
    write_dataset(folder / "data", {"test": rows}, config={"modulus": 10}, builder="listops", made_by="x")
    for rule in ("follows", "ignores"):
        rule_models.make(folder / rule, rule, rows)
    return folder
