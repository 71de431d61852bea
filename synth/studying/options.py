"""The options of `synth study`."""

from synth.base.config import AnyText, MaybePath, Texts, argument, option, settings


@settings
class Study:
    """Which study, where it is carried out, how much of it, at what price."""

    study: AnyText = argument("a file in TOML, or a study that comes with the program", metavar="STUDY")
    out: MaybePath = option("folder of the study  [needed, but for --dry-run]", default=None, again=False)
    only: Texts = option("a block's name, or AXIS=VALUE; may be repeated  [default: all of it]", default=())
    source: Texts = option(
        "NAME=PATH, a file or folder that the study asks for; may be repeated  [default: as the study says]", default=()
    )
    jobs: int = option("stages at the same time; they share the cores, and each gets a GPU", default=1, least=1,
                       again=False)  # fmt: skip
    budget: float | None = option(
        "dollars not to be passed by all stages together  [default: no limit]", default=None, least=0, again=False
    )
    dry_run: bool = option("show the stages and what they will take, run nothing", default=False, again=False)
    overwrite: bool = option("make stages again that other options made", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What is not named."""
        wrong = [f"--source {text}: give NAME=PATH" for text in self.source if not all(text.partition("=")[::2])]
        return wrong if self.study else [*wrong, "STUDY is empty: give a file in TOML"]
