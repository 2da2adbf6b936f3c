"""The pace of a training: how many steps a call does, and whether threads share them or one thread does all parts.

    quiet machine   part 1 | part 2      each part on its own core, at the same time
    busy machine    part 1 , part 2      one thread does one after the other, and waits for nobody

Threads that meet twice in a step of 150 µs wait for each other whenever a neighbour holds one of their cores: a step
can then take fifty times as long. The parts are the same either way, and so are the results, bit for bit.
"""

from __future__ import annotations

#: Seconds of work in a call, so that Ctrl-C, progress and checkpoints need not wait.
CALL_SECONDS = 0.02

#: Seconds of a trial whether sharing would be faster again, in steps as one thread does them. In the first, short one
#: threads wake up and caches fill, so it only shows whether the machine is busy; the second is to compare.
TRIAL_SECONDS = (0.002, 0.01)

#: How many times as long as alone a step of the first trial may take: on a busy machine it is ten and more.
_HOPELESS = 4.0

#: Calls between two trials: at first, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 2, 32

#: Steps of the first call.
_FIRST_STEPS = 3


class Pace:
    """Chooses by what steps took so far: first alone, then it tries whether sharing is faster.

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
        self.can_share, self.alone = can_share, True
        self._seconds: dict[bool, float] = {}  # a step takes, alone and shared
        self._wait, self._calls = _FIRST_WAIT, 0  # calls alone between two trials, and since the last
        self._trial = 0  # the first or the second, 0 for none

    def next_call(self) -> int:
        """Choose who does the next call, and return how many steps it is to do at most."""
        if not self._seconds:
            return _FIRST_STEPS
        if self._trial == 0 and self.alone and self.can_share:
            self._calls += 1
            if self._calls > self._wait:
                self._trial, self._calls = 1, 0
        if self._trial:
            self.alone = False
            return max(1, int(TRIAL_SECONDS[self._trial - 1] / self._seconds[True]))
        return max(1, int(CALL_SECONDS / self._seconds[self.alone]))

    def note(self, seconds: float) -> None:
        """Note what a step of the last call took. One slow call is not yet a busy machine."""
        if self._trial == 1 and seconds < _HOPELESS * self._seconds[True]:
            self._trial = 2
            return
        if self._trial:
            better = seconds < self._seconds[True]
            self._wait = _FIRST_WAIT if better else min(2 * self._wait, _LONGEST_WAIT)
            self._trial = 0
        elif seconds > (before := self._seconds.get(self.alone, seconds)):
            seconds = before + 0.3 * (seconds - before)
        self._seconds[self.alone] = max(seconds, 1e-6)
        if self.can_share:
            self.alone = False not in self._seconds or self._seconds[True] < self._seconds[False]
