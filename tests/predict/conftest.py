"""One exported run for all tests of prediction."""

import pytest
from exported_run import draw, export_run

from hemapipe.predict.run import load_run


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    return export_run(tmp_path_factory.mktemp("exported"))


@pytest.fixture(scope="session")
def run(exported):
    return load_run(exported)


@pytest.fixture(scope="session")
def smears():
    return draw(n_patients=4, each=3, seed=2)
