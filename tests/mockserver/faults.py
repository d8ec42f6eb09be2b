"""What goes wrong on purpose: which request is hit, and how its answer is spoilt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from .answers import HTML, Answer, edge_answer, json_answer, redirect_answer
from .behaviour import Behaviour

SERVER_ERRORS = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Time-out",
}
CONNECTION_FAULTS = frozenset({"drop", "hang", "truncate"})
FAULT_OPTIONS = frozenset({"faults", "fault_paths", "seed"})
WRONG_SHAPES: tuple[Any, ...] = ([], 42, {}, None, "timm", {"error": None})
CHALLENGE = (
    "<!DOCTYPE html>\n<html><head><title>Human Verification</title></head>\n"
    '<body><div id="challenge-container"></div><script src="/challenge.js"></script></body></html>\n'
)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one answer."""

    kind: str
    status: int = 503
    to: str = ""
    shape: Any = None


class FaultPlan:
    """Decides which requests are hit: aimed faults first, then the dice, seeded to fall the same in every run."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._dice = random.Random(behaviour.seed)
        self._aimed = [(prefix, dict(aim)) for prefix, aim in behaviour.fault_paths.items()]
        self._aimed.sort(key=lambda aim: len(aim[0]), reverse=True)
        self._faults = {kind: 1.0 if isinstance(odds, str) else odds for kind, odds in behaviour.faults.items()}
        self._away = str(behaviour.faults.get("redirect_away", ""))

    def pick(self, target: str) -> Fault | None:
        """The fault that hits this request, if any."""
        for prefix, aim in self._aimed:
            if target.startswith(prefix) and aim.get("times") != 0:
                if aim.get("times") is not None:
                    aim["times"] -= 1
                return self._fault(aim["fault"], aim)
        draw = self._dice.random() if self._faults else 1.0
        for kind, odds in self._faults.items():
            if draw < odds:
                return self._fault(kind, {})
            draw -= odds
        return None

    def _fault(self, kind: str, aim: dict[str, Any]) -> Fault:
        status = aim.get("status") or self._dice.choice(list(SERVER_ERRORS))
        return Fault(kind, status, aim.get("to", self._away), self._dice.choice(WRONG_SHAPES))


def spoilt_answer(fault: Fault, target: str, true_answer: Callable[[], Answer]) -> Answer:
    """The answer of a fault that still is one; those that break the connection leave it as it is."""
    match fault.kind:
        case "5xx":
            return edge_answer(fault.status, SERVER_ERRORS.get(fault.status, "Error"))
        case "challenge":
            return Answer(200, CHALLENGE.encode(), HTML, from_edge=True)
        case "wrong_shape":
            return json_answer(fault.shape)
        case "redirect_loop":
            return redirect_answer(target)
        case "redirect_away":
            return redirect_answer(fault.to)
        case _:
            return _garbled_answer(fault, true_answer())


def _garbled_answer(fault: Fault, answer: Answer) -> Answer:
    if fault.kind == "wrong_type":
        return replace(answer, content_type=HTML)
    if fault.kind == "bad_gzip":
        broken = b"\x1f\x8b\x08\x00 this is no deflate stream " + answer.body[:40]
        return replace(answer, body=broken, headers=(*answer.headers, ("Content-Encoding", "gzip")))
    return answer


async def break_connection(fault: Fault, request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Leave the client with nothing, with half of the answer, or waiting until it goes away."""
    if fault.kind == "hang":
        await asyncio.Event().wait()
    if fault.kind == "truncate":
        return await _send_half(request, response)
    return _hang_up(request, response)


async def _send_half(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    body = response.body if isinstance(response.body, bytes) else b""
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    if response.chunked:
        stream.enable_chunked_encoding()
    else:
        stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2])
    _hang_up(request, response)
    return stream


def _hang_up(request: web.BaseRequest, response: web.Response) -> web.Response:
    if request.transport is not None:
        request.transport.close()
    return response
