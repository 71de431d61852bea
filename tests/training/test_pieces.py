"""The pieces of a run called one by one, as a recipe with several rounds does: rows of no folder, no command."""

from pathlib import Path
from typing import Any

import pytest
from training import RECORDS, dataset, facts, trained, weights, written

from synth.models import load
from synth.training import finish, mixture
from synth.training.facts import facts as facts_of
from synth.training.fit import fit, save
from synth.training.folder import Run
from synth.training.model import starting_model
from synth.training.rows import prepare
from synth.training.trainer import find

LEARNING: dict[str, Any] = {"max_steps": 120, "lr": 3e-3, "batch_size": 8, "schedule": "constant"}


@pytest.mark.parametrize("name", ["llama", "t5"])
def test_two_rounds_over_rows_of_no_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load.quiet_libraries()
    from synth.training import loop

    trainer, place, said = find(name), loop.place(), []
    architecture = trainer.architecture
    for number, records in enumerate((RECORDS[:4], RECORDS), start=1):  # the second round has seen more
        config = trainer.settled(trainer.config(data=[], from_scratch="tiny", **LEARNING))
        parts = [mixture.of_rows(f"round-{number}", records)]
        begun = facts_of(name, config, parts)
        prepared = prepare(architecture, config, parts, [], said.append)
        model = starting_model(architecture, config, prepared)
        with Run(tmp_path / f"round-{number}") as run:
            run.begin(begun, resume=False)
            fitted = fit(architecture, config, prepared, model, run, place, quiet=True)
            finish.complete(fitted, architecture, begun, save(fitted, architecture, config))
    assert sum("rows, 0.0% cut" in line for line in said) == 2
    assert facts(tmp_path / "round-1")["data"][0] | {"sha256": ""} == {
        "folder": "round-1", "split": "train", "rows": 4, "weight": 1.0, "sha256": "", "task": "sums",
    }  # fmt: skip
    known = [record.completion for record in RECORDS]
    assert written(tmp_path / "round-1", [record.prompt for record in RECORDS[:4]]) == known[:4]
    assert written(tmp_path / "round-2", [record.prompt for record in RECORDS]) == known
    same = trained(name, tmp_path / "run", [dataset(tmp_path / "sums", {"train": RECORDS})], **LEARNING)
    assert weights(same) == weights(tmp_path / "round-2")
