import pandas as pd
import pytest

from hemapipe.audit import order
from hemapipe.sources.base import COLUMNS


def sequence_of(paths, **known):
    """Return the sequence given to `paths`, whose first folder is the label."""
    table = pd.DataFrame({"path": paths, "label": [path.split("/")[0] for path in paths], **known})
    return order.from_file_numbers(table.reindex(columns=COLUMNS, fill_value=""))["sequence"].tolist()


def test_numbers_order_the_images_of_a_label_within_their_folders():
    paths = ["a/IMG_10.jpg", "a/IMG_9.jpg", "b/IMG_11.jpg", "a/two/IMG_1.jpg", "a/two/IMG_2.jpg", "a/overview.jpg"]
    assert sequence_of(paths) == ["2", "1", "1", "3", "4", ""]


@pytest.mark.parametrize("known", [{"patient": ["p", "", ""]}, {"sequence": ["", "7", ""]}])
def test_what_is_known_is_left_alone(known):
    assert sequence_of(["a/1.png", "a/2.png", "a/3.png"], **known) == known.get("sequence", ["", "", ""])


@pytest.mark.parametrize(
    "paths",
    [["a/3f9c1.png", "a/77ab2.png", "a/e0d03.png"], ["a/one.png", "a/two.png"], ["/x1.png", "/x2.png"], []],
)
def test_hashes_words_and_images_without_a_label_have_no_order(paths):
    assert set(sequence_of(paths)) <= {""}


def test_few_sessions_along_file_numbers_are_not_kept_apart():
    rows = pd.DataFrame({"image_id": [f"i{n}" for n in range(24)], "label": list("ab") * 12})
    ties = pd.DataFrame({"image_id": rows["image_id"], "session": [f"s{n // 4}" for n in range(24)]})
    assert order.sessions_divide(rows, ties)
    assert not order.sessions_divide(rows, ties.assign(session=[f"s{n // 8}" for n in range(24)]))
