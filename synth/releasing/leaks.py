"""What must not go out with a dataset: secrets, folders of this machine, names of its users.

    secrets        tokens of Hugging Face, OpenAI, Groq, AWS, GitHub, GitLab, Google, Slack and Stripe by their form,
                   JSON Web Tokens, what stands after `Bearer`, private keys, and every value that an environment
                   variable named ..._KEY, ..._TOKEN, ..._SECRET or ..._PASSWORD has
    folders        home folders (/home/x, /Users/x, /root/x, C:\\Users\\x), this user's own, where the dataset lies,
                   folders that rented machines have (/workspace/x, /mnt/data/x, /var/folders/x), folders of Windows
                   (D:\\x\\y), any other that is on this machine, but for those that every system has (/usr/bin/env)
    user names     in what programs write about a dataset (synth.json, validation.json): not in rows or the card, where
                   the same letters are a word or the name of an author

Searching is two steps for speed: a letter-for-letter search for how such a thing begins, and only if that is found,
which is hardly ever, the regular expression.
"""

import getpass
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from synth.errors import FolderError

RARE = b"_/\\-AKZ"  # looking for one letter takes no time; without it no sign that has it needs to be looked for
SHORTEST_SECRET = 16  # letters of a variable's value; what is shorter may be a word
SHORTEST_NAME = 3
COMMON_NAMES = {"root", "user", "admin", "ubuntu", "debian", "runner", "jovyan", "nobody", "test", "guest", "student"}
SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")


def _always(found: bytes) -> bool:
    return True


@dataclass(frozen=True)
class Sign:
    """Something that gives itself away: `what` it is, a part of it that is always there, and its whole form.

    sought: a form that RE2 knows and that is always there too, if the part alone is in nearly every row.
    """

    what: str
    part: bytes
    form: "re.Pattern[bytes]"
    secret: bool = True
    holds: Callable[[bytes], bool] = _always  # of a module: workers search too
    sought: str = ""


def _random(found: bytes) -> bool:
    """Whether it looks drawn by a machine: a long run of letters with digits among them."""
    runs = re.findall(rb"\w{16,}", found)
    return any(re.search(rb"\d", run) and re.search(rb"[A-Za-z]", run) for run in runs)


def _has_digit(found: bytes) -> bool:
    """Whether it can be a token: the made-up ones of manuals (xoxb-your-token) have none."""
    return re.search(rb"\d", found) is not None


@lru_cache(maxsize=1 << 16)
def _is_there(found: bytes) -> bool:
    """Whether there is such a folder on this machine, and not on every other."""
    if found.split(b"/")[1] in EVERYWHERE:
        return False
    try:
        return os.path.exists(os.fsdecode(found))
    except (OSError, ValueError):  # too long a name
        return False


def _is_windows(found: bytes) -> bool:
    r"""Whether it is a folder: not a formula (F:\Omega\to), nor text with line ends written out (D:\nThe\nend)."""
    parts = re.split(rb"\\+", found)[1:]
    return not any(part in LATEX for part in parts) and re.match(rb"[nrt][A-Z]|[nrt]$", parts[0]) is None


