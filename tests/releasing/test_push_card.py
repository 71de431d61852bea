"""The text of a card: what a person writes here or on the Hub is not lost, and edits made here arrive."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Synth
from datasets import load_dataset
from golden import GOLDEN
from hub_use import REPO, connected, contents, dataset, environment, row, validate
from loopback_hub import Hub

from synth.cards.dataset import write_card
from synth.errors import UsageError
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import Pushed
from synth.releasing.push import carry_out as push
from synth.releasing.push_card import DIFFERS


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose card was written, looked at and pushed."""
    made = dataset(tmp_path / "lines")
    write_card(made)
    edit(made, "\n## Thanks\n\nTo the bakers.\n")
    return made


def edit(folder: Path, *added: str, **replaced: str) -> None:
    path = folder / "README.md"
    text = path.read_text(encoding="utf-8")
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text + "".join(added), encoding="utf-8")


def card(hub: Hub, repo: str = REPO) -> str:
    return hub.files(repo)["README.md"].decode()


def again(folder: Path, **options: str) -> Pushed:
    return push(Push([folder], REPO, **options))  # type: ignore[arg-type]


def test_edits_made_here_arrive(hub: Hub, folder: Path) -> None:
    assert again(folder).change.note is None
    edit(folder, "LOCAL LATER TEXT\n")
    assert again(folder).change.note is None
    assert card(hub).endswith("To the bakers.\nLOCAL LATER TEXT\n")
    name = next(line for line in card(hub).splitlines() if line.startswith("pretty_name:"))
    edit(folder, **{name: "pretty_name: Lines of mine", "bakers": "brewers"})
    assert again(folder).change.note is None
    assert "pretty_name: Lines of mine\n" in card(hub)
    assert "To the brewers." in card(hub)
    assert "bakers" not in card(hub)
    assert not again(folder).new


def test_edits_made_there_stay(hub: Hub, folder: Path) -> None:
    again(folder)
    hub.put(REPO, README__md=card(hub).replace("the bakers", "the bakers and all") + "\nTHERE\n")
    dataset(folder, train=[row(9)])
    pushed = again(folder)
    assert pushed.change.note is None
    assert "num_examples: 1\n" in card(hub)
    assert "bakers and all.\n\nTHERE\n" in card(hub)
    edit(folder, "HERE\n")
    assert again(folder).change.note == DIFFERS
    assert "HERE\n" not in card(hub).replace("THERE", "")
    assert again(folder).change.note == DIFFERS  # until it is settled
    assert again(folder, card="hub").change.note is None
    assert "THERE\n" in card(hub)
    assert again(folder, card="here").change.note is None
    assert card(hub).endswith("To the bakers.\nHERE\n")
    edit(folder, HERE="AFTERWARDS")
    assert again(folder).change.note is None
    assert card(hub).endswith("To the bakers.\nAFTERWARDS\n")


def test_a_text_that_was_settled_by_hand(hub: Hub, folder: Path) -> None:
    again(folder)
    hub.put(REPO, README__md=card(hub) + "THERE\n")
    edit(folder, "HERE\n")
    assert again(folder).change.note == DIFFERS
    edit(folder, "THERE\n")
    assert again(folder).change.note is None
    assert card(hub).endswith("To the bakers.\nHERE\nTHERE\n")


def test_a_text_that_is_gone_here_is_not_gone_there(hub: Hub, folder: Path) -> None:
    again(folder)
    edit(folder, **{"To the bakers.\n": ""})
    assert again(folder).change.note == DIFFERS
    assert "To the bakers." in card(hub)
    (folder / "README.md").unlink()
    write_card(folder)
    assert again(folder).change.note == DIFFERS
    assert "To the bakers." in card(hub)
    assert again(folder, card="here").new
    assert "To the bakers." not in card(hub)


def test_a_folder_that_knows_nothing_of_the_card(hub: Hub, folder: Path, tmp_path: Path) -> None:
    again(folder)
    fresh = dataset(tmp_path / "fresh", train=[row(9)])
    assert again(fresh).change.note is None
    assert "To the bakers." in card(hub)
    edit(fresh, "ANOTHER TEXT\n")
    assert again(fresh).change.note == DIFFERS
    assert "ANOTHER TEXT" not in card(hub)


