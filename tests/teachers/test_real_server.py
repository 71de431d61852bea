"""A server that is not ours: `transformers serve` over a tiny Llama made on the spot."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from served_models import quiet_environment, serving_models

MISSING = [name for name in ("torch", "transformers", "fastapi", "uvicorn") if find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING), reason=f"transformers[serving] is not installed: no {', '.join(MISSING)}"
)
Synth = Callable[..., "subprocess.CompletedProcess[str]"]

# It knows bytes and nothing else; its replies are noise. Made in a process of its own, as it needs torch.
MAKE_LLAMA = """
import sys
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

letters = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
tokenizer = Tokenizer(models.BPE(vocab={letter: place for place, letter in enumerate(letters)}, merges=[]))
tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="</s>")
fast.chat_template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\\n{% endfor %}assistant:"
fast.save_pretrained(sys.argv[1])
config = LlamaConfig(
    vocab_size=len(letters), hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2,
    num_key_value_heads=2, max_position_embeddings=4096, bos_token_id=0, eos_token_id=1,
)
LlamaForCausalLM(config).save_pretrained(sys.argv[1])
"""


@pytest.fixture
def llama(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Address and model of a server that answers."""
    model = tmp_path / "tiny-llama"
    env = quiet_environment(tmp_path)
    subprocess.run([sys.executable, "-c", MAKE_LLAMA, str(model)], env=env, check=True, capture_output=True)
    with serving_models(tmp_path) as url:
        yield url, str(model)


def test_a_real_server_is_examined_and_answers(synth: Synth, tmp_path: Path, llama: tuple[str, str]) -> None:
    url, model = llama
    teacher = ("--teacher", "tiny", "--base-url", url, "--model", model)

    done = synth("doctor", *teacher)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status 500: not needed" in done.stdout  # it has none without a Hub cache
    for what in ("answers", "tells tokens", "takes temperature", "takes top_p", "takes seed"):
        assert f"yes {what}" in done.stdout, done.stdout

    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(2)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("--task", "gsm8k", "--source", "questions.jsonl", "--out", "out", "--max-attempts", 1, "--max-tokens", 8)
    done = synth("distill", *teacher, *words)
    assert done.returncode == 3, done.stderr  # no row came
    assert "out: 0 rows written; questions left out: " in done.stdout
    assert "no row: " in done.stdout
    attempts = [json.loads(line) for line in (tmp_path / "out" / "attempts.jsonl").read_text().splitlines()]
    assert [attempt["id"] for attempt in attempts] == ["gsm8k/q0", "gsm8k/q1"]
    for attempt in attempts:
        assert attempt["outcome"] in ("truncated", "no_answer", "empty")  # noise may end before its 8 tokens
        assert attempt["finish_reason"] in ("length", "stop")
        assert attempt["prompt_tokens"] > 20
        assert 1 <= attempt["completion_tokens"] <= 8
        assert not attempt["kept"]
    assert any(attempt["text"] for attempt in attempts)
    manifest = json.loads((tmp_path / "out" / "synth.json").read_text())
    assert manifest["complete"]
    assert sum(manifest["rejected"].values()) == 2  # for one reason or for two: it is noise
    assert manifest["teacher"] == {"name": "tiny", "model": model}
