"""Controls: what as much training gives without the loop.

few-shot-only    as many steps on the demonstrations alone, and on what else is mixed in (--keep): a base that has not
                 converged gains by these as well
direct           as many steps on as many gold answers without rationales
"""

import shutil
import time
from typing import Any

from synth.base.files import facts_if_whole
from synth.base.terminal import Say
from synth.bootstrapping import figures, folder, notices
from synth.bootstrapping.folder import MEASURED, TRAINED
from synth.bootstrapping.loop import Loop
from synth.data.names import CONTROLS, METRICS
from synth.errors import UsageError


def run_all(loop: Loop, best: int, shots: list[str], say: Say) -> None:
    """Train and measure the controls that are asked for, beside the best iteration."""
    done = folder.iterations(loop.run)
    for name in loop.config.control:
        found = run(loop, name, done[best], shots)
        say(f"control {name}: {found['trained']['steps']:,} steps, {figures.accuracy(found):.1%} held out")
        for warning in notices.of_control(name, done[0], done[best], found):
            say(f"warning: {warning}")


def run(loop: Loop, name: str, best: dict[str, Any], shots: list[str]) -> dict[str, Any]:
    """One control: as many steps as the best iteration had."""
    place = loop.run / CONTROLS / name
    if (there := facts_if_whole(place / METRICS)).get("beside") == best["iteration"]:
        return there
    if there:  # beside another iteration, before the loop went on
        shutil.rmtree(place)
    began = time.monotonic()
    steps = _steps(loop, best)
    data, changed = _data(loop, name, best, shots)
    trained = loop.stages.train(place / TRAINED, data, steps, model=str(loop.base), from_scratch=None, **changed)
    measured = loop.measure(place / TRAINED, place / MEASURED)
    found = {
        "control": name, "beside": best["iteration"], "trained": {"steps": steps, "loss": trained["loss"]},
        "held": figures.held(measured), "seconds": {"control": round(time.monotonic() - began, 3)},
    }  # fmt: skip
    folder.write_facts(place / METRICS, found)
    return found


def _steps(loop: Loop, best: dict[str, Any]) -> int:
    """Those of the best iteration's training; all before it too if each went on from the one before."""
    if loop.config.from_ == "base":
        return int(best["trained"]["steps"])
    return sum(one["trained"]["steps"] for one in folder.iterations(loop.run)[1 : best["iteration"] + 1])


def _data(loop: Loop, name: str, best: dict[str, Any], shots: list[str]) -> tuple[list[str], dict[str, Any]]:
    if name == "few-shot-only":
        if not (alone := [*loop.mixed] or shots):
            raise UsageError("--control few-shot-only: there are no demonstrations; give --shots, or leave it out")
        return alone, {}
    rows = best["kept"]["rows"]
    plain = folder.write_rows(
        loop.run / CONTROLS / name / "data", list(loop.questions.asked)[:rows], loop.questions.like, "train"
    )
    return [str(plain)], {"target": "answer"}
