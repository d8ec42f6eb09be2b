"""The spider's callbacks without a network: a response in, items and requests out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DontCloseSpider,
    DownloadTimeoutError,
    IgnoreRequest,
)
from scrapy.http import JsonResponse
from twisted.python.failure import Failure

from tests.crawlers import HUB, make_spider
from tests.mockserver import Repo, timm_repo
from tests.samples import RESNETS, write_sizes
from tests.workplace import PROJECT
from timm_sizes.errors import InputError
from timm_sizes.items import ModelSize, Status
from timm_sizes.middlewares.messages import REFRESH_META
from timm_sizes.names.catalogue import by_repo_id
from timm_sizes.spiders.hf_sizes import HfSizesSpider
from timm_sizes.spiders.plan import MOST_PAGES, MOST_TREE_PAGES, ListWalk, Trial
from timm_sizes.stats import FAILURE_STAT

REPOS = {name: timm_repo(name, 1_000_000 * number) for number, name in enumerate(RESNETS, start=1)}
OLAH = {"X-Error-Code": "RepoNotFound"}


def started(spider: HfSizesSpider) -> list[Any]:
    """Return what the spider starts with."""
    iterator: AsyncIterator[Any] = spider.start()
    results = []
    while True:
        try:
            iterator.__anext__().send(None)  # type: ignore[attr-defined]
        except StopIteration as result:
            results.append(result.value)
        except StopAsyncIteration:
            return results


def answered(request: Request, body: Any, status: int = 200, headers: dict[str, str] | None = None) -> list[Any]:
    """Return what *request*'s callback makes of a response with the JSON *body*."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = JsonResponse(request.url, status, headers or {}, data, request=request)
    assert request.callback is not None
    return list(request.callback(response, **request.cb_kwargs))


def failed(request: Request, error: Exception) -> list[Any]:
    failure = Failure(error)  # type: ignore[no-untyped-call]
    failure.request = request  # type: ignore[attr-defined]
    assert request.errback is not None
    return list(request.errback(failure) or [])


def items(results: Iterable[Any]) -> dict[str, ModelSize]:
    return {result.model: result for result in results if isinstance(result, ModelSize)}


def requests(results: Iterable[Any]) -> list[Request]:
    return [result for result in results if isinstance(result, Request)]


def only(results: Iterable[Any]) -> Any:
    (result,) = results
    return result


def list_of(*names: str, fields: Iterable[str] = ("sha",)) -> list[dict[str, Any]]:
    return [REPOS[name].list_entry(expand=list(fields)) for name in names]


def by_name(tmp_path: Path, *names: str, **spargs: str) -> Any:
    return make_spider(HfSizesSpider, tmp_path, None, models=",".join(names), **spargs)


def query_of(request: Request) -> dict[str, list[str]]:
    return parse_qs(urlsplit(request.url).query)


# ---- One repo --------------------------------------------------------------------------------------------------------


def test_unsound_answer_is_requested_again_and_not_from_the_cache(tmp_path: Path) -> None:
    spider = by_name(tmp_path, "resnet50")
    request = only(started(spider))
    for _ in range(spider.settings.getint("RETRY_TIMES")):
        request = only(answered(request, {"id": "timm/another"}))
        assert request.meta[REFRESH_META]
        assert request.dont_filter
    assert only(answered(request, {"id": "timm/another"})).status == Status.ERROR


def test_failed_download_is_an_error_in_words(tmp_path: Path) -> None:
    request = only(started(by_name(tmp_path, "resnet50")))
    request.meta["dont_retry"] = True
    item = only(failed(request, DownloadTimeoutError("Getting x took longer than 30 seconds.")))
    assert (item.status, item.reason, item.source) == (Status.ERROR, "timed out", "api")
    assert only(failed(request, IgnoreRequest("redirected to another host"))).reason == "redirected to another host"


