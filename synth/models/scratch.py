"""`--from-scratch`: a tokenizer made from the data and a small model from a config, for machines without weights.

The tokenizer is a byte-level BPE: any text comes back as it was. It cuts words so that an operator of ListOps with
its bracket is one token; a number is one token if the builder of all data says so (`whole_numbers`), and elsewhere
every digit is one, which sums need. Words stand with the space before them, so `7` has two tokens, with and without it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Literal

from synth import registry
from synth.data import builder
from synth.record import Record

Size = Literal["tiny", "small", "base"]
PAD, END = "<|pad|>", "<|end|>"
WORDS = r" ?\[?[^\W\d_]+|\n| +(?=\d)| ?[^\s\w]|_|\s+"
DIGIT, NUMBER = r" ?\d", r" ?\d+"
VOCABULARY = {"tiny": 2_048, "small": 8_192, "base": 16_384}  # tokens at most
# hidden size, feed-forward size (of T5; a Llama's is twice the hidden size), layers (of each stack in T5), heads
SIZES = {"tiny": (64, 256, 2, 4), "small": (256, 1024, 6, 8), "base": (512, 2048, 8, 8)}
SPREAD = {"tiny": 0.08, "small": 0.02, "base": 0.02}  # of a Llama's first weights; T5 has its own rule
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"  # a chat message is the plain prompt


def make_tokenizer(records: Sequence[Record], size: Size, decoder: bool) -> Any:
    """A tokenizer for these rows. That of an encoder-decoder ends every text with the end token, as T5's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    kind: Any = PreTrainedTokenizerFast
    whole = _have_whole_numbers({record.task for record in records})
    made = Tokenizer(models.BPE(**_vocabulary(records, VOCABULARY[size], whole)))
    made.pre_tokenizer = pre_tokenizers.Sequence(_cuts(whole))
    made.decoder = decoders.ByteLevel()
    if not decoder:
        end = made.token_to_id(END)
        made.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, end)])
    return kind(
        tokenizer_object=made, pad_token=PAD, eos_token=END, padding_side="left" if decoder else "right",
        clean_up_tokenization_spaces=False, model_max_length=1_000_000, chat_template=TEMPLATE if decoder else None,
        model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _have_whole_numbers(tasks: set[str]) -> bool:
    """Whether all rows are of builders that want a token for each number."""
    return all(registry.has("builders", task) and builder.find(task).whole_numbers for task in tasks)


def _cuts(whole: bool) -> list[Any]:
    from tokenizers import Regex, pre_tokenizers

    pattern = f"{NUMBER if whole else DIGIT}|{WORDS}"
    return [
        pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ]


def _texts(records: Iterable[Record]) -> Iterator[str]:
    return (text for record in records for text in (record.prompt, record.completion))


def _vocabulary(records: Sequence[Record], size: int, whole: bool) -> dict[str, Any]:
    """Vocabulary and merges: those learned from the data and, if `whole`, those that make every number one token."""
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(_cuts(whole=False))
    learner.train_from_iterator(
        chain(_texts(records), (f" {digit}" for digit in range(10) for _ in range(2))),
        trainers.BpeTrainer(
            vocab_size=size, min_frequency=2, special_tokens=[PAD, END], show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )  # fmt: skip
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(merge) for merge in learned["merges"]]
    vocabulary: dict[str, int] = learned["vocab"]
    for number in _numbers(_texts(records)) if whole else []:
        for merge in _number_merges(number):
            merges.append(merge)
            vocabulary.setdefault("".join(merge), len(vocabulary))
    return {"vocab": vocabulary, "merges": list(dict.fromkeys(merges))}


def _numbers(texts: Iterable[str]) -> list[str]:
    """The numbers from 10 to the largest in the data, but no more than three digits."""
    import re

    numbers = {int(number) for text in texts for number in re.findall(r"\d{2,3}", text)}
    return [str(number) for number in range(10, max(numbers, default=9) + 1)]


def _number_merges(number: str) -> list[tuple[str, str]]:
    """From digits to the number, with the space before it (written Ġ in byte-level tokens) and without."""
    return [(start + number[:at], number[at]) for start in ("", "Ġ") for at in range(1, len(number))]
