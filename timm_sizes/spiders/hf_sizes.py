"""The spider hf_sizes: names → requests → items. Wire formats are hub/'s business, files the pipelines'."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import CloseSpider, IgnoreRequest
from scrapy.http import TextResponse
from scrapy.spidermiddlewares.httperror import HttpError

from timm_sizes.errors import FAILURE_STAT, InputError, PayloadError
from timm_sizes.httpcache import REFRESH_META
from timm_sizes.hub.endpoints import commit_of, list_url, model_info_url, next_list_url, repo_of, tree_page_url
from timm_sizes.hub.error_responses import refusal
from timm_sizes.hub.payloads import RepoInfo, parse_model_info, parse_model_list
from timm_sizes.hub.tree_page import parse_tree_page
from timm_sizes.items import Status
from timm_sizes.middlewares import TOKEN_META, header_text
from timm_sizes.names.plan import RepoQuestion, make_plan
from timm_sizes.seeds import Seeds, read_seeds
from timm_sizes.sizes_file import keep_table, table_record
from timm_sizes.sources import from_catalogue, from_repo, from_target, unsized
from timm_sizes.tables.table import parse_table, table_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from timm_sizes.items import ModelSize

_TABLE_PRIORITY, _LIST_PRIORITY = 20, 10
_MOST_LIST_PAGES = 50  # of 1,000 repos: no organisation has so many


class HfSizesSpider(Spider):
    """Asks the Hub how big the checkpoint of each model in a benchmark table is.

    Arguments (``-a``), all optional: ``table`` (paths, URLs, globs separated by commas, or ``-``), ``column`` (of the
    names, default ``model``), ``route`` (``api`` or ``page``), ``refresh`` and ``dry_run`` (0 or 1).
    """

    name = "hf_sizes"
    handle_httpstatus_list = (401, 403, 404)  # how the Hub says that a repo is missing, private or gated

    def __init__(self, seeds: Seeds, endpoint: str) -> None:
        super().__init__()
        self.seeds = seeds
        self.endpoint = endpoint
        self._tables_to_come = len(seeds.urls)
        self._asked_urls: set[str] = set()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, seeds: Seeds | None = None, **kwargs: Any) -> Self:
        """Make the spider from its arguments, or from *seeds* if the crawl command has read them already."""
        settings = crawler.settings
        if seeds is None:
            seeds = read_seeds(kwargs, Path(settings["SIZES_FILE"]), offline=settings.getbool("HF_HUB_OFFLINE"))
        return super().from_crawler(crawler, seeds=seeds, endpoint=settings["HF_ENDPOINT"])

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Take HF_ENDPOINT with or without a slash at its end, as huggingface_hub does."""
        super().update_settings(settings)
        settings.set("HF_ENDPOINT", settings["HF_ENDPOINT"].rstrip("/"), priority="cmdline")

    async def start(self) -> AsyncIterator[Request | ModelSize]:
        """Yield what the tables ask after; tables at a URL are fetched first, so that each repo is asked once."""
        for path, data in self.seeds.unkept.items():
            self._keep(path, data)
        for url in self.seeds.urls:
            yield Request(
                url,
                self.parse_table,
                errback=self.table_failed,
                cb_kwargs={"url": url},
                priority=_TABLE_PRIORITY,
                dont_filter=True,  # a resumed crawl has to read its tables again
            )
        if not self.seeds.urls:
            for result in self._ask():
                yield result

    def parse_table(self, response: Response, url: str) -> Iterator[Request | ModelSize]:
        """Take in the table at *url*; when it is the last one to come, ask after all names."""
        try:
            if response.status != 200:
                raise InputError(f"{url}: HTTP {response.status}; expected a CSV or JSON table")
            table = parse_table(response.body, url, self.seeds.column)
        except InputError as error:
            raise self._stopped(str(error)) from None
        known = set(self.seeds.names)
        self.seeds.names.extend(name for name in table_names(table, self.seeds.column) if name not in known)
        self._keep(self.seeds.urls[url], response.body)
        self.seeds.tables.append(self.seeds.urls[url])
        self._tables_to_come -= 1
        if not self._tables_to_come:
            yield from self._ask()

    def table_failed(self, failure: Failure) -> None:
        """Tell of a table that could not be had; the crawl ends with it, for nothing is asked before all have come."""
        url = failure.request.cb_kwargs["url"]  # type: ignore[attr-defined]
        self._tell(f"{url}: {_why(failure)}; expected a CSV or JSON table")

    def parse_list(
        self, response: Response, questions: list[RepoQuestion], page: int = 1
    ) -> Iterator[Request | ModelSize]:
        """Ask the repos that this *page* of their organisation's list shows, at their commits; then the next page.

        A further page is asked only while it can save more than the request it costs, and no more than there can be:
        a link that leads in a circle must not keep the crawl.
        """
        self._check_token(response)
        try:
            commits = parse_model_list(response.body) if response.status == 200 else {}
        except PayloadError as error:
            again = self._again(response.request, str(error))
            yield from [again] if again else self._repo_requests(questions, {})
            return
        missing = [asked for asked in questions if asked.repo_id not in commits]
        next_url = next_list_url(self.endpoint, header_text(response, "Link"))
        if next_url is not None and len(missing) > 1 and page < _MOST_LIST_PAGES:
            yield self._list_request(next_url, missing, page + 1)
        else:
            yield from self._repo_requests(missing, {})
        yield from self._repo_requests([asked for asked in questions if asked.repo_id in commits], commits)

    def list_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Ask the repos without their commits when the list cannot be had."""
        questions = failure.request.cb_kwargs["questions"]  # type: ignore[attr-defined]
        if again := self._again_after(failure):
            yield again
            return
        self.logger.warning("No list of %s (%s): its repos are asked at main", questions[0].organisation, _why(failure))
        yield from self._repo_requests(questions, {})

    def parse_repo(self, response: Response, question: RepoQuestion) -> Iterator[Request | ModelSize]:
        """Yield the item of each name that shares the repo, or ask again where the answer makes no sense."""
        self._check_token(response)
        at = _answered_at(response)
        if response.status != 200:
            status, reason = self._refusal(response, question)
            yield from self._unsized(question, status, reason, at)
            return
        try:
            info = self._read(response)
        except PayloadError as error:
            again = self._again(response.request, str(error))
            yield from [again] if again else self._unsized(question, Status.ERROR, f"no sound answer: {error}")
            return
        for model in question.models:
            yield from_repo(model, info, self.seeds.route, at)

    def repo_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Yield an error item for each name whose repo gave no answer, retries included."""
        question = failure.request.cb_kwargs["question"]  # type: ignore[attr-defined]
        again = self._again_after(failure)
        yield from [again] if again else self._unsized(question, Status.ERROR, _why(failure))

    def _ask(self) -> Iterator[Request | ModelSize]:
        plan = make_plan(self.seeds.names)
        self.crawler.stats.set_value("timm_sizes/names", len(self.seeds.names))
        self.crawler.stats.set_value("timm_sizes/repos", len(plan.questions))
        self._keep(*table_record(self.seeds.sizes_file, self.seeds.tables, self.seeds.column))
        for model, target in plan.settled.items():
            yield from_target(model, target)
        if self.seeds.offline:
            for question in plan.questions:
                yield from (from_catalogue(model, question.repo_id) for model in question.models)
            return
        for organisation, questions in plan.listed.items():
            yield self._list_request(list_url(self.endpoint, organisation), questions)
        yield from self._repo_requests(plan.direct, {})

    def _again(self, request: Request | None, reason: str) -> Request | None:
        assert request is not None
        return get_retry_request(request, spider=self, reason=reason)

    def _again_after(self, failure: Failure) -> Request | None:
        """Return the request once more for what RetryMiddleware does not get to see: an answer that cannot be unpacked.

        IgnoreRequest (HttpError is one) says that the answer was understood, and a retry would be answered likewise.
        """
        if isinstance(failure.value, IgnoreRequest):
            return None
        return self._again(failure.request, _why(failure))  # type: ignore[attr-defined]

    def _keep(self, path: Path, data: bytes) -> None:
        try:
            keep_table(path, data)
        except OSError as error:
            raise self._stopped(f"{path}: {error.strerror}; SIZES_FILE is to be written beside it") from None

    def _list_request(self, url: str, questions: list[RepoQuestion], page: int = 1) -> Request:
        return Request(
            url,
            self.parse_list,
            errback=self.list_failed,
            cb_kwargs={"questions": questions, "page": page},
            priority=_LIST_PRIORITY,
            dont_filter=page
            > 1,  # the filter drops without a word: a page that links to itself would take its repos along
        )

    def _repo_requests(self, questions: list[RepoQuestion], commits: dict[str, str]) -> Iterator[Request]:
        address = tree_page_url if self.seeds.route == "page" else model_info_url
        for question in questions:
            url = address(self.endpoint, question.repo_id, commits.get(question.repo_id, question.revision))
            yield Request(
                url,
                self.parse_repo,
                errback=self.repo_failed,
                cb_kwargs={"question": question},
                meta={REFRESH_META: True} if self.seeds.refresh else {},
                dont_filter=url
                in self._asked_urls,  # two names, one with the revision that the other turned out to have
            )
            self._asked_urls.add(url)

    def _read(self, response: Response) -> RepoInfo:
        if self.seeds.route == "page":
            if not isinstance(response, TextResponse):
                raise PayloadError("not a page")
            info = parse_tree_page(response.text)
        else:
            info = parse_model_info(response.body)
        if info.repo_id.lower() != repo_of(response.url, self.endpoint).lower():
            raise PayloadError("the answer is about another repo")
        if commit_of(response.url) not in ("", info.sha):
            raise PayloadError("the answer is about another commit")
        return info

    def _refusal(self, response: Response, question: RepoQuestion) -> tuple[Status, str]:
        names = ("X-Error-Code", "X-Error-Message")
        headers = {name.lower(): header_text(response, name) for name in names}
        meaning = refusal(response.status, headers, self.seeds.route)
        if meaning is None or (headers["x-error-code"] == "RevisionNotFound" and not question.revision):
            return Status.ERROR, f"HTTP {response.status}"
        return meaning

    def _check_token(self, response: Response) -> None:
        """End the crawl on a 401 to a token: a valid one is answered 404 or 403, whatever the repo.

        Going on would record private repos as missing, and every repo where the Hub rejects a bad token outright.
        """
        gated = header_text(response, "X-Error-Code") == "GatedRepo"
        assert response.request is not None
        if response.status == 401 and response.request.meta.get(TOKEN_META) and not gated:
            raise self._stopped("the Hub does not accept the token: log in again (hf auth login), or unset HF_TOKEN")

    def _stopped(self, reason: str) -> CloseSpider:
        self._tell(reason)
        return CloseSpider("stopped")

    def _tell(self, reason: str) -> None:
        """Tell once why the crawl cannot do what it was asked to, in the log and in the summary."""
        if not self.crawler.stats.get_value(FAILURE_STAT):
            self.logger.error(reason)
        self.crawler.stats.set_value(FAILURE_STAT, reason)

    def _unsized(self, question: RepoQuestion, status: Status, reason: str, at: str = "") -> Iterator[ModelSize]:
        for model in question.models:
            yield unsized(model, status, reason, question.repo_id, self.seeds.route, at)


def _answered_at(response: Response) -> str:
    """Return when the Hub answered, to the second: its Date header, which a cached answer keeps."""
    try:
        moment = parsedate_to_datetime(header_text(response, "Date"))
    except ValueError:
        moment = datetime.now(UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _why(failure: Failure) -> str:
    error = failure.value
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
