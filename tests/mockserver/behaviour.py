"""How the mock Hub behaves: every knob a test can turn, with the real Hub's setting as its default."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

BUCKETS = ("api", "pages", "resolvers")
FAULTS = ("5xx", "drop", "truncate", "hang", "challenge", "wrong_shape", "wrong_type", "bad_gzip", "redirect_loop",
          "redirect_away")  # fmt: skip

Quota = dict[str, int | None]


@dataclass(frozen=True)
class Behaviour:
    """The options of `MockHub.behave`."""

    # Requests in one window and bucket, anonymous (per IP) and per token; None is no limit.
    quota: Quota = field(default_factory=lambda: {"api": 500, "pages": 100, "resolvers": 3000})
    token_quota: Quota = field(default_factory=lambda: {"api": 1000, "pages": 200, "resolvers": 5000})
    window: float = 300.0
    t_rounding: str = "ceil"
    rate_headers: bool | str = True
    # On every 429: seconds, "http-date" for the end of the window, any other text as it stands.
    retry_after: float | str | None = None
    # Every Nth request is refused by the CDN, or by a limit that is not the quota.
    edge_429: int | None = None
    other_429: int | None = None
    tokens: list[str] = field(default_factory=list)
    bad_token: str = "anonymous"
    latency: float = 0.0
    # Kind of fault → probability; redirect_away takes a URL instead, and is certain.
    faults: dict[str, float | str] = field(default_factory=dict)
    seed: int = 0
    # Target prefix → {"fault": kind, "times": None or how often, "status": for 5xx, "to": for redirect_away}.
    fault_paths: dict[str, dict[str, Any]] = field(default_factory=dict)
    page_entries: bool = True
    list_page_size: int = 1000
    list_repeats: bool = False
    # What mirrors and self-hosted Hubs lack: sizes of siblings, the list's order, the list, HTML pages, the end of a
    # commit of 64 digits. A path below which all is served; redirects and links leave it out.
    siblings_have_sizes: bool = True
    list_has_order: bool = True
    list_missing: int | None = None
    has_pages: bool = True
    cuts_commits: bool = False
    base_path: str = ""
    # Target prefix → {"status", "headers", "body"}, neither counted against a quota nor dressed with Hub headers.
    raw_answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def merged(self, options: dict[str, Any]) -> Behaviour:
        """This behaviour with some options changed; a quota may name only some buckets."""
        unknown = options.keys() - {option.name for option in fields(self)}
        if unknown:
            raise ValueError(f"no such behaviour: {', '.join(sorted(unknown))}")
        changed = replace(self, **options | {
            name: self._merged_quota(getattr(self, name), options[name])
            for name in ("quota", "token_quota")
            if name in options
        })  # fmt: skip
        changed._check()
        return changed

    @staticmethod
    def _merged_quota(current: Quota, change: Quota | None) -> Quota:
        return dict.fromkeys(BUCKETS) if change is None else {**current, **change}

    def _check(self) -> None:
        aimed = {aim.get("fault") for aim in self.fault_paths.values()}
        wrong = [
            *(f"bucket {name}" for name in {*self.quota, *self.token_quota} - set(BUCKETS)),
            *(f"fault {name}" for name in {*self.faults, *aimed} - set(FAULTS)),
            *(
                f"odds of {name}: {odds}"
                for name, odds in self.faults.items()
                if isinstance(odds, str) != (name == "redirect_away")
            ),
            *([] if self.t_rounding in {"ceil", "floor"} else [f"t_rounding {self.t_rounding}"]),
            *([] if self.bad_token in {"reject", "anonymous"} else [f"bad_token {self.bad_token}"]),
            *([] if self.rate_headers in {True, False, "nonsense"} else [f"rate_headers {self.rate_headers}"]),
        ]
        if wrong:
            raise ValueError(f"no such {', '.join(wrong)}")
