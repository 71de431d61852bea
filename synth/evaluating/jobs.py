"""From the options of `synth eval` to its jobs, and one after the other through them."""

from pathlib import Path
from typing import Any

from synth.base.terminal import progress, sayer
from synth.cards.model import write_model_card
from synth.errors import UsageError
from synth.evaluating.evaluate import evaluate
from synth.evaluating.job import Job, decoding_from, default_out, is_url
from synth.evaluating.prompts import Prompting
from synth.evaluating.show import show
from synth.teachers.given import Limits


def run_evaluations(options: dict[str, Any]) -> None:
    """Evaluate in one way of asking, or in both, and show what came out.

    Raises UsageError for options that do not go together.
    """
    _check(options)
    say = sayer(options["quiet"], "synth: ")
    for job in jobs_from(options):
        with progress(options["quiet"]) as report:
            result = evaluate(job, say, report)
        write_model_card(job.run or Path(job.model))
        if not options["quiet"]:
            show(result)


def jobs_from(options: dict[str, Any]) -> list[Job]:
    """A job for each way of asking."""
    decoding = decoding_from(*(options[n] for n in ("samples", "temperature", "max_new_tokens", "batch_size", "seed")))
    limits = Limits(concurrency=options["concurrency"], budget=options["budget"], timeout=options["timeout"])
    kept = ("model", "data", "split", "limit", "run", "plain", "cache", "price", "overwrite")
    both: list[Prompting] = ["rationale", "direct"]
    jobs = []
    for prompting in both if options["prompting"] == "both" else [options["prompting"]]:
        direct, served = prompting == "direct", options["model_name"] or ""
        out = options["out"]
        if out is None:
            out = default_out(options["model"], served, options["data"], options["split"], direct, decoding.samples)
        elif direct and options["prompting"] == "both":
            out = out.with_name(f"{out.name}-direct")
        given = {name: options[name] for name in kept}
        jobs.append(Job(out=out, prompting=prompting, decoding=decoding, served=served, limits=limits, **given))
    return jobs


def _check(options: dict[str, Any]) -> None:
    wrong = []
    url = is_url(options["model"])
    if url and not options["model_name"]:
        wrong.append(f"--model {options['model']}: add --model-name, the name that the model has at that server")
    if not url:
        only = ("model_name", "run", "budget", "price", "cache")
        given = [f"--{name.replace('_', '-')}" for name in only if options[name] is not None]
        if given:
            wrong.append(f"{', '.join(given)}: only for a server, --model http://...")
    if wrong:
        raise UsageError("; ".join(wrong))