def test_token_that_is_not_accepted_ends_the_crawl(tmp_path: Path) -> None:
    spider = by_name(tmp_path, "resnet50")
    request = only(started(spider))
    request.meta["token_sent"] = True
    with pytest.raises(CloseSpider):
        answered(request, {}, 401)
    assert "hf auth login" in spider.crawler.stats.get_value(FAILURE_STAT)
    assert only(answered(request, {}, 401, OLAH)).status == Status.NOT_FOUND


# ---- Mirrors ---------------------------------------------------------------------------------------------------------


def test_mirror_without_sizes_is_asked_for_the_tree(tmp_path: Path) -> None:
    name = "resnet50.a1_in1k"
    request = only(started(by_name(tmp_path, name)))
    tree = only(answered(request, REPOS[name].model_info(blobs=False)))
    assert tree.url == f"{HUB}/api/models/timm/{name}/tree/{REPOS[name].sha}?recursive=true"
    item = only(answered(tree, REPOS[name].tree_entries(recursive=True)))
    assert (item.status, item.size_bytes) == (Status.OK, REPOS[name].files["model.safetensors"])
    assert (item.license, item.params, item.sha) == ("apache-2.0", 3_000_000, REPOS[name].sha)
    again = only(answered(tree, {"error": "none"}))
    assert again.url == tree.url
    assert only(answered(tree, {}, 404, OLAH)).status == Status.NOT_FOUND


def test_mirror_that_refuses_the_one_request_is_asked_as_the_official_client_asks(tmp_path: Path) -> None:
    first, second, renamed = RESNETS[:3]
    spider = by_name(tmp_path, first, second)
    one, two = started(spider)
    plain = only(answered(one, {"errors": []}, 404))
    assert plain.url == f"{HUB}/api/models/timm/{first}/revision/main"
    tree = only(answered(plain, REPOS[first].model_info(blobs=False)))
    assert tree.url == f"{HUB}/api/models/timm/{first}/tree/main?recursive=true"
    item = only(answered(tree, REPOS[first].tree_entries(recursive=True)))
    assert (item.size_bytes, item.sha) == (REPOS[first].files["model.safetensors"], REPOS[first].sha)
    # Remembered for what is requested from here on; what was under way is repeated.
    assert only(spider.requests_for([renamed])).url == f"{HUB}/api/models/timm/{renamed}/revision/main"
    plain = only(answered(two, {}, 400))
    assert only(answered(plain, {}, 404)).status == Status.ERROR


def test_server_that_has_answered_the_one_request_is_believed(tmp_path: Path) -> None:
    one, two = started(by_name(tmp_path, *RESNETS[:2]))
    assert answered(one, REPOS[RESNETS[0]].model_info(blobs=True))
    assert only(answered(two, {}, 404, OLAH)).status == Status.NOT_FOUND


def test_repo_that_has_lost_the_commit_of_the_list_is_requested_at_main(tmp_path: Path) -> None:
    asked = requests(answered(only(started(by_name(tmp_path, *RESNETS))), list_of(*RESNETS)))
    answered(asked[0], REPOS[RESNETS[0]].model_info(blobs=True))
    lost = {"X-Error-Code": "RevisionNotFound"}
    plain = only(answered(asked[1], {}, 404, lost))
    assert plain.url == f"{HUB}/api/models/timm/{RESNETS[1]}/revision/main"
    assert answered(plain, REPOS[RESNETS[1]].model_info(blobs=False))[0].url.endswith(
        f"/tree/{REPOS[RESNETS[1]].sha}?recursive=true"
    )


@pytest.mark.parametrize("held", [0, 40])
def test_few_requests_are_sent_until_the_first_gives_a_repos_files(tmp_path: Path, held: int) -> None:
    names = [*RESNETS[:2], *(f"hf-hub:org{number}/net" for number in range(18 + held))]
    asked = started(by_name(tmp_path, *names))
    assert len(asked) == 20
    assert len(requests(answered(asked[2], {}, 401))) == min(held, 1)
    # One that is to be repeated waits for those that were not requested yet.
    again = only(answered(asked[1], b"<html>"))
    assert again.dont_filter == (not held)
    passed = requests(answered(asked[0], REPOS[RESNETS[0]].model_info(blobs=True)))
    assert len(passed) == max(0, held - 1)
    assert [each.url for each in passed if each.dont_filter] == [asked[1].url] * bool(held)


