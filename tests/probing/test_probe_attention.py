"""`synth probe attention` over rows that tiny models know, from the command to the folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from tiny_models import listops, write_dataset

from synth.errors import FolderError, UsageError
from synth.models.load import load
from synth.probing import attention
from synth.probing.options import size_of
from synth.probing.probe import probe
from synth.probing.show import show

ROWS = [listops(number) for number in range(6)]
IDS = [row.id for row in ROWS]


@pytest.fixture(scope="module", params=["enc", "dec"])
def looked(probed: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("attention") / "probe"
    (result,) = probe("attention", probed / request.param, probed / "data", out=out, max_new_tokens=40, quiet=True)
    return request.param, result


def test_the_folder_has_figures_rows_and_pictures(looked: Any) -> None:
    model, result = looked
    facts = json.loads((result.out / "probe.json").read_text())
    rows = [orjson.loads(line) for line in (result.out / "rows.jsonl").read_bytes().splitlines()]
    assert [row["id"] for row in rows] == IDS
    kinds = ["cross", "self", "encoder"] if model == "enc" else ["self"]
    assert list(facts["figures"]) == kinds
    names = {"maps", "shares", "steps", "heads"} | ({"encoder"} if model == "enc" else set())
    assert {path.name for path in result.out.glob("*.png")} == {
        f"{n}-{p}.png" for n in names for p in ("light", "dark")
    }
    assert facts["attention"] == "mean of all layers and heads"
    assert facts["counts"]["rows"] == 6 == sum(facts["counts"][name] for name in ("right", "wrong", "loops"))
    assert {one["as"] for one in facts["drawn"]} <= {"right", "wrong", "loops"}


def test_shares_add_up_to_one_whatever_they_are_shares_of(looked: Any) -> None:
    _, result = looked
    for row in result.rows:
        for kind, shares in row["shares"].items():
            assert sum(shares.values()) == pytest.approx(1, abs=1e-4)
            assert sum(row["uniform"][kind].values()) == pytest.approx(1, abs=1e-4)
        for steps in row["by_step"].values():
            assert all(sum(step.values()) == pytest.approx(1, abs=1e-4) for step in steps if step is not None)
    for kind, layers in result.facts["layers"].items():
        heads = [sum(parts) for layer in zip(*layers.values(), strict=True) for parts in zip(*layer, strict=True)]
        assert len(heads) == 4, kind
        assert heads == pytest.approx([1] * 4, abs=1e-4)


def test_means_and_intervals_are_those_of_the_rows(looked: Any) -> None:
    _, result = looked
    for kind, groups in result.facts["figures"].items():
        for part, figure in groups["all"].items():
            values = [row["shares"][kind][part] for row in result.rows if part in row["shares"][kind]]
            assert figure["value"] == pytest.approx(sum(values) / len(values), abs=1e-5)
            assert figure["low"] <= figure["value"] <= figure["high"]
            assert figure["n"] == len(values)


def test_a_share_is_what_a_plain_pass_of_transformers_gives(probed: Path, looked: Any) -> None:
    import torch

    name, result = looked
    checkpoint, row = load(str(probed / name)), result.rows[0]
    prompt = "[MAX 0 0 0 ]"
    (read,) = checkpoint.encode([prompt], False)
    written = checkpoint.own(checkpoint.written([read], ["x"], _greedy())[0])
    model = checkpoint.model
    model.set_attn_implementation("eager")
    assert row["tokens"] == {"prompt": len(read), "written": len(written)}
    with torch.no_grad():
        if name == "dec":
            whole = model(input_ids=torch.tensor([read + written[:-1]]), output_attentions=True).attentions
            lines = torch.stack(whole)[:, 0].mean(dim=(0, 1))[len(read) - 1 :]
            question = slice(1, len(read))
        else:
            begun = torch.tensor([checkpoint.starts(1, None)[0] + written[:-1]])
            out = model(input_ids=torch.tensor([read]), decoder_input_ids=begun, output_attentions=True)
            lines, question = torch.stack(out.cross_attentions)[:, 0].mean(dim=(0, 1)), slice(1, len(read) - 1)
    share = float(lines[:, question].sum(dim=-1).mean())
    assert row["shares"]["self" if name == "dec" else "cross"]["question"] == pytest.approx(share, abs=1e-5)


def _greedy() -> Any:
    from synth.models.generate import Decoding

    return Decoding(max_new_tokens=40)


def test_one_head_along_the_gold_target_of_the_rows_asked_for(
    probed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_pictures", lambda *_: {})  # they take longer than all else
    given = {"target": "gold", "layer": 1, "head": 0, "limit": 2, "row": IDS[4], "quiet": True}
    (result,) = probe("attention", probed / "dec", probed / "data", out=tmp_path / "p", **given)
    assert result.facts["attention"] == "layer 1, head 0"
    assert result.facts["counts"] == {
        "rows": 2,
        "right": 2,
        "wrong": 0,
        "loops": 0,
    }  # not the drawn one
    assert [one["id"] for one in result.facts["drawn"]] == [IDS[4]]
    row = result.rows[2]
    assert row["id"] == IDS[4]
    assert row["output"].strip().endswith("answer is 4")
    assert result.facts["layers"]["self"]["question"][1][0] == pytest.approx(
        sum(row["shares"]["self"]["question"] for row in result.rows[:2]) / 2, abs=1e-5
    )


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"row": "nobody"}, FolderError, "--row nobody: no row of .* has that id: give one such as listops/0"),
        ({"layer": 2}, UsageError, "--layer 2: the model has layers 0 to 1"),
        ({"head": 7}, UsageError, "--head 7: a layer has heads 0 to 1"),
        ({"memory": "2 bananas"}, UsageError, "--memory '2 bananas' is no size: give it as 500MB or 2GB"),
        (
            {"memory": "0.0001MB"},
            UsageError,
            "the weights of one layer .* take 1 MB: give --memory 1MB",
        ),
    ],
)
def test_what_cannot_be_looked_at(
    probed: Path, tmp_path: Path, given: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        probe("attention", probed / "dec", probed / "data", out=tmp_path / "p", max_new_tokens=8, limit=1, quiet=True,
              **given)  # fmt: skip
    assert not (tmp_path / "p").exists()


def test_sizes() -> None:
    assert [size_of(text) for text in ("2GB", "500MB", "1.5g", "300 MiB", "2", "GB", "-1GB")] == [
        2 * 10**9, 5 * 10**8, 15 * 10**8, 3 * 10**8, 0, 0, 0,
    ]  # fmt: skip


def test_what_is_printed(looked: Any, capsys: pytest.CaptureFixture[str]) -> None:
    model, result = looked
    show([result])
    said = capsys.readouterr().out.splitlines()
    (line,) = [line for line in said if "question" in line and (" cross " in line or model == "dec")]
    figure = result.facts["figures"]["cross" if model == "enc" else "self"]["all"]["question"]
    assert f"{figure['value']:.1%} (" in line
    assert line.split()[-1] == f"{figure['uniform']:.1%}"


def test_a_row_without_room_is_not_drawn(probed: Path, tmp_path: Path) -> None:
    long = replace(ROWS[0], id="long", prompt=ROWS[0].prompt * 60)
    data = write_dataset(tmp_path / "data", {"test": [*ROWS[:2], long]}, config={"modulus": 10}, builder="listops")
    given = {"out": tmp_path / "p", "quiet": True, "target": "own", "max_new_tokens": 4}
    with pytest.raises(UsageError, match="the prompt of long is too long for the model: take one with more room"):
        probe("attention", probed / "dec", data, row="long", **given)
