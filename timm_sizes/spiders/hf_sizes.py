"""The spider hf_sizes: names → requests → items. Wire formats are hub/'s business, files the pipelines'."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy import Request
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.settings import BaseSettings
from scrapy.spidermiddlewares.httperror import HttpError

from timm_sizes.errors import InputError
from timm_sizes.hub.checkpoint import HUB_FILENAMES
from timm_sizes.hub.endpoints import (
    address_of,
    list_url,
    model_info_url,
    parse_endpoint,
    plain_info_url,
    tree_page_url,
    tree_url,
)
from timm_sizes.hub.payloads import RepoInfo
from timm_sizes.hub.responses import TELLING_STATUSES, ErrorResponse, ModelList, RepoTree
from timm_sizes.items import SIZED, ModelSize, Status
from timm_sizes.middlewares.connection import connection_cause, is_connection_failure
from timm_sizes.middlewares.messages import REFRESH_META, answer_in, report_failure
from timm_sizes.names.catalogue import by_repo_id
from timm_sizes.names.resolve import name_of
from timm_sizes.settings import PROJECT_DIR
from timm_sizes.sizes_file import Sizes, keep_record, keep_table, read_sizes
from timm_sizes.spiders.base import NamesSpider, check_arguments
from timm_sizes.spiders.plan import MOST_PAGES, MOST_TREE_PAGES, ListWalk, Plan, Trial, WantedRepo, describe, make_plan
from timm_sizes.spiders.seeds import ARGUMENTS, Seeds, read_seeds
from timm_sizes.spiders.sizing import exact_row, from_catalogue, from_list, from_repo, from_target, unsized
from timm_sizes.stats import (
    ERRORS_STAT,
    FAILURE_STAT,
    HINT_STAT,
    KNOWN_STAT,
    PRINTS_SIZES_STAT,
    REPOS_STAT,
    TABLES_STAT,
)
from timm_sizes.tables.table import parse_table, table_names

if TYPE_CHECKING:
    from twisted.python.failure import Failure

_Expected = TypeVar("_Expected", RepoInfo, RepoTree, ModelList)

_LOGIN_REFUSED = "the Hub does not accept the token: log in again (hf auth login), or unset HF_TOKEN"
_OFFLINE_HINT = "; HF_HUB_OFFLINE=1 estimates sizes without a network"
_OFFLINE_TABLE = ", by default of the models in the shipped table"
_EXACT_HINT = "estimates by the Hub's lists, within some 0.1 %; exact bytes: without -a route=list"
_ONLINE_HINT = "some names are not in the catalogue: crawl without HF_HUB_OFFLINE to request them from the Hub"
_FEW_NAMES = 10  # whose sizes are printed
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
        if not arguments.authors:
            self.network_hint = _OFFLINE_HINT + (_OFFLINE_TABLE if arguments.urls else "")
        self._requested_urls: set[str] = set()
        self._trial = Trial()
        # The commits that lists gave, by repo.
        self._commits: dict[str, str] = {}
        # Whether only plain_info_url will do for this server; None until it has answered with a repo.
        self._is_plain: bool | None = None

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
        """Return what would be requested, a line a name, if the argument dry_run says so."""
        if not arguments.dry_run:
            return None
        by_list = arguments.route == "list"
        plan = make_plan(arguments.names, by_list=by_list)
        return describe(plan, arguments.urls, arguments.authors, by_list=by_list)

    async def start(self) -> AsyncIterator[Request | ModelSize]:
        """Yield what the names need; tables at a URL are fetched first, so that each repo is requested once."""
        seeds, names, tables = self.seeds, list(self.seeds.names), list(self.seeds.tables)
        try:
            for path, data in seeds.unkept.items():
                keep_table(path, data)
            for url, path in seeds.urls.items():
                data = await self._fetch_table(url)
                names += table_names(parse_table(data, _shown(url), seeds.column), seeds.column)
                keep_table(path, data)
                tables.append(path)
            if tables:
                keep_record(seeds.sizes_file, tables, seeds.column)
        except InputError as error:
            report_failure(self.crawler, str(error))
            return
        self.expect(names)
        self.crawler.stats.set_value(TABLES_STAT, None if seeds.by_name else [str(path) for path in tables])
        for result in self._begin():
            yield result

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Request | ModelSize]:
        """Yield the item of the one repo that *response* is about, for ``scrapy parse URL --spider hf_sizes``."""
        address = address_of(response.url, self.seeds.endpoint)
        if address is None or not address.repo_id:
            raise self.stopped(f"{response.url}: expected the address of a repo at {self.seeds.endpoint}")
        yield from self.parse_repo(response, WantedRepo(address.repo_id, "", [name_of(address.repo_id)]))

    def closed(self, reason: str) -> None:
        """Say so where every request was refused: too few names to end the crawl, but no Hub either."""
        why = self._trial.why_nothing(has_lists=bool(self._commits))
        if reason == "finished" and why and not self.crawler.stats.get_value(FAILURE_STAT):
            self.crawler.stats.set_value(FAILURE_STAT, f"{self.seeds.endpoint} refuses every request: {why}")

    def requests_for(self, names: Iterable[str]) -> Iterator[Request]:
        """Yield the requests of *names*: for repos whose commit is known or does not matter, and for lists."""
        self._trial = replace(self._trial, held=deque(), sent=0)
        yield from self._requests_of(make_plan(names, by_list=self._by_list))

    def repo_requests(self, repos: Iterable[WantedRepo]) -> Iterator[Request]:
        """Yield the requests of *repos*; a spider that leaves them to others does otherwise."""
        yield from map(self._repo_request, self._trial.admit(repos))

    def parse_list(self, response: Response, walk: ListWalk) -> Iterator[Request | ModelSize]:
        """Take in a page of an organisation's list: the commits of its repos, or what it says of their sizes."""
        page = self._answer(response, ModelList)
        if isinstance(page, ErrorResponse):
            yield from self._without_list(response.request, walk, page)
            return
        own = walk.own(page.repos)
        self._refuse_private(page.repos[repo_id] for repo_id in own)
        self._commits.update({repo_id: page.repos[repo_id].sha for repo_id in own})
        found = [repo for repo in walk.repos if repo.repo_id in page.repos]
        if walk.takes_all:
            wanted = {repo.repo_id for repo in walk.repos}
            # A table's name may be another organisation's repo.
            new = [id_ for id_ in own if id_ not in wanted and name_of(id_) not in self.names]
            found += [WantedRepo(repo_id, "", [name_of(repo_id)]) for repo_id in new]
            self.expect(map(name_of, new))
            self.crawler.stats.inc_value(REPOS_STAT, len(new))
            if not own and not walk.pages:
                raise self.stopped(
                    f"author={walk.owner}: no repos; names are case-sensitive, and private repos need a token"
                )
        walk, next_url = walk.after(page.repos, page.next_url)
        if walk.takes_all and page.next_url and walk.pages == MOST_PAGES:
            report_failure(self.crawler, f"author={walk.owner}: the list does not end after {MOST_PAGES} pages")
        if next_url is not None:
            yield self._list_request(walk, next_url)
        elif self._by_list:
            why = f"not in the list of {walk.owner}"
            items = (from_catalogue(model, repo.repo_id, why) for repo in walk.repos for model in repo.models)
            yield from map(self._or_known, items)
        else:
            yield from self.repo_requests(walk.repos)
        yield from self._listed([(repo, page.repos[repo.repo_id]) for repo in found])

    def list_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Do without a list that cannot be had."""
        request: Request = failure.request  # type: ignore[attr-defined]
        yield from self._without_list(request, request.cb_kwargs["walk"], _error_of(failure.value))

    def parse_repo(self, response: Response, repo: WantedRepo, is_plain: bool = False) -> Iterator[Request | ModelSize]:
        """Yield the item of each name that shares the *repo*, or a further request where one can help.

        Where a mirror refuses the request for everything at once, those of the official client follow (*is_plain*); so
        they do where a repo has lost the commit that its list gave.
        """
        info = self._answer(response, RepoInfo)
        has_lost_commit = isinstance(info, ErrorResponse) and info.is_of_revision and not repo.revision
        if not isinstance(info, ErrorResponse):
            self._refuse_private([info])
            self._is_plain = is_plain and self._is_plain is not False
            yield from self._sized(repo, info)
        elif not is_plain and info.is_of_form and (has_lost_commit or self._is_plain is not False):
            yield self._repo_request(repo, is_plain=True)
        else:
            yield from self._failed(response.request, repo, info)

    def parse_tree(
        self, response: Response, repo: WantedRepo, info: RepoInfo, page: int = 1
    ) -> Iterator[Request | ModelSize]:
        """Yield the items of a *repo* whose *info* came without sizes; *page* is which one of its tree this is."""
        tree = self._answer(response, RepoTree)
        known = info.files if info.has_sizes else {}
        if (
            isinstance(tree, RepoTree)
            and tree.next_url
            and (tree.files.keys() <= known.keys() or page > MOST_TREE_PAGES)
        ):
            tree = ErrorResponse(Status.ERROR, "invalid response: a list of files that does not end")
        if isinstance(tree, ErrorResponse):
            yield from self._failed(response.request, repo, tree)
            return
        # The first page takes the place of what is known of the files: their names.
        info = replace(info, files={**known, **tree.files})
        if tree.next_url is not None and HUB_FILENAMES[0] not in info.files:
            yield self._tree_request(tree.next_url, repo, info, page + 1)
        else:
            yield from self._sized(repo, info)

    def repo_failed(self, failure: Failure) -> Iterator[Request | ModelSize]:
        """Yield an error item for each name whose repo gave no answer, retries included."""
        request: Request = failure.request  # type: ignore[attr-defined]
        yield from self._failed(request, request.cb_kwargs["repo"], _error_of(failure.value))

    async def _fetch_table(self, url: str) -> bytes:
        """Return what is at *url*; InputError where it cannot be had."""
        try:
            # What RetryMiddleware would log as an error is the InputError, and has the query in it.
            response = await self.crawler.engine.download_async(Request(url, meta={"give_up_log_level": "DEBUG"}))
        except Exception as error:  # noqa: BLE001 - whatever Scrapy, Twisted or a middleware raises
            hint = self.network_hint if is_connection_failure(error) else ""
            raise InputError(f"{_shown(url)}: {_error_of(error).reason}; expected a CSV or JSON table{hint}") from None
        if response.status != 200:
            raise InputError(f"{_shown(url)}: HTTP {response.status}; expected a CSV or JSON table")
        return response.body

    @property
    def _by_list(self) -> bool:
        return self.seeds.route == "list"

    @cached_property
    def _known(self) -> Sizes:
        """What SIZES_FILE has; nothing where all is to be requested anew."""
        return Sizes() if self.seeds.refresh else read_sizes(self.seeds.sizes_file)

    def _begin(self) -> Iterator[Request | ModelSize]:
        plan = make_plan(self.names, self.seeds.authors, by_list=self._by_list)
        is_few = len(self.names) <= _FEW_NAMES and not self.seeds.authors
        self.crawler.stats.set_value(PRINTS_SIZES_STAT, self.seeds.by_name or is_few)
        if self._by_list:
            self.crawler.stats.set_value(HINT_STAT, _EXACT_HINT)
        if self.seeds.offline:
            self.crawler.stats.set_value(ERRORS_STAT, _ONLINE_HINT)
        elif self._by_list:
            self.crawler.stats.set_value(ERRORS_STAT, "")
        self.crawler.stats.inc_value(REPOS_STAT, len(plan.repos))
        for model, target in plan.settled.items():
            is_strange = bool(target.path) and model not in self.seeds.local_names
            yield unsized(model, Status.UNKNOWN_NAME, _NOT_LOCAL) if is_strange else from_target(model, target)
        if self.seeds.offline:
            for repo in plan.repos:
                yield from (from_catalogue(model, repo.repo_id) for model in repo.models)
        elif self._by_list:
            for repo in plan.direct:
                items = (unsized(model, Status.ERROR, _NOT_IN_LISTS, repo.repo_id) for model in repo.models)
                yield from map(self._or_known, items)
        yield from self._requests_of(plan, self.seeds.authors)

    def _requests_of(self, plan: Plan, authors: Collection[str] = ()) -> Iterator[Request]:
        """Yield the requests of a *plan*: lists, of *authors* for all that they have, and repos at known commits."""
        if self.seeds.offline:
            return
        commits = {} if self._by_list else self._commits
        for owner, repos in plan.listed.items():
            takes_all = owner in authors
            yield from self.repo_requests([repo for repo in repos if repo.repo_id in commits and not takes_all])
            unknown = tuple(repo for repo in repos if repo.repo_id not in commits or takes_all)
            if unknown or takes_all:
                yield self._list_request(ListWalk(owner, unknown, takes_all=takes_all, by_list=self._by_list))
        if not self._by_list:
            yield from self.repo_requests(plan.direct)

    def _listed(self, found: Iterable[tuple[WantedRepo, RepoInfo]]) -> Iterator[Request | ModelSize]:
        """Yield the items of repos that were *found* in a list, as far as they are known by it; request the others."""
        unknown = []
        for repo, info in found:
            row = exact_row(self._known.of_repo(info.repo_id), info)
            if row is not None:
                self.crawler.stats.inc_value(KNOWN_STAT, len(repo.models))
                yield from (replace(row, model=model) for model in repo.models)
            elif self._by_list:
                yield from (self._or_known(from_list(model, info)) for model in repo.models)
            else:
                unknown.append(repo)
                continue
            self._trial.is_passed = True
        yield from self.repo_requests(unknown)

    def _or_known(self, item: ModelSize) -> ModelSize:
        """Return what SIZES_FILE has of *item*'s model and repo, if it is a size that the list cannot give."""
        row = self._known.get(item.model) if item.source != "list" else None
        return row if row is not None and row.status in SIZED and row.repo_id == item.repo_id else item

    def _answer(self, response: Response, expected: type[_Expected]) -> _Expected | ErrorResponse:
        answer = answer_in(response, response.request, self.seeds.endpoint)
        if isinstance(answer, (expected, ErrorResponse)):
            return answer
        return ErrorResponse(Status.ERROR, "invalid response: redirected to another kind of address")

    def _refuse_private(self, infos: Iterable[RepoInfo]) -> None:
        """Stop before what only the token may see gets into output/, whose files are published."""
        if self.seeds.sizes_file.resolve().is_relative_to(PROJECT_DIR / "output"):
            for info in infos:
                if info.is_private:
                    raise self.stopped(f"{info.repo_id} is private: name a SIZES_FILE that is not in output/")

    def _sized(self, repo: WantedRepo, info: RepoInfo) -> Iterator[Request | ModelSize]:
        """Yield the items of a *repo* from its *info*, or the request of its sizes, and what was held back for it."""
        if not info.has_sizes:
            at = repo.revision or ("main" if self._is_plain else info.sha)
            yield self._tree_request(tree_url(self.seeds.endpoint, info.repo_id, at), repo, info)
            return
        self._trial.is_passed = True
        yield from (from_repo(model, info, self.seeds.route) for model in repo.models)
        yield from self._released()

    def _without_list(
        self, request: Request | None, walk: ListWalk, error: ErrorResponse
    ) -> Iterator[Request | ModelSize]:
        """Do without a list: once more, without its order, then each repo at main; where all is in the list, stop."""
        # A mirror may have no lists at all.
        if error.status is Status.ERROR and not error.is_of_form:
            self._trial.errors[walk.owner] = error.reason
        if again := self._again(request, error):
            yield again
        elif error.is_of_form and walk.is_sorted and not walk.pages:
            yield self._list_request(replace(walk, is_sorted=False))
        elif walk.takes_all or self._by_list:
            what = ": this server has no lists of repos" if error.is_of_form else ""
            raise self.stopped(f"no list of {walk.owner} ({error.reason}){what}")
        else:
            self.logger.info("No list of %s (%s): its repos are requested at main", walk.owner, error.reason)
            yield from self.repo_requests(walk.repos)

    def _failed(self, request: Request | None, repo: WantedRepo, error: ErrorResponse) -> Iterator[Request | ModelSize]:
        """Yield the *request* once more where that may help, else what the *repo*'s names get by the *error*."""
        trial = self._trial
        trial.errors.pop(repo.key, None)
        if error.status is Status.ERROR:
            trial.errors[repo.key] = error.reason
        elif error.status is Status.NOT_FOUND and not error.is_of_revision:
            # Of a repo that the catalogue does not have, it is no wonder.
            trial.missing |= {repo.key: error.reason} if repo.repo_id in by_repo_id() else {}
        else:
            trial.is_passed = True
        if again := self._again(request, error):
            trial.held.append(again)
            yield from self._released()
            return
        for model in repo.models:
            yield unsized(model, error.status, error.reason, repo.repo_id, self.seeds.route, error.answered_at)
        if error.status is not Status.ERROR:
            yield from self._released()

    def _released(self) -> Iterator[Request]:
        for held in self._trial.ended():
            yield held if isinstance(held, Request) else self._repo_request(held)

    def _again(self, request: Request | None, error: ErrorResponse) -> Request | None:
        """Return the *request* once more if the *error* may pass; end the crawl where any other would end likewise.

        So it is where the token is refused, and where the server answers nothing as a Hub does.
        """
        if error.rejects_token:
            raise self.stopped(_LOGIN_REFUSED)
        if self._trial.is_failed:
            why = self._trial.why_nothing(has_lists=True)
            raise self.stopped(f"{self.seeds.endpoint} refused {Trial.MOST_ERRORS} repos and gave not one size: {why}")
        assert request is not None
        is_over = request.meta.get("retry_times", 0) >= self.settings.getint("RETRY_TIMES")
        if is_over or not error.may_pass or request.meta.get("dont_retry"):
            return None
        again = get_retry_request(request, spider=self, reason=error.reason)
        if again is not None:
            # Not from the cache: what is there was no valid answer, or is none any more.
            again.meta[REFRESH_META] = True
        return again

    def _list_request(self, walk: ListWalk, url: str = "") -> Request:
        first = list_url(self.seeds.endpoint, walk.owner, with_dtypes=self._by_list, is_sorted=walk.is_sorted)
        return Request(
            url or first,
            self.parse_list,
            errback=self.list_failed,
            cb_kwargs={"walk": walk},
            priority=1,
            # A resumed crawl needs it again. The walk knows its pages by what is on them: the filter would drop one
            # without a word, and its repos with it.
            dont_filter=True,
        )

    def _tree_request(self, url: str, repo: WantedRepo, info: RepoInfo, page: int = 1) -> Request:
        # dont_filter: the duplicate filter drops without a word, and the names with it.
        kept = {"repo": repo, "info": info, "page": page}
        return Request(url, self.parse_tree, errback=self.repo_failed, cb_kwargs=kept, dont_filter=True)

    def _repo_request(self, repo: WantedRepo, *, is_plain: bool = False) -> Request:
        is_plain = is_plain or bool(self._is_plain)
        revision = repo.revision if is_plain else repo.revision or self._commits.get(repo.repo_id, "")
        address = tree_page_url if self.seeds.route == "page" else plain_info_url if is_plain else model_info_url
        url = address(self.seeds.endpoint, repo.repo_id, revision)
        # Two names, one with the revision that the other turned out to have.
        is_repeated = url in self._requested_urls
        self._requested_urls.add(url)
        return Request(
            url,
            self.parse_repo,
            errback=self.repo_failed,
            cb_kwargs={"repo": repo, "is_plain": is_plain},
            meta={REFRESH_META: True} if self.seeds.refresh and not self.rounds else {},
            # Also of those that are held for now when names are requested again.
            dont_filter=is_repeated or self.rounds > 0,
        )


def _shown(url: str) -> str:
    """Return *url* without its query, which may hold a secret."""
    return url.partition("?")[0]


def _error_of(error: BaseException | None) -> ErrorResponse:
    """Return what the *error* of a download means, one that RetryMiddleware has given up or did not get to see.

    IgnoreRequest (HttpError is one) says that the answer was understood: a retry would be answered likewise.
    """
    if isinstance(error, HttpError):
        return ErrorResponse(Status.ERROR, f"HTTP {error.response.status}")
    if isinstance(error, IgnoreRequest):
        return ErrorResponse(Status.ERROR, str(error))
    return ErrorResponse(Status.ERROR, connection_cause(error)[0], may_pass=True)
