"""Addresses of the Hub: one spelling of an endpoint, redirects that stay on it, buckets below its path."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scrapy import Request

from timm_sizes.hub.endpoints import (
    Address,
    Kind,
    address_of,
    list_url,
    model_info_url,
    next_page_url,
    origin,
    parse_endpoint,
    plain_info_url,
    rebase,
    tree_page_url,
    tree_url,
)

ARTIFACTORY = "https://host/artifactory/api/huggingfaceml/repo"


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("https://huggingface.co", "https://huggingface.co"),
        (" HTTPS://HuggingFace.CO/ ", "https://huggingface.co"),
        ("https://huggingface.co:443", "https://huggingface.co"),
        ("http://localhost:8000//", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("https://host/Artifactory/API/", "https://host/Artifactory/API"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
    ],
)
def test_endpoint_has_one_spelling(text: str, endpoint: str) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    "text",
    [
        *("", "huggingface.co", "ftp://h", "http://", "https:///x", "http://h:0", "http://h:99999", "http://h:x"),
        *("http://h h", "http://[h", "http://user@h", "http://user:secret@h", "http://h/a@b"),
        *("http://h?x", "http://h#x", "http://h/?"),
    ],
)
def test_what_is_no_endpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected") as caught:
        parse_endpoint(text)
    assert "secret" not in str(caught.value)


@given(
    st.builds(
        "{}://{}{}{}".format,
        st.sampled_from(["http", "HTTPS", "https", "x"]),
        st.text("aB.-é:1[]% ", max_size=8),
        st.sampled_from(["", ":443", ":80", ":8000"]),
        st.text("/aB.-é%2 \\", max_size=8),
    )
)
@example("https://huggingface.co:443/")
def test_addresses_made_from_any_endpoint_are_its_own_in_a_request(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        return
    url = Request(model_info_url(endpoint, "org/net")).url
    assert url.startswith(f"{endpoint}/api/")
    assert address_of(url, endpoint) == Address(Kind.REPO, "org/net")
    assert parse_endpoint(endpoint) == endpoint
    assert origin(url) == origin(endpoint)


@pytest.mark.parametrize(
    ("target", "endpoint", "url"),
    [
        ("https://host/api/models/a/b?blobs=true", ARTIFACTORY, f"{ARTIFACTORY}/api/models/a/b?blobs=true"),
        (f"{ARTIFACTORY}/api/models/a/b", ARTIFACTORY, f"{ARTIFACTORY}/api/models/a/b"),
        ("https://host/mirror-2/a/b", "https://host/mirror", "https://host/mirror/mirror-2/a/b"),
        ("https://HOST:443/api/models/a/b", "https://host", "https://host/api/models/a/b"),
    ],
)  # fmt: skip
def test_redirect_is_rebased_onto_the_endpoint(target: str, endpoint: str, url: str) -> None:
    assert rebase(target, endpoint) == url


SHA = "0123456789abcdef" * 2 + "01234567"


@pytest.mark.parametrize("endpoint", ["https://huggingface.co", ARTIFACTORY, "https://host/api/models"])
@pytest.mark.parametrize(
    ("url", "address", "bucket"),
    [
        (model_info_url("", "org/net"), Address(Kind.REPO, "org/net"), "api"),
        (model_info_url("", "gpt2", SHA), Address(Kind.REPO, "gpt2", SHA), "api"),
        (model_info_url("", "org/net", "refs/pr/1"), Address(Kind.REPO, "org/net", "refs/pr/1"), "api"),
        (plain_info_url("", "org/tree"), Address(Kind.REPO, "org/tree", "main"), "api"),
        (tree_url("", "org/net", "ab" * 32), Address(Kind.TREE, "org/net", "ab" * 32), "api"),
        ("/api/models/gpt2/tree/main/?recursive=true", Address(Kind.TREE, "gpt2", "main"), "api"),
        (tree_page_url("", "org/net", SHA), Address(Kind.PAGE, "org/net", SHA), "pages"),
        (list_url("", "org"), Address(Kind.LIST), "api"),
        ("/api/models/org/net/commits/main", Address(Kind.API), "api"),
        ("/login?next=/api/models/a/b", Address(Kind.PAGE), "pages"),
        ("/org/net/resolve/main/model.safetensors", Address(Kind.FILE), "resolvers"),
        ("/org/net/%72esolve/main/model.safetensors", Address(Kind.FILE), "resolvers"),
    ],
)
def test_addresses_say_what_they_are_about(endpoint: str, url: str, address: Address, bucket: str) -> None:
    found = address_of(endpoint + url, endpoint)
    assert found == address
    assert found is not None
    assert found.bucket == bucket
    assert found.commit == (found.revision if len(found.revision) >= 40 else "")
    assert address_of(f"{endpoint}-other{url}", endpoint) is None
    assert address_of(f"https://elsewhere.example{url}", endpoint) is None


def test_next_page_of_a_tree_is_on_the_same_server() -> None:
    url = "https://host/api/models/a/b/tree/main?recursive=true"
    link = '<https://huggingface.co/api/models/a/b/tree/main?recursive=true&cursor=x>; rel="next"'
    assert next_page_url(url, link) == f"{url}&cursor=x"
    assert next_page_url(url, "") is None
    assert next_page_url(url, '<http://[x/tree/>; rel="next"') is None
