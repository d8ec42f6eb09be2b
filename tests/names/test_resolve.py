"""Names → repos: every form that tables hold, and that nothing else ever makes a request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timm_sizes.hub.endpoints import is_repo_id, is_revision, model_info_url
from timm_sizes.items import Status
from timm_sizes.names.resolve import Target, resolve
from timm_sizes.spiders.plan import describe, make_plan

R50 = "timm/resnet50.a1_in1k"


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("resnet50.a1_in1k", Target(R50)),
        ("resnet50", Target(R50)),
        (" resnet50 ", Target(R50)),
        ("timm/resnet50", Target(R50)),
        ("timm/resnet50.a1_in1k", Target(R50)),
        ("hf-hub:timm/resnet50.a1_in1k", Target(R50)),
        ("hf_hub:timm/resnet50.a1_in1k@main", Target(R50, "main")),
        ("hf-hub:org/name@refs/pr/1", Target("org/name", "refs/pr/1")),
        ("HF-HUB:Org/Name", Target("Org/Name")),
        ("Hf_Hub:org/name@V1", Target("org/name", "V1")),
        ("Local-Dir:/Some/Where", Target(path="/Some/Where")),
        ("timm/resnet50.a1_in1k@v1", Target(R50, "v1")),
        ("tf_efficientnet_b0_ns", Target("timm/tf_efficientnet_b0.ns_jft_in1k")),
        ("adv_inception_v3", Target("timm/inception_v3.tf_adv_in1k")),
        ("rdnet_tiny.nv_in1k", Target("naver-ai/rdnet_tiny.nv_in1k")),
        ("vit_base_patch16_clip_quickgelu_224.openai", Target("timm/vit_base_patch16_clip_224.openai")),
        ("resnet50.a_tag_of_tomorrow", Target("timm/resnet50.a_tag_of_tomorrow")),
        ("local-dir:/some/where", Target(path="/some/where")),
        ("checkpoint:runs/last.pth.tar", Target(path="runs/last.pth.tar")),
        # Where timm's table of deprecated names is wrong, or lacks names of 0.6.
        ("ig_resnext101_32x8d", Target("timm/resnext101_32x8d.fb_wsl_ig1b_ft_in1k")),
        ("ig_resnext101_32x16d", Target("timm/resnext101_32x16d.fb_wsl_ig1b_ft_in1k")),
        ("ig_resnext101_32x32d", Target("timm/resnext101_32x32d.fb_wsl_ig1b_ft_in1k")),
        ("beit_base_patch16_224_in22k", Target("timm/beit_base_patch16_224.in22k_ft_in22k")),
        ("beitv2_large_patch16_224_in22k", Target("timm/beitv2_large_patch16_224.in1k_ft_in22k")),
        ("gluon_xception65", Target("timm/xception65.tf_in1k")),
        ("vit_base_patch16_sam_224", Target("timm/vit_base_patch16_224.sam_in1k")),
    ],
)
def test_name_leads_to_its_checkpoint(name: str, target: Target) -> None:
    assert resolve(name) == target


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("gcvit_base", Status.NO_HUB_REPO),
        ("legacy_senet154.in1k", Status.NO_HUB_REPO),
        ("mixer_s16_224", Status.NO_WEIGHTS),
        ("mixer_s16_224.untrained", Status.NO_WEIGHTS),
        ("vit_base_patch32_clip_224.openai_ft_in12k_in1k", Status.NO_WEIGHTS),
        ("ig_resnext101_32x48d", Status.NO_WEIGHTS),
        ("densenet264", Status.UNKNOWN_NAME),
        ("", Status.UNKNOWN_NAME),
        ("hf-hub:a/b/c", Status.UNKNOWN_NAME),
        ("hf-hub:", Status.UNKNOWN_NAME),
        ("local-dir:", Status.NOT_FOUND),
        ("local_dir:/x", Status.UNKNOWN_NAME),
        ("hf-hub:a/b@", Status.UNKNOWN_NAME),
        ("hf-hub:a--b/c", Status.UNKNOWN_NAME),
        ("hf-hub:a/b.git", Status.UNKNOWN_NAME),
        ("org/name", Status.UNKNOWN_NAME),
    ],
)
def test_name_without_a_checkpoint_has_a_reason(name: str, status: Status) -> None:
    target = resolve(name)
    assert (target.status, target.repo_id, target.path) == (status, "", "")
    assert target.reason


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("microsoft/resnet-50", "hf-hub:microsoft/resnet-50"),
        ("https://huggingface.co/timm/resnet18.a1_in1k", "hf-hub:timm/resnet18.a1_in1k"),
        ("https://huggingface.co/google/vit-base-patch16-224/tree/main", "hf-hub:google/vit-base-patch16-224"),
        ("a/b/../c", "hf-hub:"),
        ("ResNet50", "did you mean resnet50?"),
        ("resnet_50", "did you mean resnet50?"),
        ("mobilnetv2_100", "did you mean mobilenetv2_100"),
        ("efficientnet-b0", "did you mean efficientnet_b0?"),
    ],
)
def test_name_that_means_nothing_has_a_hint(name: str, hint: str) -> None:
    target = resolve(name)
    assert target.status == Status.UNKNOWN_NAME
    assert hint in target.reason


def test_names_far_from_any_have_no_suggestion() -> None:
    for name in ("zzz", "my model", "x" * 100_000, "", "model", "x;y"):
        assert "did you mean" not in resolve(name).reason


@given(st.text() | st.text(alphabet="abc./@:-_%?#\r\n ", max_size=40).map(lambda text: f"hf-hub:{text}"))
def test_whatever_the_name_a_request_goes_to_a_sound_address(name: str) -> None:
    target = resolve(name)
    if target.repo_id:
        assert is_repo_id(target.repo_id)
        assert not target.revision or is_revision(target.revision)
        url = model_info_url("https://hub", target.repo_id, target.revision)
        assert url.isascii()
        assert not set(url) & set(" \r\n\t\\")
        assert "/.." not in url
        assert url.count("?") == 1
    else:
        assert target.path or target.reason or name.strip().startswith(("local-dir:", "checkpoint:"))


def test_repo_is_asked_once_however_many_names_share_it() -> None:
    names = ["resnet50", "resnet50.a1_in1k", "timm/resnet50", "hf-hub:timm/resnet50.a1_in1k@main", "densenet264"]
    plan = make_plan(names)
    assert [(question.repo_id, question.revision, question.models) for question in plan.repos] == [
        (R50, "", names[:3]),
        (R50, "main", names[3:4]),
    ]
    assert list(plan.settled) == ["densenet264"]
    assert list(describe(plan, by_list=False))[-1] == "5 names, 2 repos: 2 requests at the most"
