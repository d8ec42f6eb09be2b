"""Redirects stay on their own origin, and never lead to a model file."""

from __future__ import annotations

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from timm_sizes.hub.endpoints import Address, Kind, address_of, origin, rebase
from timm_sizes.middlewares.messages import HubMiddleware

_REDIRECTS = (301, 302, 303, 307, 308)


class SameOrigin(HubMiddleware):
    """Lets a redirect be followed on its own origin only: a renamed repo stays at the Hub, no other server is reached.

    Never to a model file, which would count as its download. The request is exempted from the duplicate filter on the
    way, which would drop a redirect to a repo that was requested already, or in a loop, without a word, and the name
    with it.
    """

    def process_response(self, request: Request, response: Response) -> Response:
        location = response.headers.get("Location")
        if response.status not in _REDIRECTS or location is None:
            return response
        try:
            target = response.urljoin(location.decode("latin-1"))
            requested, redirected = origin(request.url), origin(target)
        except ValueError:
            raise IgnoreRequest("redirected to what is no address") from None
        if redirected != requested:
            what = "host" if redirected[1] != requested[1] else "scheme or port"
            raise IgnoreRequest(f"redirected to another {what} ({redirected[1]})")
        if self._address(request) is not None:
            target = rebase(target, self._endpoint)
            if address_of(target, self._endpoint) == Address(Kind.FILE):
                raise IgnoreRequest("redirected to a model file, whose request would count as a download")
        request.dont_filter = True
        return response.replace(headers={**response.headers, "Location": target})
