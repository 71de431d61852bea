"""What a model writes about rows by itself, greedily: its rationale, its answer, and whether that is right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from synth.models.generate import Decoding, Output
from synth.probing.subject import Start, Subject
from synth.record import Record
from synth.validating.ends import ended


@dataclass(frozen=True)
class Written:
    """An output about a row."""

    record: Record  # the row with the rationale, the answer and the completion that the model wrote
    answer: str | None  # in the form of the stored ones; None if it commits to none
    right: bool


def written(subject: Subject, records: Sequence[Record], longest: int) -> list[Written]:
    """What the model writes about each row."""
    return read_all(subject, records, subject.starts(records), [""] * len(records), longest)


def read_all(
    subject: Subject, records: Sequence[Record], starts: Sequence[Start], begun: Sequence[str], longest: int
) -> list[Written]:
    """What the model writes behind each start, read with the text of the row's own that stands there already."""
    names = [record.id for record in records]
    outputs = subject.write(starts, names, Decoding(max_new_tokens=longest))
    return [
        read(subject, record, before, of[0] if of else None)
        for record, before, of in zip(records, begun, outputs, strict=True)
    ]


def read(subject: Subject, record: Record, begun: str, output: Output | None) -> Written:
    """What an output says behind a text that stood there; None: nothing was written, as there was no room."""
    reader = subject.reader(record)
    if output is None:
        return Written(replace(record, rationale="", completion=begun, answer=""), None, False)
    text = begun + subject.asking.restored(record, output.text)
    ends = ended(replace(output, text=text), record, reader).output
    found = reader.read_output(record, ends.text, ends.cut_off)
    answer = reader.as_stored(found.answer)
    lead = record.completion[: len(record.completion) - len(record.completion.lstrip())]
    own = replace(
        record, rationale=found.rationale, answer=answer or "", completion=lead + ends.text.strip()
    )  # fmt: skip
    return Written(own, answer, reader.right(record, found.answer))