@pytest.mark.parametrize(("elements", "params"), [({"F32": 70}, 70), ({"U32": 64, "BF16": 20}, None)])
def test_packed_weights_have_no_count_of_elements(tmp_path: Path, elements: dict[str, int], params: int | None) -> None:
    repo = Repo("me/net", files={"model.safetensors": 290}, safetensors=elements)
    item = only(answered(only(started(by_name(tmp_path, "hf-hub:me/net"))), repo.model_info(blobs=True)))
    assert (item.size_bytes, item.params, item.dtype) == (290, params, "F32" if params else "")


def test_scrapy_parse_gives_the_item_of_the_repo_at_the_address(tmp_path: Path) -> None:
    spider, repo = by_name(tmp_path, "resnet18"), REPOS["resnet50.a1_in1k"]
    request = Request(f"{HUB}/api/models/{repo.id}?blobs=true", spider.parse)
    item = only(answered(request, repo.model_info(blobs=True)))
    assert (item.model, item.size_bytes) == ("resnet50.a1_in1k", repo.files["model.safetensors"])
    with pytest.raises(CloseSpider):
        answered(Request("https://elsewhere.example/", spider.parse), {})


def test_tree_of_several_pages_is_read_to_its_checkpoint(tmp_path: Path) -> None:
    repo = Repo(
        "timm/resnet50.a1_in1k", files={"model.safetensors": 7, **{f"a{number:04}.bin": 1 for number in range(9)}}
    )
    tree = only(answered(only(started(by_name(tmp_path, "resnet50"))), repo.model_info(blobs=False)))
    entries = repo.tree_entries(recursive=True)
    link = f'<https://huggingface.co{urlsplit(tree.url).path}?recursive=true&cursor=x>; rel="next"'
    more = only(answered(tree, entries[:5], headers={"Link": link}))
    assert more.url == f"{tree.url}&cursor=x"
    item = only(answered(more, entries[5:]))
    assert item.size_bytes == 7


@pytest.mark.parametrize(("names", "pages"), [(1, 2), (10**6, MOST_TREE_PAGES + 1)], ids=["the same again", "ever new"])
def test_tree_without_an_end_is_an_error(tmp_path: Path, names: int, pages: int) -> None:
    repo = REPOS["resnet50.a1_in1k"]
    request = only(answered(only(started(by_name(tmp_path, "resnet50"))), repo.model_info(blobs=False)))
    link = f'<https://huggingface.co{urlsplit(request.url).path}?recursive=true&cursor=x>; rel="next"'
    for number in range(pages):
        entry = {"type": "file", "path": f"step{number % names}.bin", "size": 5}
        request = only(answered(request, [entry], headers={"Link": link}))
    assert (request.status, request.reason) == (Status.ERROR, "invalid response: a list of files that does not end")


@pytest.mark.parametrize(("status", "headers"), [(400, {}), (404, OLAH), (422, {})])
def test_list_that_is_refused_is_asked_for_without_its_order_and_then_done_without(
    tmp_path: Path, status: int, headers: dict[str, str]
) -> None:
    first = only(started(by_name(tmp_path, *RESNETS)))
    second = only(answered(first, {"detail": "sort"}, status, headers))
    assert "sort" in query_of(first)
    assert "sort" not in query_of(second)
    assert query_of(second).keys() == query_of(first).keys() - {"sort"}
    direct = answered(second, {"detail": "no"}, status, headers)
    assert [request.url for request in requests(direct)] == [
        f"{HUB}/api/models/timm/{name}?blobs=true" for name in RESNETS
    ]
    at_commit = answered(second, list_of(*RESNETS))
    assert all("/revision/" in request.url for request in requests(at_commit))


