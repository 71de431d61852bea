"""The card of a release, as README.md of the folder that it was pulled into.

Text and keys stay as they are on the Hub; the front matter names the files of the folder, as `load_dataset` needs it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.base.files import write_whole
from synth.base.terminal import Say
from synth.cards.blocks import merge, names
from synth.data.frontmatter import entries, parse, split, split_configs
from synth.data.names import CARD
from synth.errors import FolderError
from synth.releasing import push_card
from synth.releasing.push_card import decided, lines, own_text, plain, read_card, with_truth


def configurations(card: str) -> list[str]:
    """The configurations that a card names, in its order; none if it cannot be read."""
    try:
        return list(entries(parse(split(plain(card))[0]).get("configs")))
    except FolderError:
        return []


def _narrowed(card: str, config: str) -> str:
    """A card without the blocks of other configurations, but for those that a person edited."""
    front, body = split(plain(card))
    others = set(configurations(card)) - {config}
    gone = frozenset(name for name in names(body) if name.partition(":")[2] in others)
    return f"---\n{front}---\n{merge(body, {}, gone).text}"


def put_card(
    folder: Path,
    theirs: str,
    config: str | None,
    manifest: Mapping[str, Any] | None,
    ours: Mapping[str, Any],
    say: Say = lambda line: None,
) -> bool:
    """Write the card of a release; False, and a line to `say`, if a person's text in the folder would be lost.

    config: the only one that was pulled, if not all were. manifest: of the dataset that the folder is; None for a
    folder of several, whose card names their files already. ours: keys that the data said which was in the folder.
    """
    here = read_card(folder) or ""
    try:
        theirs = theirs if config is None else _narrowed(theirs, config)
        if not lines(decided(here, ours)) <= lines(own_text(theirs)):
            say(
                f"{folder / CARD} has text of its own and was left as it is: the card of the release did not come along"
            )
            return False
        known = parse("\n".join(split_configs(manifest))) if manifest is not None else parse(split(plain(here))[0])
        text = with_truth(theirs, {key: known[key] for key in ("configs", "dataset_info")})
    except FolderError as error:
        say(f"the card of the release did not come along: {error}")
        return False
    try:
        write_whole(folder / CARD, text.encode())
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return True


def remember(folder: Path, name: str, theirs: str) -> None:
    """Note for the next push that the folder has the text of the release now."""
    push_card.remember(folder, name, read_card(folder) or "", theirs)
