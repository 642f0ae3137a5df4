"""Items in an order that is known when they come: a heap from which any of them may be taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

_STALE_SHARE: Final = 4
_STALE_FEW: Final = 16


class Line(Generic[Item]):
    """Items in the order of their ranks, which are unique and do not change while the item is in the line.

    The heap is lazy: it holds the ranks of `_items`, where an item that was dropped is None until its rank comes to the
    top. Taken up again before that, it has its old place in the heap, so no rank is ever there twice.
    """

    __slots__ = ("_heap", "_items", "count")

    def __init__(self) -> None:
        self._heap: list[tuple[int, ...]] = []
        self._items: dict[tuple[int, ...], Item | None] = {}
        self.count = 0

    def add(self, rank: tuple[int, ...], item: Item) -> None:
        """The item is in the line from now on."""
        if rank not in self._items:
            heappush(self._heap, rank)
        self._items[rank] = item
        self.count += 1

    def drop(self, rank: tuple[int, ...]) -> None:
        """The item with this rank is no longer in the line."""
        self._items[rank] = None
        self.count -= 1
        if len(self._heap) > _STALE_SHARE * self.count + _STALE_FEW:
            self._items = {rank: item for rank, item in self._items.items() if item is not None}
            self._heap = sorted(self._items)

    def first(self, passed_over: Callable[[Item], bool] | None) -> Item | None:
        """The first item, less those to be passed over; None if there is none."""
        heap, items = self._heap, self._items
        passed: list[tuple[int, ...]] = []
        found: Item | None = None
        while heap and found is None:
            item = items[heap[0]]
            if item is None:
                del items[heappop(heap)]
            elif passed_over and passed_over(item):
                passed.append(heappop(heap))
            else:
                found = item
        for rank in passed:
            heappush(heap, rank)
        return found

    def items(self) -> Iterator[Item]:
        """Every item, in no order."""
        return (item for item in self._items.values() if item is not None)
