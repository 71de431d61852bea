"""The shapes of sources with rationales, whatever the task, and the replies in a row of one of them.

From the outputs of distilabel (`generation`, or `generations` of several), of Curator's recipes and of NeMo Data
Designer (columns with names of the user's, thoughts in NAME__reasoning_content), from open sets of reasoning
(OpenR1-Math: `generations` with a truth each; s1K: `attempt` behind `thinking_trajectories`), and from chats in the
form of OpenAI (`messages`) or ShareGPT (`conversations`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth.errors import SourceError
from synth.questions.cells import Row, has, text_of, value_of
from synth.questions.written import Form, Part

CHATS = ("messages", "conversations", "conversation")
QUESTIONS = tuple(f"{chat}.question" for chat in CHATS)  # columns of `with_chats`
USER, ASSISTANT = ("user", "human"), ("assistant", "gpt", "model")
THOUGHTS = ("reasoning_content", "reasoning", "thinking")  # of a message that keeps them apart
APART = "{}__reasoning_content"  # NeMo Data Designer's column of the thoughts behind another one
NOTHING = "(none)"  # a column that every row has, with null in it

FORMS = (
    Form("OpenR1-Math", (Part("generations", finish="finish_reasons", whole="is_reasoning_complete"),),
         marks=("problem", "answer"), question="problem", answer="answer"),
    Form("s1K", (Part("attempt", thinking="thinking_trajectories"),), marks=("thinking_trajectories",),
         question="question", answer="solution"),
    Form(
        "s1K-1.1",
        (
            Part("deepseek_attempt", thinking="deepseek_thinking_trajectory", by="deepseek-r1"),
            Part("gemini_attempt", thinking="gemini_thinking_trajectory", by="gemini-2.0-flash-thinking"),
        ),
        question="question", answer="solution",
    ),
    Form("Curator", (Part("deepseek_solution", thinking="deepseek_reasoning"),), marks=("deepseek_reasoning",),
         question="problem", answer="ground_truth_solution"),
    Form("Curator", (Part("deepseek_attempt", thinking="deepseek_thinking_trajectory"),),
         marks=("deepseek_thinking_trajectory",), question="question", answer="solution"),
    Form("Curator", (Part("content", thinking="reasoning_content"),), marks=("reasoning_content",),
         question="question", answer="solution"),
    Form("distilabel", (Part("generation", model="model_name"),), question="instruction"),
    Form("distilabel", (Part("generations", model="model_name"),), question="instruction"),
    *(Form("chat", (Part(chat),), question=question) for chat, question in zip(CHATS, QUESTIONS, strict=True)),
)  # fmt: skip
OWN = Form("rationale", (Part("rationale", thinking="thinking", model="model"),))  # our own words for the columns


@dataclass(frozen=True, slots=True)
class Written:
    """One reply as it stands in a row."""

    text: str
    answer: str | None = None  # None: it says so itself
    thinking: str = ""
    model: str | None = None
    finish: str | None = None


def form_of(row: Row, forms: Sequence[Form]) -> Form:
    """The first shape whose columns a row has. Raises SourceError if it has those of none."""
    for form in forms:
        if all(has(row, column) for column in form.columns):
            return form
    known = " or ".join(dict.fromkeys("{" + ", ".join(form.columns) + "}" for form in forms))
    names = ", ".join(own_columns(row))
    raise SourceError(
        f"has no rationale that is known by its columns ({known}); it has {names}: name the column with --rationale, "
        "or add --no-rationale"
    )


def own_columns(row: Row) -> list[str]:
    """The columns that stand in the source, without those of `with_chats`."""
    return [name for name in row if name != NOTHING and name not in QUESTIONS]


def replies(row: Row, form: Form) -> Iterator[Written]:
    """The replies of a row, part by part."""
    for part in form.parts:
        yield from _of_part(row, part)


def _of_part(row: Row, part: Part) -> Iterator[Written]:
    thinking = part.thinking or APART.format(part.text)
    texts = _listed(row, part.text)
    columns = {
        name: _spread(row, column, len(texts))
        for name, column in (
            ("answer", part.answer), ("thinking", thinking), ("model", part.model), ("finish", part.finish),
            ("whole", part.whole),
        )
    }  # fmt: skip
    for number, text in enumerate(texts):
        shown, thought = _said(text, part.text)
        answer, apart, model, finish, whole = (columns[name][number] for name in columns)
        yield Written(
            part.parse(shown) if part.parse else shown,
            text_of(answer, part.answer) if part.answer else None,
            text_of(apart, thinking) or thought,
            text_of(model, part.model) or part.by or None,
            "length" if whole is False else text_of(finish, part.finish) or None,
        )


def _listed(row: Row, column: str) -> list[Any]:
    """The texts of a column. A chat is one."""
    value = value_of(row, column)
    return list(value) if isinstance(value, list | tuple) and not _is_chat(value) else [value]


def _spread(row: Row, column: str, count: int) -> list[Any]:
    """What a column says of each of several replies: a list of as many, or one thing for all of them."""
    value = value_of(row, column) if column and has(row, column) else None
    if not isinstance(value, list | tuple):
        return [value] * count
    if len(value) not in (1, count):
        raise SourceError(f"has {len(value)} values in its column {column!r} for {count} rationales")
    return list(value) * (count if len(value) == 1 else 1)


def _said(value: Any, column: str) -> tuple[str, str]:
    """Text and thoughts of one reply: a text, or a chat of one question and one answer."""
    if not _is_chat(value):
        return text_of(value, column), ""
    message = _turns(value, column)[1]
    thought = next((text_of(message[name], name) for name in THOUGHTS if message.get(name)), "")
    return _content(message, column), thought


def with_chats(row: Row) -> Row:
    """A row with the question of each chat in a column of its own (`messages.question`), and one with nothing in it."""
    found: dict[str, Any] = {NOTHING: None}
    for name, question in zip(CHATS, QUESTIONS, strict=True):
        if _is_chat(row.get(name)):
            found[question] = _content(_turns(row[name], name)[0], name)
    return {**row, **found}


def _is_chat(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(
        isinstance(turn, Mapping) and ("role" in turn or "from" in turn) for turn in value
    )  # fmt: skip


def _turns(chat: Sequence[Mapping[str, Any]], column: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The question and the answer of a chat; system messages are no part of either."""
    turns = [turn for turn in chat if _role(turn) in USER + ASSISTANT]
    if [_role(turn) in USER for turn in turns] != [True, False]:
        raise SourceError(
            f"has a chat of {len(turns)} turns in its column {column!r}: one question and one answer are needed"
        )
    return turns[0], turns[1]


def _role(turn: Mapping[str, Any]) -> str:
    return str(turn.get("role", turn.get("from")))


def _content(turn: Mapping[str, Any], column: str) -> str:
    """The text of a message, also one in chunks."""
    value = turn.get("content", turn.get("value"))
    if isinstance(value, list | tuple) and all(isinstance(chunk, Mapping) for chunk in value):
        value = "".join(text_of(chunk.get("text"), column) for chunk in value)
    return text_of(value, column)
