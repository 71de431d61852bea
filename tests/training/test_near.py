"""Rows with control tokens, and a model held near to a reference: the loss against one worked out row by row."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training import RECORDS, dataset, micro, trained

from synth.errors import UsageError
from synth.models.codes import COLUMN, tokens
from synth.training.encoding import IGNORED, Encoded
from synth.training.loop import Place
from synth.training.settings import Settled
from synth.training.trainer import find
from synth.training.view import View

torch = pytest.importorskip("torch")

BINS = {"accuracy": 2, "diversity": 3}
CODED = [
    replace(record, meta={COLUMN: [f"<|accuracy={at % 2}|>", f"<|diversity={at % 3}|>"][: 1 + (at > 1)]})
    for at, record in enumerate(RECORDS)
]  # rows of two tokens, and some of one


@pytest.fixture(scope="module", params=["llama", "t5"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def models(family: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model and a reference of the same tokens and of other weights."""
    from transformers import set_seed

    folder = tmp_path_factory.mktemp(family)
    for seed, name in enumerate(("model", "reference")):
        set_seed(seed)
        micro(folder / name, family)
    return folder / "model", folder / "reference"


def ready(family: str, model: Path, place: str, reference: Path | None = None, **more: Any) -> tuple[Any, Any, Any]:
    """Settings, tokenizer and model of a run, as they are before its first step."""
    from synth.models import load
    from synth.training.model import fit_embedding
    from synth.training.rows import add_codes

    trainer = find(family)
    given = {"reference": str(reference), **more} if reference else more
    config: Settled = trainer.settled(trainer.config(data=["x"], model=str(model), codes=place, **given))
    tokenizer = load.load_tokenizer(model, family == "llama")
    add_codes(tokenizer, tokens(BINS))
    loaded = load.load_model(model, trainer.student().classes().model)
    fit_embedding(loaded, tokenizer)
    with torch.no_grad():
        for parameter in loaded.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return config, tokenizer, loaded


def encoded(family: str, config: Settled, tokenizer: Any) -> list[Encoded]:
    view = View(find(family).student(), config, tokenizer, 0)
    return [view.whole(record) for record in CODED]


def alone(family: str, place: str, tokenizer: Any, model: Any, record: Any, codes: list[str]) -> Any:
    """Logits of a row's target by itself, the codes put in by hand: (tokens, vocabulary)."""
    code = tokenizer.convert_tokens_to_ids(codes)
    if family == "t5":
        asked, target = tokenizer(record.prompt)["input_ids"], tokenizer(record.completion)["input_ids"]
        head = code if place == "decoder" else []
        read = [*(code if place == "prompt" else []), *asked]
        begun = [model.config.decoder_start_token_id, *head, *target[:-1]]
        out = model(input_ids=torch.tensor([read]), decoder_input_ids=torch.tensor([begun])).logits[0]
        return out[len(head) :], target
    row = find(family).student().encode(tokenizer, record.prompt, f"\n{record.completion}")
    asked = row.input_ids[: len(row.input_ids) - len(row.learned)]
    read = [*code, *asked] if place == "prompt" else [*asked, *code]
    out = model(input_ids=torch.tensor([[*read, *row.learned]])).logits[0]
    return out[len(read) - 1 : -1], row.learned


@pytest.mark.parametrize("place", ["decoder", "prompt"])
def test_loss_divergence_and_entropy_are_those_of_rows_alone(
    family: str, models: tuple[Path, Path], place: str
) -> None:
    from synth.models import load
    from synth.training.loss import only_learned, token_loss
    from synth.training.near import Near

    config, tokenizer, model = ready(family, models[0], place, models[1], kl=0.3, entropy=0.2)
    architecture = find(family).student()
    near = Near(architecture, config, tokenizer, Place(0, 1, cuda=False))
    rows = encoded(family, config, tokenizer)
    view = View(architecture, config, tokenizer, 0)
    known = len(tokenizer) - len(tokens(BINS))
    nll, kl, entropy, count = [], [], [], 0
    reference = load.load_model(models[1], architecture.classes().model)
    for record in CODED:
        text = replace(record, completion=view.texts(record)[1].removeprefix("\n"))
        logits, target = alone(family, place, tokenizer, model, text, list(record.meta[COLUMN]))
        its, _ = alone(family, place, tokenizer, reference, text, [])
        own = torch.log_softmax(logits[:, :known], -1)
        other = torch.log_softmax(its[:, :known], -1)
        nll.append(-torch.log_softmax(logits, -1)[range(len(target)), target].sum())
        kl.append((own.exp() * (own - other)).sum())
        entropy.append(-(own.exp() * own).sum())
        count += len(target)
    by_hand = (sum(nll) + 0.3 * sum(kl) - 0.2 * sum(entropy)) / count

    collate = architecture.collate(tokenizer, model)
    with only_learned(model, collate, architecture.shift) as learned, near.beside(model, learned) as beside:
        batch = beside(rows)
        labels = batch.pop("labels")
        assert int((labels != IGNORED).sum()) == count, "nothing is learned of codes"
        loss = near.added(token_loss(architecture.shift))(model(**batch), labels)
    assert loss.item() == pytest.approx(by_hand.item(), rel=1e-4)
    told = near.told()
    assert told["kl"] == pytest.approx(sum(kl).item() / count, rel=1e-3)
    assert told["entropy"] == pytest.approx(sum(entropy).item() / count, rel=1e-3)
    assert told["kl"] > 0.001
    loss.backward()
    assert all(parameter.grad is None for parameter in near.model.parameters())