def test_other_configurations_stay_in_a_card_from_here(hub: Hub, folder: Path, tmp_path: Path) -> None:
    push(Push([folder], REPO, config="easy"))
    hard = dataset(tmp_path / "hard", train=[row(9)])
    write_card(hard)
    edit(hard, "HARD TEXT\n")
    pushed = push(Push([hard], REPO, config="hard"))
    assert pushed.change.note == DIFFERS
    assert "To the bakers." in card(hub)
    push(Push([hard], REPO, config="hard", card="here"))
    assert "HARD TEXT" in card(hub)
    assert card(hub).count("<!-- synth:statistics:") == 2
    assert "statistics:default" not in card(hub)
    assert [part["config_name"] for part in front(card(hub))["configs"]] == ["easy", "hard"]


def test_a_block_of_another_configuration_that_somebody_edited_stays_theirs(hub: Hub, tmp_path: Path) -> None:
    easy, hard = dataset(tmp_path / "easy"), dataset(tmp_path / "hard", train=[row(9)])
    push(Push([easy, hard], REPO))
    start = card(hub).index("<!-- synth:statistics:easy")
    line = card(hub).index("-->\n", start) + len("-->\n")
    hub.put(REPO, README__md=card(hub)[:line] + "COUNTED BY HAND\n" + card(hub)[line:])
    write_card(hard)
    push(Push([hard], REPO, config="hard", card="here"))
    assert "COUNTED BY HAND" in card(hub)
    push(Push([dataset(easy, train=[row(n) for n in range(3)])], REPO, config="easy"))
    assert "num_examples: 3\n" in card(hub)
    assert "COUNTED BY HAND" in card(hub)


def front(text: str) -> dict[str, list[dict[str, str]]]:
    import yaml

    found: dict[str, list[dict[str, str]]] = yaml.safe_load(text.split("---\n")[1])
    return found


def test_a_card_from_here_has_to_be_there(hub: Hub, tmp_path: Path) -> None:
    one, two = dataset(tmp_path / "one"), dataset(tmp_path / "two")
    (two / "README.md").unlink()
    for folders in ([one, two], [two]):
        with pytest.raises(UsageError, match=r"--card here pushes the README\.md of a folder"):
            push(Push(folders, REPO, card="here"))


def test_the_line_is_said(hub: Hub, folder: Path, synth: Synth, monkeypatch: pytest.MonkeyPatch) -> None:
    again(folder)
    hub.put(REPO, README__md=card(hub) + "THERE\n")
    edit(folder, "HERE\n")
    for name, value in environment(hub).items():
        monkeypatch.setenv(name, value)
    said = synth("push", "lines", REPO)
    assert said.returncode == 0, said.stderr
    assert DIFFERS in said.stdout
    assert DIFFERS not in synth("push", "lines", REPO, "--card", "hub").stdout


def test_the_card_comes_back_and_goes_out_again(hub: Hub, folder: Path, tmp_path: Path) -> None:
    path = folder / "README.md"
    path.write_text(path.read_text().replace("---\n", "---\n# mine\nlicense: cc0-1.0\n", 1))
    again(folder)
    back = tmp_path / "back"
    pull(Pull(REPO, back))
    here, there = (back / "README.md").read_text(encoding="utf-8"), card(hub)
    assert "# mine\nlicense: cc0-1.0\n" in here
    assert here.split("\n---\n", 1)[1] == there.split("\n---\n", 1)[1]
    kept = {key: value for key, value in front(there).items() if key not in ("configs", "dataset_info")}
    assert kept.items() <= front(here).items()
    assert {path.name: path.read_bytes() for path in (back / "plots").iterdir()} == {
        "default.png": hub.files(REPO)["plots/default.png"]
    }
    assert load_dataset(str(back), cache_dir=str(tmp_path / "cache"))["train"].num_rows == 5
    edit(back, bakers="brewers")
    assert again(back).change.note is None
    assert "To the brewers." in card(hub)


def test_a_card_that_is_there_is_not_written_over(hub: Hub, folder: Path, tmp_path: Path) -> None:
    again(folder)
    back, said = tmp_path / "back", list[str]()
    pull(Pull(REPO, back))
    edit(back, "MINE\n")
    for overwrite in (False, True):
        if overwrite:
            dataset(back, train=[row(3)])
        pull(Pull(REPO, back, overwrite=overwrite), said.append)
        assert (back / "README.md").read_text().endswith("MINE\n")
    assert len(said) == 2
    assert "README.md has text of its own and was left as it is" in said[0]
    assert load_dataset(str(back), cache_dir=str(tmp_path / "cache"))["train"].num_rows == 5


