"""In which order the regions of a page are read, from what a model says of each pair of them (PP-DocLayout V4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, Any]
Edge = tuple[int, int]


def reading_order(relative_logits: Matrix, successor_logits: Matrix) -> Matrix:
    """The rank of each of n regions, int64 (n,).

    Who follows directly on whom makes chains; the weakest links of circles are dropped. Chains, and the regions within
    one that may come next, are ordered by who is likely to come before whom.

    Args:
        relative_logits: (n, n), how likely i comes before j. successor_logits: (n, n), how likely j follows next on i.
    """
    count = len(successor_logits)
    if count < 2:
        return np.zeros(count, np.int64)
    links = _without_circles(
        {
            (i, j): float(successor_logits[i, j])
            for i in range(count)
            for j in range(count)
            if i != j and successor_logits[i, j] > 0
        },
        count,
    )
    # From exp(-|x|), which cannot overflow: the model marks its diagonal with -10,000.
    small = np.exp(-np.abs(relative_logits))
    before = np.where(relative_logits >= 0, 1.0 / (1.0 + small), small / (1.0 + small))
    np.fill_diagonal(before, 0.0)
    votes = before.sum(axis=0)
    chains = [_ordered(chain, links, before) for chain in _chains(links, count)]
    chains.sort(key=lambda chain: float(np.mean(votes[chain])))
    ranks = np.zeros(count, np.int64)
    ranks[[region for chain in chains for region in chain]] = np.arange(count)
    return ranks


def _without_circles(links: dict[Edge, float], count: int) -> list[Edge]:
    """The links that are left when every circle has lost its weakest ones, the first of equals."""
    links = dict(links)
    while True:
        circle = _strong_components(links, count)
        weakest: dict[int, Edge] = {}
        for link, strength in links.items():
            if circle[link[0]] == circle[link[1]]:
                known = weakest.get(circle[link[0]])
                if known is None or strength < links[known]:
                    weakest[circle[link[0]]] = link
        if not weakest:
            return list(links)
        for link in weakest.values():
            del links[link]


def _strong_components(links: Iterable[Edge], count: int) -> list[int]:
    """For each region a name of those that it can be reached from and that it reaches, as Tarjan 1972 finds them."""
    followers: list[list[int]] = [[] for _ in range(count)]
    for i, j in links:
        followers[i].append(j)
    seen: dict[int, int] = {}
    low = [0] * count
    component = [-1] * count
    path: list[int] = []
    for root in range(count):
        if root in seen:
            continue
        work = [(root, iter(followers[root]))]
        seen[root] = low[root] = len(seen)
        path.append(root)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == seen[node]:
                    while component[node] < 0:
                        component[path.pop()] = node
            elif following not in seen:
                seen[following] = low[following] = len(seen)
                path.append(following)
                work.append((following, iter(followers[following])))
            elif component[following] < 0:
                low[node] = min(low[node], seen[following])
    return component


def _chains(links: Iterable[Edge], count: int) -> list[list[int]]:
    """The regions that links hold together, in the order of their first ones."""
    chain = list(range(count))
    for i, j in links:
        old, new = max(chain[i], chain[j]), min(chain[i], chain[j])
        chain = [new if name == old else name for name in chain]
    return [[region for region in range(count) if chain[region] == name] for name in sorted(set(chain))]


def _ordered(chain: Sequence[int], links: Iterable[Edge], before: Matrix) -> list[int]:
    """A chain so that links point forwards; of those that may come next, the one most likely before the others."""
    followers: dict[int, list[int]] = {region: [] for region in chain}
    waiting = dict.fromkeys(chain, 0)
    for i, j in links:
        if i in followers:
            followers[i].append(j)
            waiting[j] += 1
    ready = [region for region in chain if waiting[region] == 0]
    order: list[int] = []
    while ready:
        scores = {region: sum(before[region][other] for other in ready if other != region) for region in ready}
        best = max(ready, key=lambda region: (scores[region], -region))
        ready.remove(best)
        order.append(best)
        for region in followers[best]:
            waiting[region] -= 1
            if waiting[region] == 0:
                ready.append(region)
    return order
