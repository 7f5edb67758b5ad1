"""Layered layout of a graph from left to right (Sugiyama, Tagawa and Toda 1981), small and without dependencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 12
ALIGN_ROUNDS = 8
MAX_BENDS = 20_000


@dataclass(frozen=True)
class Box:
    """One thing to place: its height, and the heights on its sides where wires may end are up to the links."""

    name: str
    height: float


@dataclass(frozen=True)
class Link:
    """A wire from one box to another; the offsets say how far below the boxes' tops it leaves and enters."""

    source: str
    target: str
    out_offset: float = 0
    in_offset: float = 0


@dataclass
class Placement:
    """Layer and top of every box, and for each link the (layer, height) of the bends between its ends."""

    layers: dict[str, int] = field(default_factory=dict[str, int])
    tops: dict[str, float] = field(default_factory=dict[str, float])
    bends: dict[int, list[tuple[int, float]]] = field(default_factory=dict[int, list[tuple[int, float]]])


def place(boxes: Sequence[Box], links: Sequence[Link], gap: float) -> Placement:
    """Place the boxes in layers; parts of the graph that are not connected stand below each other.

    Links that close a cycle are drawn but do not shape the layers.
    """
    result = Placement()
    top = 0.0
    for names in _components(boxes, links):
        members = [box for box in boxes if box.name in names]
        inside = [(number, link) for number, link in enumerate(links) if link.source in names]
        bottom = _place_component(members, inside, gap, top, result)
        top = bottom + gap * 1.5
    return result


def _components(boxes: Sequence[Box], links: Sequence[Link]) -> list[set[str]]:
    near: dict[str, list[str]] = {box.name: [] for box in boxes}
    for link in links:
        near[link.source].append(link.target)
        near[link.target].append(link.source)
    seen: set[str] = set()
    components: list[set[str]] = []
    for box in boxes:
        if box.name in seen:
            continue
        members = {box.name}
        stack = [box.name]
        while stack:
            for other in near[stack.pop()]:
                if other not in members:
                    members.add(other)
                    stack.append(other)
        seen |= members
        components.append(members)
    return components


def _place_component(
    boxes: Sequence[Box], links: Sequence[tuple[int, Link]], gap: float, top: float, result: Placement
) -> float:
    forward = _without_cycles([box.name for box in boxes], links)
    layers = _layers([box.name for box in boxes], [link for _, link in forward])
    heights = {box.name: box.height for box in boxes}
    chains = _chains(forward, layers, heights)
    segments = [segment for chain in chains.values() for segment in chain]
    columns = _columns(layers, segments, [box.name for box in boxes])
    columns = _ordered(columns, segments)
    tops = _aligned(columns, segments, heights, gap)
    shift = top - min(tops.values())
    for box in boxes:
        result.layers[box.name] = layers[box.name]
        result.tops[box.name] = tops[box.name] + shift
    for number, chain in chains.items():
        result.bends[number] = [(layers[link.target], tops[link.target] + shift) for link in chain[:-1]]
    return max(tops[box.name] + shift + box.height for box in boxes)


def _without_cycles(names: Sequence[str], links: Sequence[tuple[int, Link]]) -> list[tuple[int, Link]]:
    """Return the links without those that a depth-first search finds to lead back."""
    leaving: dict[str, list[tuple[int, Link]]] = {name: [] for name in names}
    for number, link in links:
        leaving[link.source].append((number, link))
    state: dict[str, int] = {}
    kept: list[tuple[int, Link]] = []
    for start in names:
        if start in state:
            continue
        stack = [(start, iter(leaving[start]))]
        state[start] = 1
        while stack:
            name, rest = stack[-1]
            step = next(rest, None)
            if step is None:
                state[name] = 2
                stack.pop()
                continue
            target = step[1].target
            if state.get(target) != 1:
                kept.append(step)
            if target not in state:
                state[target] = 1
                stack.append((target, iter(leaving[target])))
    return sorted(kept, key=lambda pair: pair[0])


def _layers(names: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """Return the longest-path layer of each box; a box without inputs moves next to what reads it."""
    leaving: dict[str, list[str]] = {name: [] for name in names}
    waiting = dict.fromkeys(names, 0)
    for link in links:
        leaving[link.source].append(link.target)
        waiting[link.target] += 1
    sources = [name for name in names if waiting[name] == 0]
    layers = dict.fromkeys(names, 0)
    ready = list(sources)
    while ready:
        name = ready.pop()
        for target in leaving[name]:
            layers[target] = max(layers[target], layers[name] + 1)
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    for name in sources:
        if leaving[name]:
            layers[name] = min(layers[target] for target in leaving[name]) - 1
    return layers


def _chains(
    links: Sequence[tuple[int, Link]], layers: dict[str, int], heights: dict[str, float]
) -> dict[int, list[Link]]:
    """Cut each link into links between neighbouring layers; the new bends become flat boxes of their own."""
    bends = sum(layers[link.target] - layers[link.source] - 1 for _, link in links)
    chains: dict[int, list[Link]] = {}
    for number, link in links:
        chain: list[Link] = []
        last, offset = link.source, link.out_offset
        between = range(layers[link.source] + 1, layers[link.target]) if bends <= MAX_BENDS else ()
        for layer in between:
            bend = f"\0{number}\0{layer}"
            layers[bend] = layer
            heights[bend] = 0
            chain.append(Link(last, bend, offset))
            last, offset = bend, 0
        chains[number] = [*chain, Link(last, link.target, offset, link.in_offset)]
    return chains


def _columns(layers: Mapping[str, int], links: Sequence[Link], order: Sequence[str]) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in range(max(layers.values()) + 1)]
    known = {name: place for place, name in enumerate(order)}
    bends = {link.target: link.source for link in links if link.target not in known}
    for name in bends:
        known[name] = known[bends[name]]
    for name in sorted(layers, key=lambda name: known[name]):
        columns[layers[name]].append(name)
    return columns