@pytest.mark.parametrize("text", ["{license: mit}\n---\nbody\n", "a: [\n---\nbody\n", "license: mit\n"])
def test_cards_of_any_shape(hub: Hub, folder: Path, tmp_path: Path, text: str) -> None:
    again(folder)
    hub.put(REPO, README__md=f"---\n{text}")
    said: list[str] = []
    pull(Pull(REPO, tmp_path / "back", config="default"), said.append)
    assert ["did not come along: the front matter" in line for line in said] == ([] if text[0] == "{" else [True])
    assert load_dataset(str(tmp_path / "back"), cache_dir=str(tmp_path / "cache"))["train"].num_rows == 5


def test_configurations_keep_the_order_of_the_card(hub: Hub, tmp_path: Path) -> None:
    names = ["none", "short", "long"]
    for name in names:
        validate(dataset(tmp_path / name, train=[row(len(name), prompt=name)]))
    push(Push([tmp_path / name for name in names], REPO))
    assert [part["config_name"] for part in front(card(hub))["configs"]] == names
    hub.put(REPO, README__md=card(hub) + "THERE\n")
    back = tmp_path / "back"
    results = pull(Pull(REPO, back))
    assert [each.folder.name for each in results] == names
    assert [part["config_name"] for part in front((back / "README.md").read_text())["configs"]] == names
    assert (back / "README.md").read_text().endswith("THERE\n")
    for name in names:
        loaded = load_dataset(str(back), name, cache_dir=str(tmp_path / "cache"))
        assert loaded["train"]["prompt"] == [name]
    assert sorted(path for path in contents(back) if "plots" in path) == [
        "plots/long.png", "plots/none.png", "plots/short.png",
    ]  # fmt: skip
    pull(Pull(REPO, tmp_path / "one", config="short"))
    one = (tmp_path / "one" / "README.md").read_text()
    assert one.endswith("THERE\n")
    assert "statistics:short" in one
    assert "statistics:long" not in one
    assert [path for path in contents(tmp_path / "one") if "plots" in path] == ["plots/short.png"]


def test_nobody_edited_anything(hub: Hub, tmp_path: Path) -> None:
    """A card that only programs wrote is in nobody's way, whichever data it was written of, and of which version."""
    said: list[str] = []

    def sent(folder: Path, repo: str, config: str | None = None) -> None:
        change = push(Push([folder], repo, config=config, force=True), said.append).change
        assert (change.kept, change.note, said) == ([], None, []), (folder, repo)

    def carded(folder: Path) -> None:
        assert write_card(folder).kept == []

    for name in ("distilled", "2wiki"):  # of 0.1.0, without a card
        first, other = tmp_path / f"{name}-first", tmp_path / f"{name}-other"
        for folder in (first, other):
            shutil.copytree(GOLDEN / name, folder)
        sent(first, REPO, name)
        carded(first)
        sent(first, REPO, name)
        carded(other)
        sent(other, REPO, name)
    sent(tmp_path / "distilled-first", REPO, "2wiki")  # in place of another kind
    shutil.copytree(GOLDEN / "validated", tmp_path / "validated")  # with a card of 0.1.0
    sent(tmp_path / "validated", REPO, "validated")
    carded(tmp_path / "validated")
    sent(tmp_path / "validated", REPO, "validated")
    back = tmp_path / "2wiki-first"  # pulled over another kind's card
    pull(Pull(REPO, back, config="validated", overwrite=True), said.append)
    assert said == []
    carded(back)
    sent(back, REPO, "validated")


def test_what_a_person_changed_in_the_front_matter_is_told(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(GOLDEN / "validated", folder)
    push(Push([folder], REPO, force=True))
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(text.replace("pretty_name: Scratchpad arithmetic", "pretty_name: My sums"))
    change = push(Push([folder], REPO, force=True)).change
    assert b"pretty_name: My sums" in change.texts["README.md"]
    other = tmp_path / "other"
    shutil.copytree(GOLDEN / "validated", other)
    (other / "README.md").write_text(text.replace("- synthetic\n", "- synthetic\n- mine\n"))
    assert push(Push([other], REPO, force=True)).change.note == DIFFERS
