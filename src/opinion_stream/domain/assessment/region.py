"""属地管理: from the places a mention names to the region in charge, county level or above."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate

from opinion_stream.domain.assessment.conditions import REMEMBERED
from opinion_stream.domain.assessment.document import Document
from opinion_stream.domain.assessment.lexicon import Hits, WordSet
from opinion_stream.domain.places import Places
from opinion_stream.models.base import Reason, RegionRef
from opinion_stream.policy.loader import Policy

SEVERAL = "region.several"
"""Rule id of a matter across several regions, which stays with the region above them."""

_SHORT = 2
"""Short names up to this length count only where a word begins, since "混合水泥" holds the name of a county."""


class RegionJudge:
    """Finds the region of a mention by the names, short names and ambiguous names of `regions.yaml`."""

    def __init__(self, policy: Policy, places: Places) -> None:
        self._places = places
        self._names: dict[str, tuple[str, ...]] = {}
        self._unsure: set[str] = set()
        named: dict[str, list[str]] = {}
        for region in policy.regions.regions:
            for word in dict.fromkeys((region.name, *region.aliases, *region.ambiguous)):
                named.setdefault(word, []).append(region.code)
            self._unsure.update(region.ambiguous)
        for word, codes in named.items():
            self._names[word] = tuple(codes)
            if len(codes) > 1:
                self._unsure.add(word)
        self._words = WordSet(self._names)
        # Most mentions of a city name the same few places.
        self._judged = lru_cache(REMEMBERED)(self._judge)

    def words(self) -> Iterator[str]:
        """All names it looks for."""
        return iter(self._names)

    def judge(self, document: Document) -> tuple[RegionRef, Reason]:
        """The region in charge and why.

        Places in the title decide if they lead to a county; else those in title and text; else what the source
        stated. Several counties lead to the region that holds them all, no place to the jurisdiction itself. An
        ambiguous name counts beside a sure sign of the same county anywhere in the mention.
        """
        return self._judged(
            self._named(document.title_hits, document.title_words),
            self._named(document.text_hits, document.text_words),
            self._named(document.hint_hits, None),
        )

    def _judge(self, title: tuple[str, ...], text: tuple[str, ...], hint: tuple[str, ...]) -> tuple[RegionRef, Reason]:
        """The region by the place names in title, text and hint."""
        if not title and not text and not hint:
            return self._whole("region.none", "文中没有提到具体地方，归本级", ())
        witnesses = {self._county(code) for code in self._sure((*title, *text, *hint))}
        for found, where in ((title, "标题"), ((*title, *text), "文中")):
            answer = self._decide(found, witnesses, hint, where)
            if answer is not None:
                return answer
        answer = self._decide(hint, witnesses, (), "来源")
        if answer is not None:
            return answer
        names = tuple(dict.fromkeys((*title, *text, *hint)))
        inside = any(self._places.is_within(self._places.home, code) for code in self._sure(names))
        if inside or not self._sure(names):
            return self._whole("region.whole", f"只提到{_list(names)}，不能确定到县区，归本级", names)
        return self._whole("region.outside", f"只提到辖区以外的{_list(names)}，归本级研究", names)

    def _decide(
        self, found: Iterable[str], witnesses: set[str], hint: Iterable[str], where: str
    ) -> tuple[RegionRef, Reason] | None:
        """The region that the names `found` lead to, or None if they lead to none below the jurisdiction."""
        places: dict[str, str] = {}
        for word in found:
            codes = self._names[word]
            if word in self._unsure:
                codes = tuple(code for code in codes if self._county(code) in witnesses)
            for code in codes:
                if code != self._places.home and self._places.is_within(code, self._places.home):
                    places.setdefault(code, word)
        regions = {self._county(code): word for code, word in places.items()}
        lowest = [c for c in regions if not any(c != d and self._places.is_within(d, c) for d in regions)]
        if not lowest:
            return None
        names = tuple(dict.fromkeys(places.values()))
        if len(lowest) == 1:
            ref = self._places.ref(lowest[0])
            return ref, Reason(rule="region.named", text=f"{where}提到{_list(names)}，属{ref.name}", evidence=names)
        stated = {self._county(code) for code in self._sure(hint)} & set(lowest)
        if len(stated) == 1:
            ref = self._places.ref(stated.pop())
            return ref, Reason(
                rule="region.stated", text=f"{where}提到{_list(names)}，来源注明{ref.name}", evidence=names
            )
        ref = self._places.ref(self._places.common_parent(lowest))
        listed = "、".join(self._places.ref(code).name for code in lowest)
        return ref, Reason(rule=SEVERAL, text=f"{where}涉及{listed}，由共同的上级{ref.name}负责", evidence=names)

    def _named(self, hits: Hits, words: list[str] | None) -> tuple[str, ...]:
        """The place names among the hits, each once; `words` is the same text cut, if known."""
        found = hits.longest(self._words)
        if not found:
            return ()
        if words is not None and any(len(word) <= _SHORT for _, word in found):
            ends = list(accumulate(map(len, words)))
            found = [
                (start, word)
                for start, word in found
                if len(word) > _SHORT or start == 0 or ends[bisect_left(ends, start)] == start
            ]
        return tuple(dict.fromkeys(word for _, word in found))

    def _sure(self, names: Iterable[str]) -> list[str]:
        return [self._names[name][0] for name in names if name not in self._unsure]

    def _county(self, code: str) -> str:
        return self._places.county(code)

    def _whole(self, rule: str, text: str, names: tuple[str, ...]) -> tuple[RegionRef, Reason]:
        return self._places.ref(self._places.home), Reason(rule=rule, text=text, evidence=names)


def _list(names: tuple[str, ...]) -> str:
    shown = "、".join(names[:5])
    return f"“{shown}”" + ("等" if len(names) > 5 else "")
