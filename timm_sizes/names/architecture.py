"""A model's name → its architecture (what speed depends on) and its family (what a chart is coloured by)."""

from __future__ import annotations

import re

from timm_sizes.names.catalogue import aliases

_TIMM_PREFIXES = ("hf-hub:timm/", "hf_hub:timm/", "timm/")

# Who ported the weights, or one block put into a known architecture: neither makes another family.
_MODIFIERS = ("tf_", "test_", "legacy_", "dm_", "nf_", "gluon_", "eca_", "ese_", "gc_", "bat_", "lambda_", "wide_")
_TWO_WORDS = ("inception_next", "inception_resnet", "tiny_vit")  # of another kind than their first word alone
_DEPTH = re.compile(r"(?<=[a-z])[1-9]\d{1,2}[a-z]*\d*$", re.ASCII)


def architecture(name: str) -> str:
    """Return the architecture of the model *name*: resnet50 of ``resnet50.a1_in1k`` and of ``timm/resnet50.a1_in1k``.

    An old name of timm's gives the architecture that it stands for now (tf_efficientnet_b0_ns: tf_efficientnet_b0).
    A name outside timm (another organisation's repo, a local folder) has none of timm's and is returned as it is.
    """
    text = full_name(name)
    return text if "/" in text or ":" in text else text.partition(".")[0]


def full_name(name: str) -> str:
    """Return the checkpoint that *name* stands for: ``resnet50.a1_in1k`` for ``resnet50``; no other name changes."""
    text = timm_name(name)
    alias = aliases().get(text)
    return alias.model if alias and alias.model else text


def timm_name(name: str) -> str:
    """Return what timm calls the model *name*: ``resnet50.a1_in1k`` for ``hf-hub:timm/resnet50.a1_in1k``."""
    text = name.strip()
    for prefix in _TIMM_PREFIXES:
        text = text.removeprefix(prefix)
    return text


def family(name: str) -> str:
    """Return the family of the model *name*: convnext of ``convnext_base.fb_in1k``, resnet of ``resnet50d``.

    It is the architecture's first word without a depth of two or three digits and what follows that; before that,
    words for a port or an exchanged block are dropped (``tf_efficientnet_b0``: efficientnet, ``eca_nfnet_l0``: nfnet).
    Versions stay: convnextv2, mobilenetv4 and eva02 are families of their own.
    """
    text = architecture(name).rpartition("/")[2].partition(".")[0]
    for modifier in _MODIFIERS:
        text = text.removeprefix(modifier)
    for words in _TWO_WORDS:
        if text == words or text.startswith(f"{words}_"):
            return words
    return _DEPTH.sub("", text.partition("_")[0])
