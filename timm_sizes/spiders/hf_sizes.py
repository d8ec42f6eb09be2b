"""The spider hf_sizes: names → requests → items. Wire formats are hub/'s business, files the pipelines'."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.spidermiddlewares.httperror import HttpError

from timm_sizes.errors import InputError
from timm_sizes.extensions.summary import HINT_STAT, PRINTS_SIZES_STAT, TABLES_STAT
from timm_sizes.httpcache import REFRESH_META
from timm_sizes.hub.checkpoint import HUB_FILENAMES
from timm_sizes.hub.connection import connection_cause
from timm_sizes.hub.endpoints import list_url, model_info_url, parse_endpoint, tree_page_url, tree_url
from timm_sizes.hub.error_responses import TELLING_STATUSES, ErrorResponse
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.hub.responses import read_list, read_repo, read_tree
from timm_sizes.items import ModelSize, Status
from timm_sizes.middlewares.messages import hub_response
from timm_sizes.names.resolve import name_of
from timm_sizes.sizes_file import keep_table, table_record
from timm_sizes.spiders.base import NamesSpider, check_arguments
from timm_sizes.spiders.plan import ListWalk, Plan, WantedRepo, describe, make_plan
from timm_sizes.spiders.seeds import ARGUMENTS, Seeds, read_seeds
from timm_sizes.spiders.sizing import from_catalogue, from_list, from_repo, from_target, not_listed, unsized
from timm_sizes.tables.table import parse_table, table_names

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

_TABLE_PRIORITY, _LIST_PRIORITY = 20, 10
_LOGIN_REFUSED = "the Hub does not accept the token: log in again (hf auth login), or unset HF_TOKEN"
_EXACT_HINT = "estimates by the Hub's lists, within some 0.1 %; exact bytes: without -a route=list"
_NOT_LOCAL = "local paths count only in local tables"
_NOT_IN_LISTS = "a list has no revisions, and no repos without an owner; exact sizes: without route=list"


class HfSizesSpider(NamesSpider):
    """Requests from the Hub how big the checkpoint of each model in a benchmark table is."""

    name = "hf_sizes"
    arguments_help = ARGUMENTS
    handle_httpstatus_list = TELLING_STATUSES

    def __init__(self, arguments: Seeds) -> None:
        super().__init__(arguments)
        self.seeds = arguments
        self._names = dict.fromkeys(arguments.names)
        self._tables = list(arguments.tables)
        self._urls_to_come = set(arguments.urls)
        self._requested_urls: set[str] = set()
        # Scrapy's SpiderState takes its place where there is a job directory.
        self.state: dict[str, Any] = {}

    @classmethod
    def read_arguments(cls, spargs: Mapping[str, Any], settings: BaseSettings) -> Seeds:
        """Return the checked arguments; InputError as of read_seeds, and for an endpoint that is none."""
        check_arguments(spargs, ARGUMENTS)
        try:
            endpoint = parse_endpoint(settings["HF_ENDPOINT"])
        except ValueError as error:
            # There may be a password in it.
            shown = "" if "@" in settings["HF_ENDPOINT"] else f"={settings['HF_ENDPOINT']}"
            raise InputError(f"HF_ENDPOINT{shown}: {error}") from None
        offline = settings.getbool("HF_HUB_OFFLINE")
        return read_seeds(spargs, Path(settings["SIZES_FILE"]), endpoint, offline=offline)

    @classmethod
    def dry_run(cls, arguments: Seeds) -> Iterable[str] | None:
        """Return what would be requested, a line a name, if the argument dry_run asks for that."""
        return describe(make_plan(arguments.names)) if arguments.dry_run else None

    async def start(self) -> AsyncIterator[Request | ModelSize]:
        """Yield what the names need; tables at a URL are fetched first, so that each repo is requested once."""
        for path, data in self.seeds.unkept.items():
            self._keep(path, data)
        for url in self.seeds.urls:
            # A resumed crawl has to read its tables again.
            yield Request(
                url,
                self.parse_table,
                errback=self.table_failed,
                cb_kwargs={"url": url},
                priority=_TABLE_PRIORITY,
                dont_filter=True,
            )
        for author in self.seeds.authors:
            yield self._list_request(ListWalk(author, takes_all=True))
        if not self.seeds.urls:
            for result in self._begin():
                yield result

    def parse_table(self, response: Response, url: str) -> Iterator[Request | ModelSize]:
        """Take in the table at *url*; when it is the last one to come, request what all names need."""
        try:
            if response.status != 200:
                raise InputError(f"{url}: HTTP {response.status}; expected a CSV or JSON table")
            table = parse_table(response.body, url, self.seeds.column)
        except InputError as error:
            raise self.stopped(str(error)) from None
        self._names |= dict.fromkeys(table_names(table, self.seeds.column))
        self._keep(self.seeds.urls[url], response.body)
        self._tables.append(self.seeds.urls[url])
        self._urls_to_come.discard(url)
        if not self._urls_to_come:
            yield from self._begin()

    def table_failed(self, failure: Failure) -> None:
        """Tell of a table that could not be had; the crawl ends with it, for nothing is requested before all came."""
        url = failure.request.cb_kwargs["url"]  # type: ignore[attr-defined]
        self.fail(f"{url}: {_why(failure)}; expected a CSV or JSON table")

    def requests_for(self, names: Iterable[str]) -> Iterator[Request]:
        """Yield the requests of *names*: for repos whose commit is known or does not matter, and for lists."""
        yield from self.requests_of(make_plan(names, by_list=self._by_list))

    def requests_of(self, plan: Plan) -> Iterator[Request]:
        """Yield the requests that the repos of *plan* need; a subclass may have them requested elsewhere."""
        if self.seeds.offline:
            return
        commits = {} if self._by_list else self._commits
        for owner, repos in plan.listed.items():
            yield from self._repo_requests([repo for repo in repos if repo.repo_id in commits])
            if unknown := tuple(repo for repo in repos if repo.repo_id not in commits):
                yield self._list_request(ListWalk(owner, unknown))
        if not self._by_list:
            yield from self._repo_requests(plan.direct)

    def parse_list(self, response: Response, walk: ListWalk) -> Iterator[Request | ModelSize]:
        """Take in a page of an organisation's list: the commits of its repos, or what it says of their sizes."""
        page = read_list(hub_response(response), self.seeds.endpoint)
        if isinstance(page, ErrorResponse):
            yield from self._without_list(response.request, walk, page)
            return
        self._commits.update({repo_id: repo.sha for repo_id, repo in page.repos.items()})
        if walk.takes_all:
            listed = [WantedRepo(repo_id, "", [name_of(repo_id)]) for repo_id in page.repos]
            # Rows move between the pages of a list while it is walked: one may come twice.
            found = [repo for repo in listed if not self.is_expected(repo.models[0])]
            self._expect([model for repo in found for model in repo.models], len(found))
            if not listed and len(walk.seen) == 1:
                raise self.stopped(f"author={walk.owner}: no repos; upper and lower case are as the Hub has them")
        else:
            found = [repo for repo in walk.repos if repo.repo_id in page.repos]
        missing = tuple(repo for repo in walk.repos if repo.repo_id not in page.repos)
        yield from self._go_on(replace(walk, repos=missing), page.next_url)
        if self._by_list:
            yield from (from_list(model, page.repos[repo.repo_id]) for repo in found for model in repo.models)
        else:
            yield from self.requests_of(Plan({}, found, {}))

    def list_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Do without a list that cannot be had."""
        walk = failure.request.cb_kwargs["walk"]  # type: ignore[attr-defined]
        again = self._again_after(failure)
        error = ErrorResponse(Status.ERROR, _why(failure))
        yield from [again] if again else self._without_list(None, walk, error)

    def parse_repo(self, response: Response, repo: WantedRepo) -> Iterator[Request | ModelSize]:
        """Yield the item of each name that shares the *repo*, or a further request where one can help."""
        info = read_repo(
            hub_response(response), self.seeds.endpoint, self.seeds.route, named_revision=bool(repo.revision)
        )
        if isinstance(info, ErrorResponse):
            yield from self._failed(response.request, repo, info)
        elif not info.files:
            yield self._tree_request(tree_url(self.seeds.endpoint, info.repo_id, info.sha), repo, info)
        else:
            for model in repo.models:
                yield from_repo(model, info, self.seeds.route)

    def parse_tree(self, response: Response, repo: WantedRepo, info: RepoInfo) -> Iterator[Request | ModelSize]:
        """Yield the items of a *repo* whose *info* came without sizes."""
        tree = read_tree(hub_response(response))
        if isinstance(tree, ErrorResponse):
            yield from self._failed(response.request, repo, tree)
            return
        info = replace(info, files=info.files | tree.files)
        if tree.next_url is not None and HUB_FILENAMES[0] not in info.files:
            yield self._tree_request(tree.next_url, repo, info)
            return
        for model in repo.models:
            yield from_repo(model, info, self.seeds.route)

    def repo_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Yield an error item for each name whose repo gave no answer, retries included."""
        repo = failure.request.cb_kwargs["repo"]  # type: ignore[attr-defined]
        again = self._again_after(failure)
        yield from [again] if again else self._failed(None, repo, ErrorResponse(Status.ERROR, _why(failure)))

    @property
    def _by_list(self) -> bool:
        return self.seeds.route == "list"

    @property
    def _commits(self) -> dict[str, str]:
        """The commits that lists gave, by repo; kept with a job directory, so that a resumed crawl needs no list."""
        state: dict[str, dict[str, str]] = self.state
        return state.setdefault("commits", {})

    def _expect(self, names: Iterable[str], repos: int) -> None:
        self.expect(names)
        self.crawler.stats.inc_value("timm_sizes/repos", repos)

    def _begin(self) -> Iterator[Request | ModelSize]:
        plan = make_plan(self._names, by_list=self._by_list)
        self.crawler.stats.set_value(PRINTS_SIZES_STAT, self.seeds.by_name)
        if self._by_list:
            self.crawler.stats.set_value(HINT_STAT, _EXACT_HINT)
        self._expect(self._names, len(plan.repos))
        if self._tables:
            self.crawler.stats.set_value(TABLES_STAT, [str(path) for path in self._tables])
            self._keep(*table_record(self.seeds.sizes_file, self._tables, self.seeds.column))
        for model, target in plan.settled.items():
            is_strange = bool(target.path) and model not in self.seeds.local_names
            yield unsized(model, Status.UNKNOWN_NAME, _NOT_LOCAL) if is_strange else from_target(model, target)
        if self.seeds.offline:
            for repo in plan.repos:
                yield from (from_catalogue(model, repo.repo_id) for model in repo.models)
        elif self._by_list:
            for repo in plan.direct:
                yield from (unsized(model, Status.ERROR, _NOT_IN_LISTS, repo.repo_id) for model in repo.models)
        yield from self.requests_of(plan)

    def _go_on(self, walk: ListWalk, next_url: str | None) -> Iterator[Request | ModelSize]:
        """Request the next page while it can give a size, or save more requests than the one it costs.

        A link that leads back ends the walk, which would go round for ever.
        """
        pays = walk.takes_all or len(walk.repos) > (0 if self._by_list else 1)
        if next_url is not None and pays and next_url not in walk.seen:
            yield self._list_request(walk, next_url)
        elif self._by_list:
            yield from (not_listed(model, repo.repo_id, walk.owner) for repo in walk.repos for model in repo.models)
        else:
            yield from self._repo_requests(walk.repos)

    def _without_list(
        self, request: Request | None, walk: ListWalk, error: ErrorResponse
    ) -> Iterator[Request | ModelSize]:
        """Do without a list: once more, without its order, then each repo at main; where all is in the list, stop."""
        if error.rejects_token:
            raise self.stopped(_LOGIN_REFUSED)
        if error.may_pass and request is not None and (again := self._again(request, error.reason)):
            yield again
        elif not error.may_pass and request is not None and walk.is_sorted and not walk.seen - {request.url}:
            yield self._list_request(replace(walk, is_sorted=False, seen=frozenset()))
        elif walk.takes_all or self._by_list:
            raise self.stopped(f"no list of {walk.owner} ({error.reason}): this server cannot be asked by lists")
        else:
            self.logger.info("No list of %s (%s): its repos are requested at main", walk.owner, error.reason)
            yield from self._repo_requests(walk.repos)

    def _failed(self, request: Request | None, repo: WantedRepo, error: ErrorResponse) -> Iterator[Request | ModelSize]:
        """Yield the request once more where that may help, else what the *repo*'s names get by the *error*."""
        if error.rejects_token:
            raise self.stopped(_LOGIN_REFUSED)
        if error.may_pass and request is not None and (again := self._again(request, error.reason)):
            yield again
            return
        for model in repo.models:
            yield unsized(model, error.status, error.reason, repo.repo_id, self.seeds.route, error.answered_at)

    def _again(self, request: Request, reason: str) -> Request | None:
        again = get_retry_request(request, spider=self, reason=reason)
        if again is not None:
            # Not from the cache: what is there was no sound answer, or is none any more.
            again.meta[REFRESH_META] = True
        return again

    def _again_after(self, failure: Failure) -> Request | None:
        """Return the request once more for what RetryMiddleware does not get to see: an answer that cannot be unpacked.

        IgnoreRequest (HttpError is one) says that the answer was understood, and a retry would be answered likewise.
        """
        request: Request = failure.request  # type: ignore[attr-defined]
        tries = request.meta.get("retry_times", 0)
        is_over = request.meta.get("dont_retry") or tries >= self.settings.getint("RETRY_TIMES")
        return None if is_over or isinstance(failure.value, IgnoreRequest) else self._again(request, _why(failure))

    def _keep(self, path: Path, data: bytes) -> None:
        try:
            keep_table(path, data)
        except OSError as error:
            raise self.stopped(f"{path}: {error.strerror}; SIZES_FILE is to be written beside it") from None

    def _list_request(self, walk: ListWalk, url: str = "") -> Request:
        is_first = not url
        url = url or list_url(self.seeds.endpoint, walk.owner, with_dtypes=self._by_list, is_sorted=walk.is_sorted)
        return Request(
            url,
            self.parse_list,
            errback=self.list_failed,
            cb_kwargs={"walk": replace(walk, seen=walk.seen | {url})},
            priority=_LIST_PRIORITY,
            # A resumed crawl needs the commits of a list no more, but what else it says. Further pages are told from
            # the ones before by the walk: the filter would drop one without a word, and its repos with it.
            dont_filter=not is_first or walk.takes_all or self._by_list,
        )

    def _tree_request(self, url: str, repo: WantedRepo, info: RepoInfo) -> Request:
        # dont_filter: the duplicate filter drops without a word, and the names with it.
        kept = {"repo": repo, "info": info}
        return Request(url, self.parse_tree, errback=self.repo_failed, cb_kwargs=kept, dont_filter=True)

    def _repo_requests(self, repos: Iterable[WantedRepo]) -> Iterator[Request]:
        address = tree_page_url if self.seeds.route == "page" else model_info_url
        for repo in repos:
            url = address(self.seeds.endpoint, repo.repo_id, repo.revision or self._commits.get(repo.repo_id, ""))
            yield Request(
                url,
                self.parse_repo,
                errback=self.repo_failed,
                cb_kwargs={"repo": repo},
                meta={REFRESH_META: True} if self.seeds.refresh and not self.is_repeating else {},
                # Two names, one with the revision that the other turned out to have.
                dont_filter=url in self._requested_urls,
            )
            self._requested_urls.add(url)


def _why(failure: Failure) -> str:
    error = failure.value
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    return str(error) if isinstance(error, IgnoreRequest) else connection_cause(error).text
