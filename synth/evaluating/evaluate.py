"""Measures models on the splits of datasets: `synth eval`."""

from dataclasses import replace
from pathlib import Path

from synth.base.config import command, verb
from synth.base.terminal import progress, sayer
from synth.cards.model import write_model_card
from synth.data.handles import Evaluation
from synth.errors import UsageError
from synth.evaluating.job import Job, Result, decoding_from, default_out
from synth.evaluating.options import Evaluate
from synth.evaluating.prompts import Prompting
from synth.evaluating.run import carry_out


def run(asked: Evaluate) -> list[Result]:
    """Measure a model on a dataset, asked in one way or in both.

    A checkpoint writes here, in batches; a server is asked. What was written is kept as it comes: the same call resumes
    an evaluation that was stopped. Returns one result a way of asking. Raises UsageError for options that do not go
    together, FolderError, SourceError and MissingExtraError for what is not there.
    """
    say, results = sayer(asked.quiet, "synth: "), []
    for job in jobs_from(asked):
        with progress(asked.quiet) as report:
            results.append(carry_out(job, say, report))
        write_model_card(job.run or Path(job.model))
    return results


def jobs_from(asked: Evaluate) -> list[Job]:
    """A job for each way of asking."""
    both: list[Prompting] = ["rationale", "direct"]
    return [_job(asked, prompting) for prompting in (both if asked.prompting == "both" else [asked.prompting])]


def _job(asked: Evaluate, prompting: Prompting) -> Job:
    sampling = (asked.samples, asked.temperature, asked.max_new_tokens, asked.batch_size, asked.seed)
    decoding, served, direct = decoding_from(*sampling), asked.model_name or "", prompting == "direct"
    out = asked.out
    if out is None:
        out = default_out(asked.model, served, asked.data, asked.split, direct, decoding.samples, asked, asked.codes)
        out = out.with_name(f"{out.name}-confidence") if asked.confidence == "answer" else out
    elif direct and asked.prompting == "both":
        out = out.with_name(f"{out.name}-direct")
    names = ("model", "data", "split", "limit", "run", "plain", "rewards", "codes", "overwrite", "confidence")
    same = {name: getattr(asked, name) for name in names}
    stop = tuple(text.replace("\\n", "\n").replace("\\t", "\t") for text in asked.stop)
    again = command("synth eval", replace(asked, prompting=prompting))
    return Job(
        **same,
        out=out,
        prompting=prompting,
        decoding=decoding,
        served=served,
        others=asked.base_url,
        limits=asked,
        command=again,
        stop=stop,
        reward=asked.reward,
        shots=asked,
    )


def run_one(asked: Evaluate) -> Evaluation:
    """Measure a model, a checkpoint or one behind a server, on a split of a dataset.

    What was written is kept as it comes: the same call resumes an evaluation that was stopped. Returns the evaluation,
    whose folder has the figures and every output. Raises UsageError for keywords that do not go together, FolderError,
    SourceError and MissingExtraError for what is not there.
    """
    if asked.prompting == "both":
        raise UsageError("prompting='both' makes two evaluations: call evaluate for 'rationale' and for 'direct'")
    (result,) = run(asked)
    return Evaluation(result.job.out)


evaluate = verb("evaluate", Evaluate, run_one)
