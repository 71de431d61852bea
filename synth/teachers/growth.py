"""Whether a server whose replies are slow is asked more at once than is usual.

With 512 requests in flight a server that takes 10 s for each gives 51 replies a second, though it may be able to do
more: it takes its time for each, as a model that thinks does. Or it has its hands full: then twice as many in flight
take twice as long. So it is tried: twice as many, again and again, for as long as replies do not take much longer.
"""

from dataclasses import dataclass, field

ASKED = 650.0  # requests a second that one process asks at most, about; more in flight are no use above that
LONGER = 1.4  # times as long as with half as many in flight: this server has its hands full


@dataclass
class Growth:
    """How many requests may be in flight, beyond `most`, up to `limit`."""

    most: int
    limit: int
    _seconds: float = field(default=0.0, init=False)  # of the replies since the last step
    _count: int = field(default=0, init=False)
    _before: float | None = field(default=None, init=False)  # seconds a reply with half as many

    def after(self, seconds: float, allowed: int, refused: bool) -> int | None:
        """What is allowed from now on, after a reply that took so long; None if that stays as it is.

        refused: some of the last replies were refusals for speed.
        """
        if self.most >= self.limit or allowed < self.most or refused:
            self._count, self._seconds = 0, 0.0
            return None
        self._count += 1
        if self._count > self.most:  # the first of them were asked when less was in flight
            self._seconds += seconds
        if self._count < 2 * self.most:
            return None
        mean = self._seconds / self.most
        self._count, self._seconds = 0, 0.0
        if self._before is not None and mean > LONGER * self._before:
            self.most = self.limit = self.most // 2
        elif self.most / mean < ASKED if mean else False:
            self._before, self.most = mean, min(self.limit, 2 * self.most)
        else:
            return None
        return self.most
