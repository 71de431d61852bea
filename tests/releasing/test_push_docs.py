"""The release of docs/release.md from beginning to end, as it stands there, on a Hub of this machine."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_use import connected, contents, environment
from loopback_hub import Hub

from synth.data.manifest import members

DOCS = Path(__file__).parents[2] / "docs" / "release.md"
SMALL = "--train 30 --validation 5 --test 5 --test-longer 0 --test-larger 0"
NAME = "ada/explained-listops"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def run(hub: Hub, folder: Path, script: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **environment(hub), "PATH": path, "HF_HOME": str(folder / "hf")}
    done = subprocess.run(["bash", "-ec", script], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_of_the_release_run(hub: Hub, tmp_path: Path) -> None:
    text = DOCS.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    (python,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    script = "".join(blocks)
    assert [line.split()[1] for line in script.splitlines()] == [
        "build", "validate", "card", "push", "auth", "push", "pull",
    ]  # fmt: skip
    script = script.replace("--train 20000", SMALL).replace("hf auth login", ": HF_TOKEN is set,")
    said = run(hub, tmp_path, script)
    assert "nothing was pushed: this would go to" in said
    assert f"{hub.url}/datasets/{NAME}: pushed in commit" in said
    data, back = members(tmp_path / "data" / "explained-listops"), members(tmp_path / "back")
    assert list(data) == list(back) == ["long", "medium", "none", "short"]
    for name, folder in data.items():
        kept = {path: text for path, text in contents(folder).items() if not path.startswith(("README", "plots/"))}
        assert kept.items() <= contents(back[name]).items()
    tree = set(hub.files(NAME))
    assert {"README.md", "none/synth.json", "none/validation.json", "long/train-00000-of-00001.parquet"} <= tree
    loaded = run(hub, tmp_path, f"python - <<'end'\n{python}print(rows['train'].num_rows)\nend")
    assert loaded.split()[-1] == "30"
    # What was brought back can go out again: its validation came along, and so does every file but the card.
    assert "ada/again: pushed in commit" in run(hub, tmp_path, "synth push back ada/again")
    before, again = hub.files(NAME), hub.files("ada/again")
    for files in (before, again):
        assert files.pop("README.md").startswith(b"---\n")
    assert again == before