def test_table_at_a_url_with_a_password_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="login in it") as caught:
        make_spider(HfSizesSpider, tmp_path, table="https://me:secret@host/t.csv")
    assert "secret" not in str(caught.value)
    spider = make_spider(HfSizesSpider, tmp_path, table="https://host/t.csv?token=secret")
    assert not started(spider)
    assert "https://host/t.csv: " in spider.crawler.stats.get_value(FAILURE_STAT)
    assert "secret" not in spider.crawler.stats.get_value(FAILURE_STAT)


def test_table_that_cannot_be_had_for_want_of_a_network_names_the_way_without(tmp_path: Path) -> None:
    (tmp_path / "local.csv").write_text(f"model\n{RESNETS[0]}\n")
    spider = make_spider(HfSizesSpider, tmp_path, table=f"{tmp_path / 'local.csv'},https://tables.example/t.csv")
    spider.crawler.engine.failure = CannotResolveHostError("DNS lookup failed")
    # Nothing is requested before all tables have come.
    assert not started(spider)
    assert not idle(spider)
    reason = spider.crawler.stats.get_value(FAILURE_STAT)
    assert "(DNS)" in reason
    assert "HF_HUB_OFFLINE=1" in reason
    assert "shipped table" in reason


# ---- Lists of organisations ------------------------------------------------------------------------------------------


def test_all_repos_of_an_organisation_are_requested_under_the_names_that_timm_takes(tmp_path: Path) -> None:
    spider = make_spider(HfSizesSpider, tmp_path, author="timm")
    entries = [*list_of(*RESNETS), {"id": "timm/ViT-B-16-SigLIP-256", "sha": "a" * 40}]
    asked = requests(answered(only(started(spider)), entries))
    names = {model for request in asked for model in request.cb_kwargs["repo"].models}
    assert {name.removeprefix("hf-hub:timm/") for name in names} == {*RESNETS, "ViT-B-16-SigLIP-256"}
    assert spider.crawler.stats.get_value("timm_sizes/names") == len(RESNETS) + 1


def test_list_is_walked_beyond_fifty_pages_and_ends_where_nothing_new_comes(tmp_path: Path) -> None:
    spider = make_spider(HfSizesSpider, tmp_path, author="me")
    request = only(started(spider))
    urls, repos = [request.url], []
    for number in range(120):
        link = f'<https://huggingface.co/api/models?author=me&cursor={number}>; rel="next"'
        # A row that moved comes on two pages; a mirror lists what others have, too; the last page is one that was seen.
        entries = [{"id": f"me/net{number % 119 + extra}", "sha": "a" * 40} for extra in (0, 1)]
        entries.append({"id": f"other/net{number}", "sha": "a" * 40})
        results = requests(answered(request, entries, headers={"Link": link}))
        repos += [each for each in results if each.callback == spider.parse_repo]
        following = [each for each in results if each.callback == spider.parse_list]
        if number < 119:
            request = only(following)
            urls.append(request.url)
    assert not following
    assert len(set(urls)) == 120
    assert len(repos) == len({each.url for each in repos}) == min(120, Trial.MOST_ERRORS)
    stats = spider.crawler.stats
    assert (stats.get_value("timm_sizes/names"), stats.get_value("timm_sizes/repos")) == (120, 120)


def test_list_without_an_end_is_reported(tmp_path: Path) -> None:
    spider = make_spider(HfSizesSpider, tmp_path, author="me")
    request = only(started(spider))
    request.cb_kwargs["walk"] = ListWalk("me", takes_all=True, pages=MOST_PAGES - 1)
    link = '<https://huggingface.co/api/models?author=me&cursor=x>; rel="next"'
    asked = answered(request, [{"id": "me/net", "sha": "a" * 40}], headers={"Link": link})
    assert [each.callback for each in asked] == [spider.parse_repo]
    assert spider.crawler.stats.get_value(FAILURE_STAT) == "author=me: the list does not end after 1000 pages"


