"""How long a distillation takes beside bare loops over the same server, and how much memory it needs:

    python benchmarks/distilling.py --questions 2000 --latency 0.2 --json

A server on this machine, in a process of its own, answers each attempt at a question right with a chance of one half.
Three whole processes, start-up included, take turns at asking every question until its answer is right, at most 10
times, with 512 requests in flight: a bare aiohttp loop, a bare loop over AsyncOpenAI as it comes, and `synth distill`
with its store, limits, meter and provenance. Each has a fresh server, so all get the same replies. Figures are medians;
only ratios of one run carry over to other machines.
"""

import argparse
import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

IN_FLIGHT = 512
ATTEMPTS = 10
RUNS = {"aiohttp": "bare aiohttp loop", "openai": "bare AsyncOpenAI loop", "synth": "synth distill"}
TESTS = Path(__file__).parents[1] / "tests" / "support"
PROMPT = (
    'Solve the problem. Close with a line "The answer is x.", where x is a number.\n\n'
    "Question: {question}\nAnswer: Let's think step by step."
)
RATIONALE = " ".join(f"Step {step}: of the {step * 7} there were, {step * 3} are left." for step in range(1, 11))


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a distillation takes, beside bare loops.")
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.2, help="seconds the server takes for a reply")
    parser.add_argument("--times", type=int, default=3, help="times that each is run; the median counts")
    parser.add_argument("--big", action="store_true", help="memory with 200,000 questions, too")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--only", choices=("time", "memory"), help="only these figures")
    given = parser.parse_args()
    figures: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        if given.only != "memory":
            figures += beside_bare_loops(given.questions, given.latency, given.times, Path(folder))
        if given.only != "time":
            figures += memory((1000, 20_000, *[200_000] * given.big), Path(folder))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def beside_bare_loops(questions: int, latency: float, times: int, folder: Path) -> list[dict[str, Any]]:
    """Wall and CPU seconds of the three, taking turns, and ours as multiples of the others'."""
    source = write_questions(questions, folder)
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in RUNS}
    for turn in range(times):
        for name in RUNS if turn % 2 else reversed(RUNS):
            figures[name].append(measured(name, source, latency, folder / f"{name}-{turn}"))
    rights = {each["right"] for runs in figures.values() for each in runs}
    if len(rights) != 1:
        sys.exit(f"they did not do the same work: {rights} questions answered right")
    units = ("wall_s", "cpu_s", "peak_mb")
    medians: list[dict[str, Any]] = [
        {"what": what, "questions": questions}
        | {unit: statistics.median(each[unit] for each in figures[name]) for unit in units}
        for name, what in RUNS.items()
    ]
    for each in medians:
        each["wall_to_aiohttp"] = each["wall_s"] / medians[0]["wall_s"]
        each["wall_to_openai"] = each["wall_s"] / medians[1]["wall_s"]
    return medians


def memory(sizes: tuple[int, ...], folder: Path) -> Iterator[dict[str, Any]]:
    """Peak memory of `synth distill` does not grow with the questions; the request store does."""
    for questions in sizes:
        source, out = write_questions(questions, folder), folder / f"memory-{questions}"
        asked = measured("synth", source, 0.0, out)
        store = out / "requests.sqlite"
        yield {"what": f"synth distill, {questions:,}, no latency", "questions": questions, **asked,
               "store_mb": store.stat().st_size / 2**20}  # fmt: skip
        replay = measured("synth", source, 0.0, folder / f"replay-{questions}", "--cache", store)
        yield {"what": f"the same out of the store, {questions:,}", "questions": questions, **replay}


