"""A GPU that fails in the middle of something."""

from collections.abc import Iterator
from contextlib import contextmanager

from synth.errors import TrainingError, first_line

SIGNS = (
    "CUDA error",
    "CUDA out of memory",
    "HIP error",
    "HIP out of memory",
    "cuDNN error",
    "CUBLAS_STATUS",
    "NCCL error",
)


@contextmanager
def gpu_may_fail(kept: str) -> Iterator[None]:
    """Make one line of what torch says about a GPU that is lost or full; `kept`: what became of the work.

    Raises TrainingError.
    """
    try:
        yield
    except RuntimeError as error:
        if not any(sign in str(error) for sign in SIGNS):
            raise
        raise TrainingError(f"the GPU failed ({first_line(error)}): {kept}") from error
