"""What `datasets` reads for us: folders that it saved, and rows of the Hub as they arrive."""

import json
import os
import subprocess
import sys
from pathlib import Path

import datasets
import pytest
from hub_use import environment
from huggingface_hub import HfApi
from loopback_hub import serving
from task_rows import message

from synth.distilling.job import job_from
from synth.distilling.options import Distill
from synth.errors import SourceError
from synth.questions.find import find_task
from synth.questions.loading import load


def rows(*labels: int) -> datasets.Dataset:
    return datasets.Dataset.from_list([{"question": f"What is {n}?", "label": f"00{n}"} for n in labels])


def ids(source: Path, split: str | None = None) -> list[tuple[str, str | None]]:
    return [(question.text, question.gold) for question in load(find_task("gsm8k"), str(source), split)]


def test_folders_that_datasets_saved(tmp_path: Path) -> None:
    rows(1, 2).save_to_disk(str(tmp_path / "one"))
    assert ids(tmp_path / "one") == [("What is 1?", "1"), ("What is 2?", "2")]
    both = datasets.DatasetDict({"train": rows(3), "test": rows(4), "extra": rows(5)})
    both.save_to_disk(str(tmp_path / "both"))
    assert ids(tmp_path / "both") == [("What is 3?", "3")]
    assert ids(tmp_path / "both", "test") == [("What is 4?", "4")]
    assert ids(tmp_path / "both", "extra") == [("What is 5?", "5")]
    with pytest.raises(SourceError, match="no split named for the split 'dev': it has train, test, extra") as error:
        ids(tmp_path / "both", "dev")
    message(error)
    (tmp_path / "one" / "state.json").write_text("{}")
    with pytest.raises(SourceError, match="one cannot be read"):
        ids(tmp_path / "one")


def test_what_decides_a_saved_folder_is_its_files(tmp_path: Path) -> None:
    datasets.DatasetDict({"train": rows(3), "test": rows(4)}).save_to_disk(str(tmp_path / "both"))
    asked = Distill(task="gsm8k", source=str(tmp_path / "both"), out=tmp_path / "out", teacher="gpt-4o", split="test")
    facts = job_from(asked).source_facts()
    assert facts["split"] == "test"
    assert sorted(facts["files"]) == ["test/data-00000-of-00001.arrow", "test/dataset_info.json", "test/state.json"]


FIRST = """
import sys
from itertools import islice
from synth.questions import find_task, load

task = find_task("gsm8k")
found = load(task, "ada/sums", first=sys.argv[1] == "first")
print([(question.id, question.gold) for question in islice(found, 2)])
print(sum(1 for _ in load(task, "ada/sums", "test")))
"""


@pytest.mark.parametrize("first", ["first", "all"])
def test_rows_of_the_hub_as_they_arrive(tmp_path: Path, first: str) -> None:
    """Also of a dataset of which the Hub has no Parquet copy."""
    with serving() as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("ada"))
        api.create_repo("ada/sums", repo_type="dataset")
        for split, count in (("train", 5), ("test", 3)):
            lines = [json.dumps({"question": f"What is {n}?", "label": str(n)}) + "\n" for n in range(count)]
            content = "".join(lines).encode()
            api.upload_file(
                path_or_fileobj=content, path_in_repo=f"{split}.jsonl", repo_id="ada/sums", repo_type="dataset"
            )
        env = {**os.environ, **environment(hub), "HF_HOME": str(tmp_path)}
        command = [sys.executable, "-c", FIRST, first]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[('1', '0'), ('2', '1')]\n3\n", "")
