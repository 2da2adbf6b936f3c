"""The pace of a training: the number of steps per call, and whether several threads or one thread do all parts.

    quiet machine   part 1 | part 2      each part on its own core, at the same time
    busy machine    part 1 , part 2      one thread does one after the other, and never waits

Threads that meet twice in a step of 150 µs wait for each other whenever another program has one of their cores: a step
can then take fifty times as long. The parts are the same either way, and so are the results, bit for bit.
"""

from __future__ import annotations

#: Seconds of work in a call, so that Ctrl-C, progress and checkpoints need not wait.
CALL_SECONDS = 0.02

#: The length of the two trials of several threads, in seconds of steps by one thread. In the short first one, threads
#: wake up and caches fill, so it only shows whether the machine is busy; the second is for the comparison.
TRIAL_SECONDS = (0.002, 0.01)

#: A step of the first trial may take this many times as long as alone: on a busy machine it is ten and more.
_HOPELESS = 4.0

#: Calls between two trials: at the start, and at most.
_FIRST_WAIT, _LONGEST_WAIT = 2, 32

#: Steps in the first call.
_FIRST_STEPS = 3


class Pace:
    """Chooses by the times of earlier steps: it starts with one thread, then tries whether several are faster.

    Parameters
    ----------
    can_share : bool
        Whether there are several parts, and several threads for them.

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
        """Choose the threads for the next call, and return the most steps that it may do."""
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
        """Record the time per step of the last call. One slow call does not yet mean a busy machine."""
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
