"""What RAFT published of the gain by rationales: two lines, and figures of its data sets.

RAFT (Zhu et al. 2025, "Rationales Are Not Silver Bullets", arXiv 2505.24147) trained LLaMA-2-7B on 18 data sets,
20,000 rows each, with rationales of gpt-3.5-turbo and with answers alone, and fitted the gain in accuracy against two
measures of how hard a data set is (section 4, equations 9 and 10; correlations in table 10, one-tailed p):

    gain = 0.0029 x length - 0.5567        length: mean over rationales that the base model writes to three
                                           demonstrations of other tasks                        r 0.7059, p 5.3e-4
    gain = 0.6730 - 0.8031 x accuracy      accuracy after training on answers alone             r 0.9295, p 1.2e-8

The paper prints the second without its minus sign; its figure 5 and its text have the gain fall as accuracy rises. It
does not say what length is counted in. Its figures fit characters and not tokens: the rationales of WiC and
Winogrande have 55 and 32 tokens (table 7) and lengths of 231 and 233 (table 4).

How far a single data set may lie from a line is not printed either, but cannot be less than this: four of the gains are
above 0.40 and eleven below 0 (section 3.1), so the 18 gains have a standard deviation of 0.166 at least; what a line
with correlation r leaves of it is s = 0.166 x sqrt((1 - r^2) x 17/16), and 95% of new data sets lie within
2.12 x s x sqrt(1 + 1/18) of the line if scatter is normal (2.12: Student's t with 16 degrees of freedom).
"""

import math
from dataclasses import dataclass

SETS = 18
LEAST_SPREAD = 0.166  # standard deviation of the 18 gains, at the least: see above
STUDENT = 2.120  # 97.5% point of Student's t with SETS - 2 degrees of freedom
GAINS = (-0.092, 0.509)  # smallest and largest gain in the paper's tables (QQP, GSM8K: table 6)
TEACHERS = 0.0010  # correlation of the gain with the length of gpt-3.5-turbo's rationales (table 10)


@dataclass(frozen=True)
class Published:
    """gain = slope * x + intercept."""

    x: str
    slope: float
    intercept: float
    pearson: float
    p: float  # one-tailed

    def at(self, x: float) -> float:
        return self.slope * x + self.intercept

    def margin(self, x: float = 0.0) -> float:
        """Half of a 95% interval for a new data set, at the least; the same for all x, as the points are not known."""
        left = LEAST_SPREAD * math.sqrt((1 - self.pearson**2) * (SETS - 1) / (SETS - 2))
        return STUDENT * left * math.sqrt(1 + 1 / SETS)

    def bounds(self) -> tuple[float, float]:
        """Where the line meets the smallest and the largest gain that the paper's tables have.

        The points themselves are in its figure 5 only, so this stands for the range in which the line was fitted.
        """
        ends = sorted((gain - self.intercept) / self.slope for gain in GAINS)
        return ends[0], ends[1]


BY_LENGTH = Published("length", 0.0029, -0.5567, 0.7059, 5.3e-4)
BY_ACCURACY = Published("accuracy", -0.8031, 0.6730, 0.9295, 1.2e-8)


@dataclass(frozen=True)
class Measured:
    """What the paper has of a data set, numbers in its tables and text alone; gains as with less without."""

    gain: float | None = None  # in accuracy (table 6)
    gain_said: str = ""  # section 3.1, if there is no number
    ece: tuple[float, float] | None = None  # without, with (figure 4)
    length: float | None = None  # of gpt-3.5-turbo's rationales (table 4)


KNOWN = {
    "gsm8k": Measured(0.509, "", (0.581, 0.037), 339.7),
    "multiarith": Measured(None, "above 40 points", (0.612, 0.057)),
    "asdiv": Measured(None, "above 40 points", (0.501, 0.063)),
    "svamp": Measured(None, "above 40 points", (0.525, 0.041)),
    "arc-challenge": Measured(None, "above 0", (0.313, 0.096), 254.8),
    "arc-easy": Measured(None, "above 0"),
    "qqp": Measured(-0.092),
    "cr": Measured(-0.002),
    "sst2": Measured(length=176.1),
    "anli": Measured(length=202.7),
    "paws": Measured(length=232.2),
    "wic": Measured(length=231.3),
    "winogrande": Measured(length=233.3),
}
OTHERS = ("commonsenseqa", "creak", "trec", "agnews", "commitmentbank")  # of the 18, without a number in text or tables