def measured(name: str, source: Path, latency: float, out: Path, *words: object) -> dict[str, Any]:
    """Wall seconds, CPU seconds and peak memory of one whole process."""
    with server(latency) as url:
        command = [sys.executable, __file__, "--ask", name, url, str(source), str(out)]
        if name == "synth":
            command = [
                sys.executable, "-m", "synth", "distill", "--task", "gsm8k", "--source", str(source), "--out", str(out),
                "--teacher", "loopback", "--base-url", url, "--max-attempts", str(ATTEMPTS),
                "--concurrency", str(IN_FLIGHT), "--quiet", *map(str, words),
            ]  # fmt: skip
        start = time.perf_counter()
        child = subprocess.Popen(command)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    with (out / "train.jsonl").open("rb") as rows:
        right = sum(1 for _ in rows)
    return {
        "wall_s": wall, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024, "right": right,
    }  # fmt: skip


@contextmanager
def server(latency: float) -> Iterator[str]:
    """The address of a server in a process of its own."""
    command = [sys.executable, __file__, "--serve", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child.stdout.readline().strip() if child.stdout else ""
        finally:
            child.kill()


def serve(latency: float) -> None:
    """The loopback teacher of the tests; whether a reply is right is drawn for each attempt at a question."""
    sys.path.insert(0, str(TESTS))
    import loopback

    def script(request: dict[str, Any], times: int) -> Any:
        number = int(request["messages"][-1]["content"].partition("Which number is ")[2].partition("?")[0])
        right = hashlib.blake2b(b"%d %d" % (number, times), digest_size=1).digest()[0] < 128
        said = number if right else number + 1
        return loopback.Answer(f"{RATIONALE} It is look-up {times}.\nThe answer is {said}.", delay=latency)

    teacher = loopback.Loopback(script)
    teacher.keep = False
    teacher._loop.run_until_complete(teacher.run(0, lambda: print(teacher.url, flush=True)))


def write_questions(count: int, folder: Path) -> Path:
    path = folder / f"questions-{count}.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for number in range(count):
            question = f"A hall has {number % 97} rows, and more chairs than one can count. Which number is {number}?"
            out.write(json.dumps({"id": f"q{number}", "question": question, "label": str(number)}) + "\n")
    return path


Ask = Callable[[str], Awaitable[str]]


async def ask_aiohttp(url: str, source: Path, out: Path) -> None:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(prompt: str) -> str:
            body = {"model": "loopback", "messages": [{"role": "user", "content": prompt}], "temperature": 0.7}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                reply = await response.json()
                return str(reply["choices"][0]["message"]["content"])

        await until_right(ask, source, out)


async def ask_openai(url: str, source: Path, out: Path) -> None:
    import openai

    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:

        async def ask(prompt: str) -> str:
            reply = await client.chat.completions.create(
                model="loopback", messages=[{"role": "user", "content": prompt}], temperature=0.7
            )
            return reply.choices[0].message.content or ""

        await until_right(ask, source, out)


async def until_right(ask: Ask, source: Path, out: Path) -> None:
    """A bare loop: nothing is kept but the right replies, nothing is limited but the requests in flight."""
    out.mkdir()
    with source.open("rb") as lines, (out / "train.jsonl").open("w") as rows:
        questions = map(json.loads, lines)

        async def work() -> None:
            for question in questions:
                for _ in range(ATTEMPTS):
                    text = await ask(PROMPT.format(question=question["question"]))
                    if text.endswith(f"The answer is {question['label']}."):
                        rows.write(json.dumps({**question, "rationale": text}) + "\n")
                        break

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


def show(figures: list[dict[str, Any]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    columns = ("wall_s", "cpu_s", "wall_to_aiohttp", "wall_to_openai", "peak_mb", "store_mb")
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for figure in figures:
        shown = [figure.get(column) for column in columns]
        numbers = ["" if value is None else f"{value:,.{0 if value > 99 else 2}f}" for value in shown]
        table.add_row(figure["what"], *numbers)
    Console(width=140).print(table)
    print(f"{IN_FLIGHT} requests in flight at most, {os.cpu_count()} processors")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(float(sys.argv[2]))
    elif sys.argv[1:2] == ["--ask"]:
        asks = {"aiohttp": ask_aiohttp, "openai": ask_openai}
        asyncio.run(asks[sys.argv[2]](sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5])))
    else:
        main()
