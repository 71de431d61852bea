"""The model card of a run: README.md of its folder, with what `synth eval` measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from synth.base.files import facts_if_whole, write_whole
from synth.data.names import CARD, EVALUATIONS, METRICS, RUN
from synth.errors import FolderError, first_line
from synth.models.codes import token

LEARNED = {
    "rationale": "to write the rationale and then the answer",
    "answer": "to write the answer alone",
    "label": "to write the label of the answer alone",
    "blank": "to write meaningless tokens in place of a rationale and then the answer",
}
MEASURED, END = "<!-- what synth eval measured -->", "<!-- end of what synth eval measured -->"
LEFT_OUT = {"data", "model", "seed"}  # settings that stand elsewhere in the card


@dataclass(frozen=True)
class Words:
    """What a trainer has a card say of its models."""

    family: str  # A decoder
    auto: str  # the class of transformers that loads it: AutoModelForCausalLM


def write(folder: Path, facts: Mapping[str, Any], example: tuple[str, str], words: Words) -> None:
    """Write README.md from the facts of synth-run.json and one row: its prompt and target."""
    write_whole(folder / CARD, render(folder.resolve().name, facts, example, words).encode())


def render(name: str, facts: Mapping[str, Any], example: tuple[str, str], words: Words) -> str:
    import jinja2

    config = facts["config"]
    settings = [(key, value) for key, value in config.items() if value is not None and key not in LEFT_OUT]
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    template = environment.from_string(files("synth.cards").joinpath("model.md").read_text(encoding="utf-8"))
    base = config["model"] or config.get("start") or ""
    text = template.render({
        **facts, "name": name, "place": name, "family": words.family, "auto": words.auto, "settings": settings,
        "base": base, "on_hub": "/" in base, "learned": LEARNED[facts["target"]],
        "parameters": f"{facts['parameters']:,}", "line_break": _quoted(facts["line_break"]),
        "tasks": sorted({task for data in facts["data"] for task in data["task"].split("+")}),
        "prompt": repr(example[0]), "completion": example[1], "star": facts.get("loop"),
        "mario": facts.get("in_rounds"), "codes": _codes(facts.get("codes")),
    })  # fmt: skip
    return text.rstrip("\n") + "\n"


def _codes(codes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is said of control tokens: where they stand, the best ones, and of each reward the first and the last."""
    if not codes:
        return None
    bins = codes["bins"]
    ends = [{"name": name, "bins": count, "best": token(name, 0), "worst": token(name, count - 1)}
            for name, count in bins.items()]  # fmt: skip
    example = next(f"{name}={count - 1}" for name, count in bins.items())
    return {"place": codes["place"], "rewards": ends, "best": [of["best"] for of in ends], "example": example}


def write_model_card(folder: Path) -> None:
    """Put the figures of RUN/eval/*/metrics.json into the results of RUN/README.md; the rest of it stays as it is.

    Figures of other weights, from before the run was resumed, are left out. Does nothing for a folder that is no run.
    Raises FolderError if the card cannot be written.
    """
    path, run = folder / CARD, facts_if_whole(folder / RUN)
    if not (path.is_file() and run):
        return
    try:
        text = path.read_text(encoding="utf-8")
        evaluations = [facts_if_whole(file) for file in sorted(folder.glob(f"{EVALUATIONS}/*/{METRICS}"))]
        before, heading, after = text.rpartition(MEASURED)
        if heading and after.count(END):
            shown = [_results(one) for one in evaluations if one.get("complete") and _of_run(one.get("run"), run)]
            body = "".join(shown) or "\n`synth eval` measures answers and rationales.\n"
            write_whole(path, f"{before}{heading}\n{body}\n{END}{after.partition(END)[2]}".encode())
    except OSError as error:
        raise FolderError(f"the model card {path} cannot be written: {first_line(error)}") from error


def _of_run(kept: Mapping[str, Any] | None, run: Mapping[str, Any]) -> bool:
    return kept is not None and all(run.get(name) == value for name, value in kept.items())


def _results(facts: Mapping[str, Any]) -> str:
    """One evaluation as Markdown: what was asked of which rows, and a table of figures with intervals."""
    from synth.shots.options import in_words
    from synth.statistics.names import TITLES, told

    data = facts["data"]
    hashes = data["sha256"] if isinstance(data["sha256"], list) else [data["sha256"]]
    how = "asked for the answer alone" if facts["prompting"] == "direct" else "asked as it was taught"
    how += f" behind {in_words(facts['shots'])}" if facts.get("shots") else ""
    sampled = f"{facts['samples']} samples at temperature {facts['temperature']:g}"
    lines = [
        f"\n### {data['folder']}, {data['split']}\n",
        f"{data['rows']:,} rows (sha256 {', '.join(f'`{digest[:16]}`' for digest in hashes if digest)}), {how}, "
        f"{'greedy' if not facts['temperature'] else sampled}: `{facts['command']}`\n",
        "| | value | 95% interval | rows |\n|---|---|---|---|",
    ]
    for name, title in TITLES.items():
        if (figure := facts["metrics"].get(name)) is not None:
            value, low, high = (told(name, figure[end]) for end in ("value", "low", "high"))
            lines.append(f"| {title} | {value} | {low} to {high} | {figure['n']:,} |")
    return "\n".join(lines) + "\n"


def _quoted(text: str | None) -> str | None:
    return None if text is None else f"`{text}`"