def test_a_reference_that_is_the_model_itself_is_no_way_off(family: str, models: tuple[Path, Path]) -> None:
    from synth.models import load
    from synth.training.loss import only_learned, token_loss
    from synth.training.near import Near

    config, tokenizer, _ = ready(family, models[0], "prompt", models[0])
    architecture = find(family).student()
    model = load.load_model(models[0], architecture.classes().model)
    near = Near(architecture, config, tokenizer, Place(0, 1, cuda=False))
    rows = [row.without_codes for row in encoded(family, config, tokenizer)]
    collate = architecture.collate(tokenizer, model)
    with only_learned(model, collate, architecture.shift) as learned, near.beside(model, learned) as beside:
        batch = beside(rows)
        labels = batch.pop("labels")
        plain = token_loss(architecture.shift)
        assert near.added(plain)(model(**batch), labels).item() == pytest.approx(
            plain(model(**batch), labels).item(), abs=1e-5
        )
    assert near.told()["kl"] == pytest.approx(0, abs=1e-5)


def test_new_codes_are_drawn_from_the_table_and_are_not_alike(family: str, models: tuple[Path, Path]) -> None:
    from synth.training.model import draw_codes

    _, tokenizer, model = ready(family, models[0], "prompt")
    known = len(tokenizer) - len(tokens(BINS))
    table = model.get_input_embeddings().weight
    old = table[:known].detach().clone()
    draw_codes(model, tokenizer, range(known, len(tokenizer)))
    new = table[known:].detach()
    assert torch.equal(table[:known].detach(), old)
    assert len({tuple(row.tolist()) for row in new}) == len(tokens(BINS))
    assert 0.3 < float((new - old.mean(0)).std() / old.std(0).mean()) < 3


def test_a_run_with_codes_says_so_and_writes_under_them(tmp_path: Path, family: str) -> None:
    from synth.base.files import as_json, facts_if_whole
    from synth.data.manifest import open_manifest

    data = dataset(tmp_path / "data", {"train": CODED, "test": RECORDS})
    with pytest.raises(UsageError, match="--codes: the rows of data have no control tokens"):
        trained(family, tmp_path / "none", [data], codes="prompt", max_steps=1)
    (data / "synth.json").write_bytes(as_json({**open_manifest(data), "codes": BINS}))
    run = trained(family, tmp_path / "run", [data], codes="decoder", max_steps=2)
    assert facts_if_whole(run / "synth-run.json")["codes"] == {"place": "decoder", "bins": BINS}
    held = trained(family, tmp_path / "near", [data], model=str(run), reference=str(run), codes="decoder", max_steps=2)
    assert "kl" in (held / "log.jsonl").read_text()


def test_a_reference_of_other_tokens_is_a_line(family: str, models: tuple[Path, Path], tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", {"train": RECORDS})
    other = dataset(tmp_path / "other", {"train": [replace(r, prompt=f"{r.prompt} {r.id} ßß") for r in RECORDS]})
    run = trained(family, tmp_path / "run", [other], max_steps=1)
    with pytest.raises(UsageError, match=r"--reference: it has other tokens .*same tokenizer"):
        trained(family, tmp_path / "out", [data], model=str(models[0]), reference=str(run), max_steps=1)
    assert not (tmp_path / "out" / "synth-run.json").exists()


def test_kl_without_a_reference_is_a_line(family: str) -> None:
    with pytest.raises(UsageError, match="--reference MODEL"):
        find(family).config(data=["x"], from_scratch="tiny", kl=0.1)


def test_a_constant_rate_has_its_warm_up(tmp_path: Path, family: str) -> None:
    import orjson

    data = dataset(tmp_path / "data", {"train": RECORDS})
    run = trained(
        family,
        tmp_path / "run",
        [data],
        max_steps=4,
        schedule="constant",
        warmup=0.5,
        lr=1e-3,
        log_steps=1,
        batch_size=4,
    )
    rates = [orjson.loads(line)["learning_rate"] for line in (run / "log.jsonl").read_bytes().splitlines()]
    assert rates == pytest.approx([0, 5e-4, 1e-3, 1e-3])
