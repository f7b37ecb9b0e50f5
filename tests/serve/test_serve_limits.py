"""Allowances, the budget of pixels, occlusion: the parts alone."""

import asyncio
from types import SimpleNamespace

import numpy as np
import pytest
from fake_run import FakeRun

from hemapipe.serve import occlusion
from hemapipe.serve.engine import Engine
from hemapipe.serve.errors import ServeError
from hemapipe.serve.limits import MOST_CLIENTS, Budget, Rate, client_name
from hemapipe.serve.params import ServeParams
from hemapipe.serve.seen import agreement


def test_an_allowance_is_spent_at_once_and_comes_back_drop_by_drop():
    clock = SimpleNamespace(now=0.0)
    rate = Rate(6, lambda: clock.now)
    for _ in range(6):
        rate.spend("a")
    with pytest.raises(ServeError) as refused:
        rate.spend("a")
    assert (refused.value.status, refused.value.retry_after) == (429, 10)
    rate.spend("b")
    clock.now = 10.5
    rate.spend("a")
    with pytest.raises(ServeError):
        rate.spend("a")


def test_clients_are_forgotten_before_they_fill_the_memory():
    rate = Rate(6)
    for number in range(MOST_CLIENTS + 500):
        rate.spend(str(number))
    assert len(rate._buckets) == MOST_CLIENTS


def test_one_client_is_an_ipv4_address_or_a_network_of_ipv6():
    assert client_name("10.0.0.7") == "10.0.0.7"
    assert client_name("2001:db8::1") == client_name("2001:db8::ffff:2") != client_name("2001:db8:1::1")
    assert client_name("testclient") == "testclient"


def test_the_budget_is_never_exceeded_and_an_image_larger_than_it_passes_alone():
    seen, held = [], 0

    async def take(budget, amount):
        nonlocal held
        async with budget.take(amount):
            held += min(amount, 10)
            seen.append(held)
            await asyncio.sleep(0)
            held -= min(amount, 10)

    async def everybody():
        budget = Budget(10)
        await asyncio.gather(*(take(budget, amount) for amount in [4, 50, 3, 3, 10, 1] * 3))

    asyncio.run(asyncio.wait_for(everybody(), 5))
    assert len(seen) == 18 and max(seen) == 10


def test_occlusion_finds_the_one_spot_that_counts():
    class Spot(FakeRun):
        """Says `early` as far as the spot at the top right is dark."""

        def probabilities(self, name, images):
            dark = np.array([1 - image[10:22, 90:102].mean() / 255 for image in images])
            return np.column_stack([1 - dark, dark, 0 * dark, 0 * dark])

    image = np.full((128, 128, 3), 230, np.uint8)
    image[10:22, 90:102] = 20

    async def ask():
        engine = Engine(Spot(), ServeParams())
        return await occlusion.explain(engine, "vote", image)

    found = asyncio.run(ask())
    assert found.label == "early" and found.probability > 0.9
    row, column = np.unravel_index(found.drops.argmax(), found.drops.shape)
    assert (row, column) in {(0, 5), (0, 6), (1, 5), (1, 6)} and found.drops.max() > 0.3
    assert abs(found.drops[4:]).max() < 0.01


def test_every_part_is_covered_whatever_the_shape():
    for shape in ((1, 1, 3), (5, 300, 3), (128, 96, 3)):
        copies = occlusion.covered(np.random.default_rng(0).integers(0, 255, shape, np.uint8))
        assert len(copies) == occlusion.GRID**2 and all(copy.shape == shape for copy in copies)


def test_agreement_counts_and_names_who_differs():
    found = agreement({"a": "pre", "b": "pro", "c": "pre"}, "b")
    assert (found.label, found.agree, found.of, found.others) == ("pre", 2, 3, {"b": "pro"})
    assert agreement({"a": "pre", "b": "pro"}, "b").label == "pro"
