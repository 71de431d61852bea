"""The Python functions of the verbs: typed, light to import, and at home in notebooks and threads."""

import asyncio
import inspect
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving

import synth

VERBS = (
    "build",
    "card",
    "distill",
    "evaluate",
    "export",
    "import_data",
    "judge",
    "load",
    "pull",
    "push",
    "report",
    "train",
    "validate",
)
HEAVY = (
    "torch",
    "transformers",
    "datasets",
    "pandas",
    "great_expectations",
    "numpy",
    "pyarrow",
    "openai",
    "typer",
    "rich",
)
SMALL = {"train": 6, "validation": 2, "test": 3, "test_beyond": 0, "digits": "1-2", "quiet": True}


def test_import_loads_nothing_heavy() -> None:
    code = f"import sys, synth; print([name for name in {HEAVY!r} if name in sys.modules], len(dir(synth)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[] ")


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_a_function_that_says_what_it_does(name: str) -> None:
    function = getattr(synth, name)
    assert function.__name__ == name
    first = (inspect.getdoc(function) or "").splitlines()[0]
    assert first.endswith((".", "`"))
    assert inspect.signature(function).parameters
    assert name in dir(synth)


def test_a_name_that_there_is_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'biuld': there are"):
        synth.biuld  # type: ignore[attr-defined]  # noqa: B018


# mypy as a user has it, but that it does not read the libraries below ours, which takes four times as long as ours.
CHECKED = """
[mypy]
strict = True
mypy_path = typings
follow_imports = silent
cache_dir = /dev/null
[mypy-{}]
follow_imports = skip
"""
BELOW = (
    "accelerate", "datasets", "genai_prices", "great_expectations", "huggingface_hub", "jinja2", "matplotlib", "numpy",
    "openai", "orjson", "pandas", "peft", "pyarrow", "rich", "ruamel", "scipy", "tenacity", "torch", "transformers",
    "typer",
)  # fmt: skip


def test_type_checkers_know_the_keywords(tmp_path: Path) -> None:
    """Each wrong line is told, and the right ones pass, also with texts for paths and handles for folders."""
    config = tmp_path / "mypy.ini"
    config.write_text(CHECKED.format(",".join(f"{name}.*" for name in BELOW)))
    script = tmp_path / "uses.py"
    script.write_text(
        "import synth\n"
        "data = synth.load('data')\n"
        "reveal_type(data)\n"
        "synth.export(data, to='messages', out='x')\n"
        "synth.export(data, to='mesages', out='x')\n"
        "synth.export(data, out='x')\n"
        "synth.validate('data', stepz=False)\n"
        "reveal_type(synth.evaluate(model='m', data=data).metrics)\n"
        "synth.distill(task='gsm8k', source='q.jsonl', out='x', teacher='m', temperature=0.2)\n"
    )
    told = subprocess.run(
        [sys.executable, "-m", "mypy", f"--config-file={config}", str(script)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    wrong = {int(line.split(":")[1]) for line in told.splitlines() if "uses.py" in line and ": error:" in line}
    assert wrong == {5, 6, 7}, told
    assert "synth.data.handles.Dataset" in told
    assert "dict[str, Any]" in told


def test_the_way_through_handles(tmp_path: Path) -> None:
    sums = synth.build("arithmetic", out=tmp_path / "sums", **SMALL)
    assert sums.splits == {"train": 6, "validation": 2, "test": 3}
    assert repr(sums).startswith(f"Dataset({str(tmp_path / 'sums')!r}, 6 train")
    assert [row.answer for row in sums.rows()] == [row.answer for row in sums["train"]]
    (result,) = synth.validate(sums, quiet=True)
    assert result.success
    assert synth.card(str(tmp_path / "sums"), quiet=True).text.startswith("---\n")
    exported = synth.export(sums, to="messages", out=tmp_path / "messages", split="train")
    assert exported.rows == {"default": {"train": 6}}
    frame = sums.to_pandas("test")
    assert list(frame["answer"]) == [row.answer for row in sums.rows("test")]
    assert "meta.digits" in frame.columns
    assert sums.to_datasets("train").num_rows == 6
    assert set(sums.to_datasets()) >= {"train", "validation", "test"}
    judged = synth.judge(sums, judge="steps", out=tmp_path / "judged")
    assert judged.dataset is not None
    assert next(judged.dataset.rows()).provenance == {
        "verdicts": [{"judge": "steps", "verdict": "right", "detail": ""}]
    }


def test_several_datasets_in_one_folder(tmp_path: Path) -> None:
    sizes = {"train": 3, "validation": 0, "test": 0, "test_longer": 0, "test_larger": 0}
    explained = synth.build("listops", explain="all", out=str(tmp_path), quiet=True, **sizes)
    assert set(explained.members) == {"none", "short", "medium", "long"}
    assert synth.load(tmp_path, "medium").splits["train"] == 3
    with pytest.raises(synth.SynthError, match=r"several datasets: take one of \.members, which are"):
        explained.splits  # noqa: B018
    with pytest.raises(synth.SynthError, match="no dataset 'meduim': there are"):
        synth.load(tmp_path, "meduim")


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda out: synth.build("listop", out=out), "did you mean 'listops'"),
        (lambda out: synth.build("listops", out=out, trian=3), "has no keyword trian; did you mean 'train'"),
        (lambda out: synth.build("listops"), r"synth.build\(.listops.\) needs out: folder"),
        (lambda out: synth.build("listops", out=out, train="many"), "--train many: a whole number"),
        (lambda out: synth.build("listops", out=out, explain="lots"), "--explain lots: one of"),
        (lambda out: synth.train("llama", data=[out]), "give --model|needs --out|give --out"),
        (lambda out: synth.export(out, to="dpoo", out="x"), "did you mean 'dpo'"),
        (lambda out: synth.load(out / "nothing"), "nothing"),
        (lambda out: synth.evaluate(model="m", data=out, prompting="both"), "call evaluate for 'rationale' and"),
    ],
)
def test_a_mistake_is_one_error_of_ours(call: Callable[[Path], Any], line: str, tmp_path: Path) -> None:
    with pytest.raises(synth.SynthError, match=line) as told:
        call(tmp_path / "out")
    assert "\n" not in str(told.value)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text(
        "".join(json.dumps({"id": f"q{i}", "question": f"Which is {i}?", "label": str(i)}) + "\n" for i in range(4))
    )
    return path


