"""The options of `synth view`."""

from synth.base.config import Paths, argument, option, settings


@settings
class View:
    """What is looked at, and where its page is."""

    folders: Paths = argument(
        "dataset folders, runs, evaluations, or a distillation under way", metavar="FOLDER", kw_only=False
    )
    port: int = option("port of the page on this machine; 0 takes a free one", default=8377, least=0, most=65535)
    person: str = option("who labels rows  [default: the user of this machine]", default="", again=False)
    browser: bool = option("open the page in a browser", default=True)
