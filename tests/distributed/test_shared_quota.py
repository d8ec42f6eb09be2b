"""Machines that share a quota spend it to the last request together, and never more."""

from __future__ import annotations

from tests.distributed.machines import RedisServer
from timm_sizes.distributed.quota import Counter, SharedBudget
from timm_sizes.hub.quota import RateLimit

WINDOW = 300


def counter(redis: RedisServer, name: str = "office", bucket: str = "api") -> Counter:
    return Counter(redis.url, name, bucket)


def test_machines_spend_one_quota_to_its_last_request(redis: RedisServer) -> None:
    machines = [counter(redis) for _ in range(4)]
    machines[0].learn(10, WINDOW)
    waits = [machine.take() for _ in range(3) for machine in machines]
    assert [wait == 0 for wait in waits] == [True] * 10 + [False] * 2
    assert all(WINDOW - 60 < wait <= WINDOW + 2 for wait in waits[10:])


def test_other_names_and_buckets_are_other_quotas(redis: RedisServer) -> None:
    quotas = [counter(redis), counter(redis, name="home"), counter(redis, bucket="pages")]
    for quota in quotas:
        quota.learn(1, WINDOW)
    assert [quota.take() for quota in quotas] == [0, 0, 0]
    assert all(quota.take() for quota in quotas)


def test_request_that_was_sent_before_the_quota_was_known_counts(redis: RedisServer) -> None:
    machine = counter(redis)
    assert machine.take() == 0
    machine.learn(2, WINDOW)
    assert machine.take() == 0
    assert machine.take() > 0


def test_quota_that_changes_is_believed(redis: RedisServer) -> None:
    machine = counter(redis)
    machine.learn(1, WINDOW)
    machine.take()
    machine.learn(2, WINDOW)
    assert [machine.take() == 0 for _ in range(3)] == [True, True, False]


def test_without_redis_nothing_is_held_back(redis: RedisServer) -> None:
    machine, late = counter(redis), counter(redis)
    machine.learn(1, WINDOW)
    machine.take()
    redis.kill()
    assert machine.take() == 0
    assert late.take() == 0
    late.learn(1, WINDOW)


def test_token_taken_for_a_name_is_not_in_redis(redis: RedisServer) -> None:
    machine = counter(redis, name="hf_secretsecretsecret")
    machine.learn(1, WINDOW)
    machine.take()
    with redis.client() as client:
        assert client.dbsize() == 2
        assert b"secret" not in b"".join(client.keys())


def test_requests_go_one_by_one_until_the_quota_is_known(redis: RedisServer) -> None:
    budget = SharedBudget(counter=counter(redis), remaining=1)
    assert budget.take(0.0)
    assert not budget.take(0.0)
    budget.learn(RateLimit("api", remaining=9, resets_in=WINDOW, quota=10, window=WINDOW), 1.0)
    budget.ended()
    assert [budget.take(1.0) for _ in range(10)] == [True] * 9 + [False]


def test_budget_that_others_have_spent_opens_with_the_next_window(redis: RedisServer) -> None:
    others = counter(redis)
    others.learn(1, WINDOW)
    others.take()
    budget = SharedBudget(counter=counter(redis))
    assert not budget.take(0.0)
    opens_at = budget.opens_at(0.0)
    assert opens_at is not None
    assert WINDOW - 60 < opens_at <= WINDOW + 2
    assert not budget.has_room(opens_at - 1)
    assert budget.has_room(opens_at)