def right(request: dict[str, Any], times: int) -> Answer:
    number = request["messages"][-1]["content"].split("Which is ")[1].split("?")[0]
    return Answer(f"It is what it is. The answer is {number}.")


def distilled(url: str, questions: Path, out: Path) -> Any:
    return synth.distill(task="gsm8k", source=questions, out=out, teacher="m", base_url=url, quiet=True)


def test_inside_a_running_event_loop(questions: Path, tmp_path: Path) -> None:
    async def cell(url: str) -> Any:
        return distilled(url, questions, tmp_path / "out")

    with serving(right) as teacher:
        outcome = asyncio.run(cell(teacher.url))
    assert (outcome.rows, outcome.complete, len(outcome.dataset["train"])) == (4, True, 4)


def test_in_a_thread_that_is_not_the_main_one(questions: Path, tmp_path: Path) -> None:
    done: list[Any] = []
    with serving(right) as teacher:
        thread = threading.Thread(target=lambda: done.append(distilled(teacher.url, questions, tmp_path / "out")))
        thread.start()
        thread.join()
    assert done[0].rows == 4


def test_on_a_loop_without_signal_handlers(questions: Path, tmp_path: Path) -> None:
    """As on Windows, where there is no fcntl either."""
    code = (
        "import asyncio, runpy, sys\n"
        "def refuse(*_): raise NotImplementedError\n"
        "asyncio.SelectorEventLoop.add_signal_handler = asyncio.SelectorEventLoop.remove_signal_handler = refuse\n"
        "sys.modules['fcntl'] = None\n"
        "runpy.run_module('synth', run_name='__main__')\n"
    )
    with serving(right) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", questions, "--teacher", "m", "--base-url", teacher.url]
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, words), "--out", str(tmp_path / "out")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 rows written" in done.stdout


INTERRUPTED = """
import asyncio, os, signal, sys, threading, synth

async def cell():
    return synth.distill(
        task="gsm8k", source=sys.argv[2], out=sys.argv[3], teacher="m", base_url=sys.argv[1], quiet=True, concurrency=1
    )

print("ready", flush=True)
outcome = asyncio.run(cell())
print(outcome.why, outcome.rows, flush=True)
"""


def test_ctrl_c_in_a_notebook_waits_for_what_is_in_flight(questions: Path, tmp_path: Path) -> None:
    """The first question is answered after Ctrl-C has come; the other questions are not asked."""
    asked, let_go = threading.Event(), threading.Event()

    def script(request: dict[str, Any], times: int) -> Answer:
        asked.set()
        let_go.wait()
        return right(request, times)

    with serving(script) as teacher:
        words = [sys.executable, "-c", INTERRUPTED, teacher.url, str(questions), str(tmp_path / "out")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
            assert asked.wait()
            os.kill(child.pid, 2)
            let_go.set()
            said, _ = child.communicate()
    assert said.splitlines()[-1] == "interrupted 1"
