"""What a dry run assumes where nothing is known yet, with where each figure comes from, and what models are called.

teacher        attempts and tokens a reply as `synth distill --dry-run` guesses them; a prompt is that of the task's
               made-up question
a row          180 tokens of prompt and rationale, 112 without: so the times of RAFT's table 3 (Zhu et al. 2025; 40
               and 25 minutes for 20,000 rows, 3 epochs, 7 billion parameters, 4 A100) come to the same speed
training       6 FLOPs a parameter and token (Kaplan et al. 2020), at 312 TFLOP/s (an A100 in bfloat16) x 14.5%,
               which is what that table comes to
writing        by the same table: 40 seconds a question for 10 outputs with rationales, 0.12 for answers alone, of 7
               billion parameters; far less with a server that writes many at once
errors         a tenth of the questions are wrong with rationales and right without
small models   up to 50 million parameters learn on a core, at 30 GFLOP/s, and write 3,000 tokens a second; a stage
               takes 12 seconds to start
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.distilling.estimate import GUESS_TOKENS

ROW_TOKENS, ANSWER_TOKENS = 180, 112  # of prompt and target, with a rationale and without
PEAK, USED = 312e12, 0.145  # FLOP/s of an A100 in bfloat16, and the share that is used
SECONDS_WITH, SECONDS_WITHOUT, OUTPUTS, SEVEN = 40.0, 0.12, 10, 6.74e9  # of a question, at 7 billion parameters
SMALL = 5e7  # parameters up to which a model is made to run on a core
CORE, CORE_TOKENS, START = 3e10, 3_000.0, 12.0  # FLOP/s of training, tokens a second of writing, seconds to start
TEST_ROWS = 1_000  # of a data set whose questions are not here
TRAIN_ROWS = 10_000
ROW_BYTES = 1_500  # of a row on the disk, with its provenance
JUDGED_TOKENS = 300  # of the instruction to a judge, beside the row
WRONG = 0.1  # of the questions: wrong with rationales and right without
SCRATCH = {"tiny": 1.2e5, "small": 7e6, "base": 3.4e7}  # parameters of `--from-scratch`
KNOWN = {"t5-small": 6e7, "t5-base": 2.2e8, "t5-large": 7.7e8, "t5-xl": 3e9, "t5-xxl": 1.1e10}  # Raffel et al. 2020
REPLY_TOKENS = GUESS_TOKENS
TOLD = {
    "teachers": "1.5 attempts a row, replies of 200 tokens and 1,000 more of one that thinks; synth distill --dry-run "
    "knows more once the questions are here",
    "GPUs": f"6 FLOPs a parameter and token, {ROW_TOKENS} tokens a row ({ANSWER_TOKENS} without rationale), "
    f"312 TFLOP/s x {USED:.1%}; {TEST_ROWS:,} questions of a data set that is not here, {SECONDS_WITH:g} s "
    f"({SECONDS_WITHOUT:g} without rationale) for {OUTPUTS} outputs at 7 billion parameters: RAFT's table 3, which a "
    "server that writes many rows at once beats by far",
    "cores": f"models below {SMALL / 1e6:g} million parameters, {CORE / 1e9:g} GFLOP/s a core, {START:g} s to start a "
    "stage",
}


def parameters(given: Mapping[str, Any]) -> float | None:
    """Parameters of the model that options name; None if its name does not tell.

    given: `model` or `from_scratch`. A folder is measured by its weights, at two bytes a parameter.
    """
    if given.get("from_scratch"):
        return SCRATCH.get(str(given["from_scratch"]))
    name = str(given.get("model") or "")
    weights = [path.stat().st_size for path in Path(name).glob("*.safetensors")] if name and Path(name).is_dir() else []
    if weights:
        return sum(weights) / 2
    for known, size in KNOWN.items():
        if re.search(rf"{known}(?![\w-])", name):
            return size
    found = re.findall(r"(?<![\d.a-z])(\d+(?:\.\d+)?)(b|m)(?![a-z])", name.lower())
    return float(found[-1][0]) * {"b": 1e9, "m": 1e6}[found[-1][1]] if found else None
