"""The pace of a training: how many steps a call does, and whether threads share them or one thread does all parts.

    quiet machine   part 1 | part 2      each part on its own core, at the same time
    busy machine    part 1 , part 2      one thread does one after the other, and waits for nobody

Threads that meet twice in a step of 75 µs wait for each other whenever a neighbour holds one of their cores: a step
can then take fifty times as long. The parts are the same either way, and so are the results, bit for bit.
"""

from __future__ import annotations

#: Seconds of work in a call, so that Ctrl-C, progress and checkpoints need not wait.
CALL_SECONDS = 0.02

#: Seconds of a trial whether sharing would be faster again.
TRIAL_SECONDS = 0.002

#: Calls between two trials: at first, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 2, 32

#: Steps of each way at the beginning.
_FIRST_STEPS = 3


class Pace:
    """Chooses by what steps took so far.

    Parameters
    ----------
    can_share : bool
        Whether there are several parts, and threads for them.

    Attributes
    ----------
    alone : bool
        Whether one thread does the next call.
    """

    def __init__(self, *, can_share: bool) -> None:
        self.can_share, self.alone = can_share, not can_share
        self._seconds: dict[bool, float] = {}  # a step takes, alone and shared
        self._wait, self._calls = _FIRST_WAIT, 0  # calls until the next trial, and since the last
        self._trial = False

    def next_call(self) -> int:
        """Choose who does the next call, and return how many steps it is to do at most."""
        if self.can_share and len(self._seconds) < 2:
            self.alone = False in self._seconds
            return _FIRST_STEPS
        if not self._seconds:
            return 1
        self._trial = False
        if self.can_share:
            self.alone = self._seconds[True] < self._seconds[False]
            self._calls = self._calls + 1 if self.alone else 0
            self._trial = self._calls > self._wait
        if self._trial:
            self.alone, self._calls = False, 0
            return max(1, int(TRIAL_SECONDS / self._seconds[True]))
        return max(1, int(CALL_SECONDS / self._seconds[self.alone]))

    def note(self, seconds: float) -> None:
        """Note what a step of the last call took. One slow call is not yet a busy machine."""
        before = self._seconds.get(self.alone, seconds)
        if self._trial:
            better = seconds < self._seconds[True]
            self._wait = _FIRST_WAIT if better else min(2 * self._wait, _LONGEST_WAIT)
        elif seconds > before:
            seconds = before + 0.3 * (seconds - before)
        self._seconds[self.alone] = max(seconds, 1e-6)
