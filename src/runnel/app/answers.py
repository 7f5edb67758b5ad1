"""The last answers to previews, kept by what determines them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable


class Answers:
    """The last answers to previews by what determines them; the longest unused go first, large ones are not kept."""

    def __init__(self, most: int = 100, longest: int = 1_000_000) -> None:
        self.most = most
        self.longest = longest
        self._kept: OrderedDict[tuple[str, int], tuple[str, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get_or_make(self, key: tuple[str, int], make: Callable[[], tuple[str, int]]) -> tuple[str, int]:
        """Return (the text of the rows, how many there are in all), made if it is not known."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        if len(made[0]) <= self.longest:
            with self._lock:
                self._kept[key] = made
                if len(self._kept) > self.most:
                    self._kept.popitem(last=False)
        return made