def _ordered(columns: list[list[str]], links: Sequence[Link]) -> list[list[str]]:
    """Order each column by the barycentre of its neighbours, and keep the order with the fewest crossings."""
    left: dict[str, list[tuple[str, float]]] = {}
    right: dict[str, list[tuple[str, float]]] = {}
    for link in links:
        left.setdefault(link.target, []).append((link.source, link.out_offset / 1000))
        right.setdefault(link.source, []).append((link.target, link.in_offset / 1000))
    sweeps = SWEEPS if len(links) <= 2000 else 4
    best = [list(column) for column in columns]
    fewest = _crossings(best, links)
    current = best
    for sweep in range(sweeps):
        current = [list(column) for column in current]
        neighbours = left if sweep % 2 == 0 else right
        steps = range(1, len(current)) if sweep % 2 == 0 else range(len(current) - 2, -1, -1)
        for step in steps:
            beside = current[step - 1] if sweep % 2 == 0 else current[step + 1]
            current[step] = _by_barycentre(current[step], beside, neighbours)
        count = _crossings(current, links)
        if count < fewest:
            best, fewest = current, count
    return best


def _by_barycentre(
    column: Sequence[str], beside: Sequence[str], neighbours: Mapping[str, list[tuple[str, float]]]
) -> list[str]:
    places = {name: place for place, name in enumerate(beside)}

    def centre(item: tuple[int, str]) -> float:
        near = [places[name] + shift for name, shift in neighbours.get(item[1], []) if name in places]
        return sum(near) / len(near) if near else float(item[0])

    return [name for _, name in sorted(enumerate(column), key=centre)]


def _crossings(columns: Sequence[Sequence[str]], links: Sequence[Link]) -> int:
    """Count crossings per pair of layers by inversions, in n log n."""
    place = {name: number for column in columns for number, name in enumerate(column)}
    layer = {name: number for number, column in enumerate(columns) for name in column}
    pairs: dict[int, list[tuple[float, float]]] = {}
    for link in links:
        ends = (place[link.source] + link.out_offset / 1000, place[link.target] + link.in_offset / 1000)
        pairs.setdefault(layer[link.source], []).append(ends)
    return sum(_inversions([end for _, end in sorted(ends)]) for ends in pairs.values())


def _inversions(values: list[float]) -> int:
    if len(values) < 2:
        return 0
    middle = len(values) // 2
    first, second = values[:middle], values[middle:]
    count = _inversions(first) + _inversions(second)
    first.sort()
    second.sort()
    place = 0
    for value in second:
        while place < len(first) and first[place] <= value:
            place += 1
        count += len(first) - place
    return count


def _aligned(
    columns: Sequence[Sequence[str]], links: Sequence[Link], heights: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Give every box a top near the mean of its neighbours' wires, columns kept in order and apart."""
    tops: dict[str, float] = {}
    for column in columns:
        tops.update(_stacked(column, heights, gap))
    arriving: dict[str, list[Link]] = {}
    leaving: dict[str, list[Link]] = {}
    for link in links:
        arriving.setdefault(link.target, []).append(link)
        leaving.setdefault(link.source, []).append(link)
    for turn in range(ALIGN_ROUNDS):
        ordered = columns if turn % 2 == 0 else list(reversed(columns))
        for column in ordered:
            wanted = [_wanted(name, tops, arriving, leaving, turn) for name in column]
            tops.update(_spread(column, wanted, heights, gap))
    return tops


def _stacked(column: Sequence[str], heights: Mapping[str, float], gap: float) -> dict[str, float]:
    tops: dict[str, float] = {}
    total = sum(heights[name] + gap for name in column) - gap
    top = -total / 2
    for name in column:
        tops[name] = top
        top += heights[name] + gap
    return tops


def _wanted(
    name: str,
    tops: Mapping[str, float],
    arriving: Mapping[str, list[Link]],
    leaving: Mapping[str, list[Link]],
    turn: int,
) -> float:
    before = [tops[link.source] + link.out_offset - link.in_offset for link in arriving.get(name, [])]
    after = [tops[link.target] + link.in_offset - link.out_offset for link in leaving.get(name, [])]
    near = before if turn % 2 == 0 else after
    near = near or before or after
    return sum(near) / len(near) if near else tops[name]


def _spread(
    column: Sequence[str], wanted: Sequence[float], heights: Mapping[str, float], gap: float
) -> dict[str, float]:
    """Return tops nearest to the wanted ones that keep the order and the gaps (pool adjacent violators)."""
    offsets: list[float] = []
    offset = 0.0
    for name in column:
        offsets.append(offset)
        offset += heights[name] + gap
    pools: list[list[float]] = []
    for place in range(len(column)):
        pools.append([wanted[place] - offsets[place], 1.0])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, weight = pools.pop()
            total = pools[-1][1] + weight
            pools[-1][0] = (pools[-1][0] * pools[-1][1] + mean * weight) / total
            pools[-1][1] = total
    shifts = [mean for mean, weight in pools for _ in range(int(weight))]
    return {name: shifts[place] + offsets[place] for place, name in enumerate(column)}
