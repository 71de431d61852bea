"""`synth train ... --push`: the finished model on a Hub of this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_use import taking_models
from loopback_hub import Hub
from training import RECORDS, dataset, facts, micro, trained

from synth.errors import HubError, UsageError

SHORT = {"max_steps": 2, "batch_size": 4}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from taking_models(monkeypatch)


@pytest.fixture
def words(tmp_path: Path) -> tuple[Path, str]:
    return dataset(tmp_path / "sums", {"train": RECORDS}), str(micro(tmp_path / "model", "llama"))


def test_the_model_is_released_without_its_checkpoints(hub: Hub, words: tuple[Path, str], tmp_path: Path) -> None:
    data, model = words
    run = trained("llama", tmp_path / "run", [data], {"push": "ada/sums"}, model=model, **SHORT)
    files = hub.repos["ada/sums"].at("main").files
    there = {"model.safetensors", "config.json", "tokenizer.json", "README.md", "synth-run.json", "log.jsonl"}
    assert there <= files.keys()
    assert not any(name.startswith("checkpoints") for name in files)
    assert files["model.safetensors"].content == (run / "model.safetensors").read_bytes()


def test_a_push_that_is_refused_leaves_the_run_complete(hub: Hub, words: tuple[Path, str], tmp_path: Path) -> None:
    data, model = words
    with pytest.raises(HubError, match="is complete in"):
        trained("llama", tmp_path / "run", [data], {"push": "somebody/sums"}, model=model, **SHORT)
    assert facts(tmp_path / "run")["complete"]
    trained("llama", tmp_path / "run", [data], {"push": "ada/sums"}, model=model, **SHORT)  # not trained again
    assert "ada/sums" in hub.repos


def test_a_name_that_cannot_be_is_found_before_anything_is_trained(
    hub: Hub, words: tuple[Path, str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="org/name"):
        trained("llama", tmp_path / "run", [words[0]], {"push": "sums"}, model=words[1], **SHORT)
    assert not (tmp_path / "run").exists()