def test_organisation_without_repos_is_told_with_its_case(tmp_path: Path) -> None:
    spider = make_spider(HfSizesSpider, tmp_path, author="Timm")
    with pytest.raises(CloseSpider):
        answered(only(started(spider)), [])
    assert spider.crawler.stats.get_value(FAILURE_STAT) == (
        "author=Timm: no repos; names are case-sensitive, and private repos need a token"
    )


@pytest.mark.parametrize("author", ["", "a/b", "timm,", "a b", "-x"])
def test_what_is_no_organisation_is_refused(tmp_path: Path, author: str) -> None:
    with pytest.raises(InputError, match="author"):
        make_spider(HfSizesSpider, tmp_path, author=author)


# ---- route=list ------------------------------------------------------------------------------------------------------

FIELDS = ("sha", "lastModified", "gated", "private", "cardData", "tags", "siblings", "safetensors")


def test_list_gives_estimates_of_all_repos_in_it(tmp_path: Path) -> None:
    absent = "resnet26.bt_in1k"
    spider = by_name(tmp_path, *RESNETS, absent, "hf-hub:gpt2", "hf-hub:timm/resnet50.a1_in1k@main", route="list")
    results = started(spider)
    request = only(requests(results))
    assert query_of(request)["expand[]"] == list(FIELDS)
    found = items(results) | items(answered(request, list_of(*RESNETS, fields=FIELDS)))
    for name in RESNETS:
        item = found[name]
        exact = REPOS[name].files["model.safetensors"]
        assert (item.status, item.source, item.sha) == (Status.ESTIMATED, "list", REPOS[name].sha)
        assert isinstance(item.size_bytes, int)
        assert abs(item.size_bytes - exact) <= 0.02 * exact
    assert found[absent].reason.startswith("not in the list of timm; ")
    assert found[absent].status == (Status.ESTIMATED if f"timm/{absent}" in by_repo_id() else Status.ERROR)
    for name in ("hf-hub:gpt2", "hf-hub:timm/resnet50.a1_in1k@main"):
        assert (found[name].status, "without route=list" in found[name].reason) == (Status.ERROR, True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"safetensors": None}, "no element counts of model.safetensors"),
        ({"safetensors": {"parameters": {"F32": 0}}}, "no element counts of model.safetensors"),
        ({"safetensors": {"parameters": {"F32": 2**52}}}, "no element counts of model.safetensors"),
        ({"safetensors": {"parameters": {"U32": 512_000_000, "BF16": 16_000_000}}}, "counts U32 elements"),
        ({"safetensors": {"parameters": {"Q4": 5}}}, "counts Q4 elements"),
        ({"siblings": []}, "no file names"),
        ({"siblings": [{"rfilename": "pytorch_model.bin"}]}, "no element counts of pytorch_model.bin"),
    ],
)
def test_what_a_list_cannot_size_has_the_catalogues_estimate_or_a_reason(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    name, unknown = "resnet50.a1_in1k", "hf-hub:timm/net.tag_in1k"
    request = only(started(by_name(tmp_path, name, unknown, route="list")))
    entry = list_of(name, fields=FIELDS)[0] | changes
    found = items(answered(request, [entry, {**entry, "id": "timm/net.tag_in1k"}]))
    assert (found[name].status, found[name].source) == (Status.ESTIMATED, "catalogue")
    assert found[name].size_bytes == by_repo_id()[f"timm/{name}"].size_bytes
    assert (found[unknown].status, found[unknown].size_bytes) == (Status.ERROR, None)
    assert "exact sizes: without route=list" in found[unknown].reason
    assert all(reason in item.reason for item in found.values())


def test_what_a_list_cannot_size_is_what_is_known_already(tmp_path: Path) -> None:
    name, at_main = "hf-hub:timm/net.tag_in1k", "hf-hub:timm/net.tag_in1k@main"
    known = [ModelSize(each, "timm/net.tag_in1k", size_bytes=7, sha="b" * 40, source="api") for each in (name, at_main)]
    write_sizes(tmp_path / "sizes.csv", known)
    results = started(by_name(tmp_path, name, at_main, route="list"))
    entry = list_of(RESNETS[0], fields=FIELDS)[0] | {"id": "timm/net.tag_in1k", "siblings": []}
    assert [*items(results).values(), *answered(only(requests(results)), [entry])] == known[::-1]


def test_list_of_a_repo_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    name = "resnet50.a1_in1k"
    changes = {"siblings": [{"rfilename": "open_clip_model.safetensors"}]}
    item = only(
        answered(only(started(by_name(tmp_path, name, route="list"))), [list_of(name, fields=FIELDS)[0] | changes])
    )
    assert (item.status, item.size_bytes) == (Status.NO_WEIGHTS, None)


def test_fields_that_are_refused_end_a_crawl_by_lists_with_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spider = by_name(tmp_path, *RESNETS, route="list")
    second = only(answered(only(started(spider)), {"error": "expand"}, 400))
    with pytest.raises(CloseSpider):
        answered(second, {"error": "expand"}, 400)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "no list of timm (HTTP 400): this server has no lists of repos"
    ]