# Before a path: nothing that makes it the end of an address, of another path, or of a word.
START = rb"(?:(?<![\w./~-])|(?<=file://))"
NAME = rb"(?:[\w.\x80-\xff-]*[\w\x80-\xff])"  # without the full stop after it
EVERYWHERE = {
    *(b"bin", b"boot", b"dev", b"etc", b"lib", b"lib32", b"lib64", b"opt", b"proc", b"run", b"sbin", b"sys", b"usr"),
    *(b"var", b"System", b"Library", b"Applications"),
}
LATEX = set(
    b"to rightarrow mapsto longrightarrow longmapsto hookrightarrow leftrightarrow subset subseteq in times cdot "
    b"mathbb mathcal mathrm mathbf mathfrak text frac sqrt left right quad qquad ldots dots infty langle rangle".split()
)
GITHUB = (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_")
PLACES = {b"/home/": "a home folder", b"/Users/": "a home folder", b"/root/": "a home folder"} | dict.fromkeys(
    (b"/workspace/", b"/mnt/data/", b"/var/folders/"), "a folder of a machine"
)
SIGNS = (
    Sign("a Hugging Face token", b"hf_", re.compile(rb"(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,}(?![A-Za-z0-9_])")),
    Sign("an API key", b"sk-", re.compile(rb"(?<![\w-])sk-[\w-]{20,}"), holds=_random),
    Sign("a Groq API key", b"gsk_", re.compile(rb"(?<![A-Za-z0-9_])gsk_[A-Za-z0-9]{32,}"), holds=_has_digit),
    Sign("a Stripe key", b"k_live_", re.compile(rb"(?<![A-Za-z0-9])[rs]k_live_[A-Za-z0-9]{16,}"), holds=_has_digit),
    *(
        Sign("an AWS key", start, re.compile(rb"(?<![A-Za-z0-9])" + start + rb"[A-Z0-9]{16}(?![A-Za-z0-9])"))
        for start in (b"AKIA", b"ASIA")
    ),
    *(
        Sign("a GitHub token", start, re.compile(rb"(?<![A-Za-z0-9])" + start + rb"[A-Za-z0-9]{36}"))
        for start in GITHUB
    ),
    Sign("a GitHub token", b"github_pat_", re.compile(rb"github_pat_\w{22,}")),
    Sign("a GitLab token", b"glpat-", re.compile(rb"(?<![\w-])glpat-[\w.-]{20,}"), holds=_has_digit),
    Sign("a Slack token", b"xox", re.compile(rb"(?<![\w-])xox[abeoprs]-[\w-]{20,}"), holds=_has_digit),
    Sign("a Google API key", b"AIza", re.compile(rb"(?<![\w-])AIza[\w-]{35}(?![\w-])")),
    Sign("a JSON Web Token", b"eyJ", re.compile(rb"(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{16,}")),
    Sign("a bearer token", b"earer ", re.compile(rb"\b[Bb]earer +[\w.~+/-]{20,}=*"), holds=_random),
    Sign("a private key", b"PRIVATE KEY-----", re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    *(Sign(what, start, re.compile(START + start + NAME), secret=False) for start, what in PLACES.items()),
    Sign("a home folder", b"\\Users\\", re.compile(rb"(?<!\w)[A-Za-z]:\\{1,2}Users\\{1,2}" + NAME), secret=False),
    Sign(
        "a folder of a machine", b":\\", re.compile(rb"(?<!\w)(?:[C-H]|[cd]):(?:\\{1,2}" + NAME + rb"){2,}"),
        secret=False, holds=_is_windows,
    ),
    Sign(
        "a folder of this machine", b"/", re.compile(START + rb"/" + NAME + rb"/" + NAME),
        secret=False, holds=_is_there, sought=r"(?:^|[^0-9A-Za-z_./~-]|file://)/[^/\x00 ]+/",
    ),
)  # fmt: skip


class Guard:
    """Looks through everything that is about to go out; it may be sent to processes of this machine.

    `allowed` is text that may go out although it looks private, such as /home/user of a dataset about the shell; the
    token in use and the values of this process's variables may never.
    """

    def __init__(self, folders: Iterable[Path], token: str | None, allowed: Sequence[str] = (), org: str = "") -> None:
        own = {token or "", *_secret_values(os.environ)} - {""}
        self._signs = [*SIGNS, *(_exact("a secret of this session", value, True) for value in sorted(own))]
        self._signs += [_exact("a folder of this machine", path, False) for path in _machine_folders(folders)]
        self._own = {value.encode() for value in own}
        self._allowed = [text.encode() for text in allowed]
        self._user = _user_name(org)

    def check_rows(self, rows: Sequence[Mapping[str, Any]], where: str) -> None:
        """Raises FolderError, which names the row, if something in a row must not go out."""
        texts = ["\0".join(_texts(row)) for row in rows]
        for place in self._suspects(texts):
            if (found := self._find(texts[place].encode())) is not None:
                raise FolderError(self._line(found, f"{where}, row {rows[place].get('id')!r}"))

    def check_text(self, text: str, where: str, names: bool = False) -> None:
        """The same for a file of text; `names`: user names neither.

        Raises FolderError, which names the line.
        """
        signs = [*self._signs, *([self._user] if names and self._user is not None else [])]
        for number, line in enumerate(text.splitlines(), start=1):
            if (found := self._find(line.encode(), signs)) is not None:
                raise FolderError(self._line(found, f"{where} line {number}"))

    def fingerprint(self) -> list[str]:
        """What is looked for, to tell whether data was looked through for the same before; no secret is in it."""
        return sorted(hash_of(sign.part) for sign in self._signs) + [text.decode() for text in self._allowed]

    def _suspects(self, texts: Sequence[str]) -> list[int]:
        """Places of the texts that may have a sign in them: RE2 looks for all at once, Python for one by one."""
        import pyarrow as pa
        import pyarrow.compute as pc

        forms = "|".join(dict.fromkeys(sign.sought or re.escape(sign.part.decode()) for sign in self._signs))
        found = pc.match_substring_regex(pa.array(texts, pa.large_string()), forms)
        places: list[int] = pc.indices_nonzero(found).to_pylist()
        return places

    def _find(self, text: bytes, signs: Sequence[Sign] | None = None) -> tuple[Sign, bytes] | None:
        absent = {letter for letter in RARE if letter not in text}
        for sign in self._signs if signs is None else signs:
            if absent.isdisjoint(sign.part) and sign.part in text:
                for match in sign.form.finditer(text):
                    if sign.holds(match[0]) and not self._may_go_out(match[0]):
                        return sign, match[0]
        return None

    def _may_go_out(self, found: bytes) -> bool:
        name = found.strip(b"/")
        texts = (text.strip(b"/") for text in self._allowed)
        return found not in self._own and any(text == name or text.startswith(name + b"/") for text in texts)

    def _line(self, found: tuple[Sign, bytes], where: str) -> str:
        sign, text = found
        shown = repr(f"{text[:4].decode(errors='replace')}...") if sign.secret else repr(text.decode(errors="replace"))
        way_out = "take it out" if text in self._own else "take it out, or add --allow TEXT if it may go out"
        return f"{where} has {sign.what} in it ({shown}), and nothing was pushed: {way_out}"


def hash_of(part: bytes) -> str:
    return sha256(part).hexdigest()


def _secret_values(variables: Mapping[str, str]) -> set[str]:
    return {
        value
        for name, value in variables.items()
        if name.upper().endswith(SECRET_NAMES) and len(value) >= SHORTEST_SECRET
    }


def _exact(what: str, text: str, secret: bool) -> Sign:
    """A sign for the very text; a folder has to end where the text does: /home/ada is not in /home/adam."""
    edges = (b"", b"") if secret else (rb"(?<![\w.-])", rb"(?![\w-])")
    return Sign(what, text.encode(), re.compile(edges[0] + re.escape(text.encode()) + edges[1]), secret)


def _machine_folders(folders: Iterable[Path]) -> list[str]:
    """The user's home, and where the datasets lie; not folders that every machine has, such as /data."""
    home = str(Path.home())
    deep = {str(path.resolve()) for path in (*folders, Path.cwd()) if len(path.resolve().parts) > 2}
    return sorted(deep | ({home.rstrip("/") + "/"} if len(Path.home().parts) > 1 else set()))


def _user_name(org: str) -> Sign | None:
    """The name of who runs this, if it is a name of a person and not the one the dataset is published under."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # no such user: a container
        return None
    if len(name) < SHORTEST_NAME or name.lower() in COMMON_NAMES or name.lower() == org.lower():
        return None
    form = re.compile(rb"(?<![A-Za-z0-9])" + re.escape(name.encode()) + rb"(?![A-Za-z0-9])")
    return Sign("the name of this machine's user", name.encode(), form, secret=False)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a row, in dictionaries and lists too, with the names of fields that data decides."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, held in value.items():
            if isinstance(held, str):
                yield held
            elif isinstance(held, Mapping | list):
                yield from _texts(held)
            yield str(name)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
