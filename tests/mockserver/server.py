"""The mock Hub as a process of its own: `python -m tests.mockserver.server [--port N]`.

It prints its URL on the first line and serves until its standard input closes, so it never outlives who started it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import threading
import time
from http import HTTPStatus
from inspect import isawaitable
from typing import Any

from aiohttp import web

from .answers import BAD_CREDENTIALS, TEXT, Answer, Headers, error_answer
from .behaviour import Behaviour
from .call import Call
from .control import PREFIX as CONTROL_PREFIX
from .control import obey
from .faults import CONNECTION_FAULTS, FAULT_OPTIONS, Fault, FaultPlan, break_connection, spoilt_answer
from .files import counts_as_download
from .limits import LIMIT_OPTIONS, Client, Limits, bucket_of
from .request_log import LogEntry, RequestLog
from .routes import route
from .store import Store

HOST = "127.0.0.1"


class MockServer:
    """The Hub's state, and how it handles each request."""

    def __init__(self) -> None:
        self._serial = 0
        self.clear()

    def clear(self) -> None:
        """Be as new: no repos, the real Hub's behaviour, nothing seen."""
        self.store = Store()
        self.log = RequestLog()
        self.reset_behaviour()
        self.forget_answers()
        self.forget_requests()

    def reset_behaviour(self) -> None:
        self.behaviour = Behaviour()
        self._limits = Limits(self.behaviour)
        self._faults = FaultPlan(self.behaviour)

    def behave(self, options: dict[str, Any]) -> None:
        """Change these options; counts and dice start afresh only when it is theirs that change."""
        self.behaviour = self.behaviour.merged(options)
        self._limits.behaviour = self.behaviour
        if options.keys() & LIMIT_OPTIONS:
            self._limits = Limits(self.behaviour)
        if options.keys() & FAULT_OPTIONS:
            self._faults = FaultPlan(self.behaviour)

    def forget_answers(self) -> None:
        self._answers: dict[Call, Answer] = {}

    def forget_requests(self) -> None:
        self.log.clear()
        self.downloads = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, be it to the Hub or to the mock server itself."""
        if request.raw_path.startswith(CONTROL_PREFIX):
            return await self._obey(request, request.raw_path)
        is_below = request.raw_path.startswith(f"{self.behaviour.base_path}/")
        target = request.raw_path.removeprefix(self.behaviour.base_path) if is_below else "/not/the/hub"
        path = target.partition("?")[0]
        bucket = bucket_of(path)
        seen = self.log.note(request.method, request.raw_path, bucket, request.message.raw_headers)
        self.downloads += counts_as_download(path)
        return await self._respond(request, target, bucket, seen)

    async def _obey(self, request: web.BaseRequest, target: str) -> web.Response:
        try:
            result = obey(self, target, json.loads(await request.content.read()))
            if isawaitable(result):
                result = await result
        except (KeyError, TypeError, ValueError) as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{type(error).__name__}: {error}")
        return web.Response(text=json.dumps(result, separators=(",", ":")), content_type="application/json")

    async def _respond(self, request: web.BaseRequest, target: str, bucket: str, seen: LogEntry) -> web.StreamResponse:
        if self.behaviour.latency:
            await asyncio.sleep(self.behaviour.latency)
        token = self._token(request)
        call = Call(request.method, target, request.headers.get("Host", HOST), token in self.behaviour.tokens)
        answer, rate, fault = self._decide(call, bucket, request.remote or HOST, token)
        own_headers = self._own_headers(request, answer, rate)
        response = answer.to_response(request.headers, own_headers)
        if fault and fault.kind in CONNECTION_FAULTS:
            seen.status = response.status if fault.kind == "truncate" else 0
            return await break_connection(fault, request, response)
        seen.status = response.status
        return response

    def _decide(self, call: Call, bucket: str, ip: str, token: str | None) -> tuple[Answer, Headers, Fault | None]:
        """The answer, what the rate limit headers say beside it, and the fault that hits it."""
        canned = self._canned(call.target)
        refusal, rate = (None, ()) if canned else self._admit(call, bucket, ip, token)
        if refusal:
            return refusal, rate, None

        def true_answer() -> Answer:
            return canned or self._true_answer(call)

        fault = self._faults.pick(call.target)
        return spoilt_answer(fault, call.target, true_answer) if fault else true_answer(), rate, fault

    def _token(self, request: web.BaseRequest) -> str | None:
        authorization = request.headers.get("Authorization")
        return None if authorization is None else authorization.removeprefix("Bearer ")

    def _admit(self, call: Call, bucket: str, ip: str, token: str | None) -> tuple[Answer | None, Headers]:
        """The refusal of a request that the Hub does not look into, and what the rate limit headers say."""
        if self._limits.refused_at_edge():
            return self._limits.edge_refusal(), ()
        client = Client(ip, token if call.has_token else None)
        allowance = self._limits.take(client, bucket)
        rate = self._limits.headers(allowance)
        if not allowance.granted:
            return self._limits.over_quota(client, allowance, api=call.is_api), rate
        if self._limits.refused_otherwise():
            return self._limits.other_refusal(), rate
        if token is not None and not call.has_token and self.behaviour.bad_token == "reject":
            return error_answer(401, BAD_CREDENTIALS, api=call.is_api), rate
        return None, rate

    def _canned(self, target: str) -> Answer | None:
        prefixes = [prefix for prefix in self.behaviour.raw_answers if target.startswith(prefix)]
        if not prefixes:
            return None
        raw = self.behaviour.raw_answers[max(prefixes, key=len)]
        headers = tuple(raw.get("headers", {}).items())
        return Answer(raw.get("status", 200), raw.get("body", "").encode(), TEXT, headers, bare=True)

    def _true_answer(self, call: Call) -> Answer:
        answer = self._answers.get(call)
        if answer is None:
            answer = self._answers[call] = route(call, self.store, self.behaviour)
        return answer

    def _own_headers(self, request: web.BaseRequest, answer: Answer, rate: Headers) -> Headers:
        if answer.bare:
            return ()
        self._serial += 1
        edge_id = ("X-Amz-Cf-Id", f"{self._serial:056x}")
        if answer.from_edge:
            return (edge_id,)
        trace_id = request.headers.get("X-Amzn-Trace-Id")
        root = f"Root=1-{int(time.time()):08x}-{self._serial:024x}"
        return (*rate, ("X-Request-Id", f"{root};{trace_id}" if trace_id else root), edge_id)


async def serve(port: int) -> None:
    """Serve until standard input closes or a signal says to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_wait_for_parent, args=(loop, stop), daemon=True).start()
    # Cancellation frees the requests that are left hanging once their client has gone.
    server = web.Server(MockServer().handle, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, port, backlog=1024).start()
    print(f"http://{HOST}:{runner.addresses[0][1]}", flush=True)
    await stop.wait()
    await runner.cleanup()


def _wait_for_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # Not through sys.stdin: its lock, held by this thread, would spoil the interpreter's exit.
    while os.read(0, 1024):
        pass
    loop.call_soon_threadsafe(stop.set)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.mockserver.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0, the default, takes a free one")
    asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