# ---- No name without an item -----------------------------------------------------------------------------------------


def idle(spider: Any) -> list[Request]:
    """Let the spider go idle and return the requests that it makes of that."""
    spider.crawler.engine.queue.clear()
    try:
        spider._spider_idle()
    except DontCloseSpider:
        assert spider.crawler.engine.queue
    return list(spider.crawler.engine.queue)


def test_names_that_the_queue_lost_are_requested_again_past_the_filter(tmp_path: Path) -> None:
    spider = by_name(tmp_path, *RESNETS, refresh="1")
    asked = requests(answered(only(started(spider)), list_of(*RESNETS)))
    for request in asked[:2]:
        for item in answered(request, REPOS[request.cb_kwargs["repo"].models[0]].model_info(blobs=True)):
            spider._item_scraped(item)
    again = idle(spider)
    assert [request.url for request in again] == [request.url for request in asked[2:]]
    assert all(request.dont_filter and not request.meta.get(REFRESH_META) for request in again)
    # One that was held, too.
    assert spider._repo_request(again[0].cb_kwargs["repo"]).dont_filter
    assert idle(spider)
    assert not idle(spider)


def test_spider_whose_names_all_have_items_goes_to_its_end(tmp_path: Path) -> None:
    spider = by_name(tmp_path, "resnet50")
    for item in answered(only(started(spider)), {}, 401):
        spider._item_scraped(item)
    assert not idle(spider)


def test_offline_crawl_sends_nothing_when_idle_either(tmp_path: Path) -> None:
    spider = make_spider(HfSizesSpider, tmp_path, {"HF_HUB_OFFLINE": True}, models="resnet50,hf-hub:me/net")
    found = items(started(spider))
    assert {name: item.status for name, item in found.items()} == {
        "resnet50": Status.ESTIMATED,
        "hf-hub:me/net": Status.NOT_ASKED,
    }
    assert not idle(spider)


def test_private_repo_does_not_get_into_the_file_that_is_published(tmp_path: Path) -> None:
    for folder, is_refused in ((PROJECT / "output", True), (tmp_path, False)):
        request = only(started(make_spider(HfSizesSpider, folder, models="hf-hub:me/secret")))
        body = Repo("me/secret", files={"model.safetensors": 7}, private=True).model_info(blobs=True)
        if is_refused:
            with pytest.raises(CloseSpider):
                answered(request, body)
        else:
            assert only(answered(request, body)).size_bytes == 7


def test_script_gives_lists_and_scrapyd_an_argument_of_its_own(tmp_path: Path) -> None:
    tables = [tmp_path / "a,b.csv", tmp_path / "c.csv"]
    for path, model in zip(tables, RESNETS, strict=False):
        path.write_text(f"model\n{model}\n")
    by_name = make_spider(HfSizesSpider, tmp_path, models=RESNETS[:2], refresh=True, _job="1")
    assert by_name.seeds.names == make_spider(HfSizesSpider, tmp_path, table=list(map(str, tables))).seeds.names
    assert by_name.seeds.refresh
