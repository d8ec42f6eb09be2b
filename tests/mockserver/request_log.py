"""The log of the requests a mock Hub has seen, compact enough for a hundred thousand of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True)
class SeenRequest:
    """One request as it arrived, and the status it got: 0 when it was left without an answer."""

    method: str
    path: str
    status: int
    bucket: str
    headers: Mapping[str, str]


class Transcript(TypedDict):
    """The log as it travels: requests hold the index of their headers, for many send the same ones."""

    headers: list[dict[str, str]]
    requests: list[tuple[str, str, int, str, int]]


@dataclass(slots=True)
class LogEntry:
    """A request that has arrived; its status is filled in when it is answered."""

    method: str
    target: str
    bucket: str
    header_set: int
    status: int = 0


class RequestLog:
    """Notes requests in the order they arrive."""

    def __init__(self) -> None:
        self._entries: list[LogEntry] = []
        self._header_sets: dict[RawHeaders, int] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def note(self, method: str, target: str, bucket: str, raw_headers: RawHeaders) -> LogEntry:
        entry = LogEntry(method, target, bucket, self._header_sets.setdefault(raw_headers, len(self._header_sets)))
        self._entries.append(entry)
        for count, arrived in self._waiting:
            if len(self._entries) >= count and not arrived.done():
                arrived.set_result(None)
        return entry

    async def wait_for(self, count: int, at_most: float) -> bool:
        """Wait until *count* requests are in the log, *at_most* so many seconds; return whether they are."""
        if len(self._entries) < count:
            waiting = (count, asyncio.get_running_loop().create_future())
            self._waiting.append(waiting)
            await asyncio.wait([waiting[1]], timeout=at_most)
            self._waiting.remove(waiting)
        return len(self._entries) >= count

    def clear(self) -> None:
        self._entries.clear()
        self._header_sets.clear()

    def transcript(self, prefix: str = "") -> Transcript:
        return {
            "headers": [_lower_case(raw) for raw in self._header_sets],
            "requests": [
                (entry.method, entry.target, entry.status, entry.bucket, entry.header_set)
                for entry in self._entries
                if entry.target.startswith(prefix)
            ],
        }


def read_transcript(transcript: Transcript) -> list[SeenRequest]:
    """The requests of a transcript, those with the same headers sharing one mapping."""
    header_sets = transcript["headers"]
    return [
        SeenRequest(method, path, status, bucket, header_sets[index])
        for method, path, status, bucket, index in transcript["requests"]
    ]


def _lower_case(raw_headers: RawHeaders) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw_headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
