"""Questions out of files of every format, and out of folders with splits."""

from pathlib import Path

import pytest
from task_rows import HUB_CHOICES, lines, message, read

from synth.errors import SourceError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.task import Question


def test_ids_come_from_the_source_and_repeated_ones_get_a_number(tmp_path: Path) -> None:
    rows = [{"id": name, "question": "Sum?", "label": "1"} for name in ("a", "a", "a-2", "a", "b")]
    assert [q.id for q in read("gsm8k", tmp_path / "x.jsonl", *rows)] == ["a", "a-2", "a-2-2", "a-3", "b"]


def test_asdiv_leaves_out_answers_that_are_not_one_number(tmp_path: Path) -> None:
    answers = ["9 (pies)", "3:2", "8 (red); 4 (blue)", "7:30 PM", "1,200 (km)"]
    rows = [{"body": "B.", "question": "Q?", "answer": answer} for answer in answers]
    assert [q.gold for q in read("asdiv", tmp_path / "x.jsonl", *rows)] == ["9", "1200"]


FILES = {
    "x.json": '[{"id": "1", "question": "Sum?", "label": 7}, {"id": "2", "question": "Sum?", "label": 8}]',
    "pretty.json": '[\n{"id": "1",\n"question": "Sum?", "label": 7},\n{"id": "2", "question": "Sum?", "label": 8}\n]',
    "keys.jsonl": '{"1": {"question": "Sum?", "label": 7}, "2": {"question": "Sum?", "label": 8}}',
    "examples.json": '{"examples": [{"id": "1", "question": "Sum?", "label": 7}, {"question": "Sum?", "label": 8}]}',
    "lines.json": '\ufeff{"id": "1", "question": "Sum?", "label": 7}\n\n{"id": "2", "question": "Sum?", "label": 8}\n',
    "x.tsv": 'id\tquestion\tlabel\n1\tSum?\t7\n2\t"Sum\t8\n',
    "x.csv": 'id,question,label\n1,"Sum, say?",7\n2,Sum?,8\n',
}


@pytest.mark.parametrize("file", FILES)
def test_formats_by_the_name_of_the_file(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(FILES[file], encoding="utf-8")
    questions = list(load(find_task("gsm8k"), str(path)))
    assert [(q.id, q.gold) for q in questions] == [("1", "7"), ("2", "8")]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([HUB_CHOICES]), tmp_path / "x.parquet")
    (question,) = load(find_task("qasc"), str(tmp_path / "x.parquet"))
    assert question == Question("x7", "Which?", ("ash", "oak"), "B")


def test_files_without_a_line_of_names(tmp_path: Path) -> None:
    (tmp_path / "n.tsv").write_text("Cats have <mask> legs.\tfour\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text('"2","Late ""goal""","A win, at last."\n', encoding="utf-8")
    assert [q.gold for q in load(find_task("numersense"), str(tmp_path / "n.tsv"))] == ["F"]
    (news,) = load(find_task("agnews"), str(tmp_path / "a.csv"))
    assert (news.text, news.gold) == ('Late "goal" A win, at last.', "B")


def test_releases_in_plain_text_and_xml(tmp_path: Path) -> None:
    (tmp_path / "train_5500.label").write_bytes("ENTY:food What is br\xfbl\xe9e ?\nNUM:date When ?\n".encode("latin-1"))
    assert [q.text for q in load(find_task("trec"), str(tmp_path))] == ["What is br\xfbl\xe9e ?", "When ?"]
    films = tmp_path / "films"
    films.mkdir()
    (films / "quote.tok.gt9.5000").write_text("i liked it .\n", encoding="utf-8")
    (films / "plot.tok.gt9.5000").write_text("he leaves .\n", encoding="utf-8")
    (films / "README").write_text("about\n", encoding="utf-8")
    assert [(q.id, q.gold) for q in load(find_task("subj"), str(films))] == [("1", "A"), ("1-2", "B")]
    problem = (
        '<Problem ID="n1" Grade="1"><Body>A pie.</Body><Question>Price?</Question><Answer>9 (cents)</Answer></Problem>'
    )
    (tmp_path / "ASDiv.xml").write_text(f"<Machine><ProblemSet>{problem}</ProblemSet></Machine>", encoding="utf-8")
    assert list(load(find_task("asdiv"), str(tmp_path / "ASDiv.xml"))) == [Question("n1", "A pie. Price?", (), "9")]


def test_splits_of_a_folder(tmp_path: Path) -> None:
    for name, label in (("train", 1), ("dev", 3), ("test", 4)):
        lines(tmp_path / f"{name}.jsonl", {"question": "Sum?", "label": label})
    gsm8k = find_task("gsm8k")
    assert [q.gold for q in load(gsm8k, str(tmp_path))] == ["1"]
    assert [q.gold for q in load(gsm8k, str(tmp_path), "validation")] == ["3"]
    assert [q.gold for q in load(gsm8k, str(tmp_path), "test")] == ["4"]
    with pytest.raises(SourceError, match=r"no file named for the split 'extra': it has dev\.jsonl, test\.js") as error:
        list(load(gsm8k, str(tmp_path), "extra"))
    message(error)
