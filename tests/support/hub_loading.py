"""Repositories of the Hub on this machine read by the real `datasets`, in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from hub_use import environment
from loopback_hub import Hub

LOAD = """
import json, sys, datasets
from datasets import load_dataset
datasets.disable_progress_bars()
one, other = (load_dataset(*json.loads(place)) for place in sys.argv[1:3])
assert list(one) == list(other), (list(one), list(other))
for split in one:
    assert one[split].features == other[split].features, (one[split].features, other[split].features)
    assert one[split].to_list() == other[split].to_list(), split
print(json.dumps({split: [rows.num_rows, list(rows.features)] for split, rows in one.items()}))
"""


def loaded_alike(hub: Hub, tmp_path: Path, one: list[object], other: list[object]) -> dict[str, list[object]]:
    """Load both places in another process; answers rows and columns of each split when they are equal."""
    places = [json.dumps([str(word) for word in place]) for place in (one, other)]
    env = {**os.environ, **environment(hub), "HF_HOME": str(tmp_path / "hf")}
    done = subprocess.run([sys.executable, "-c", LOAD, *places], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, list[object]] = json.loads(done.stdout)
    return found
