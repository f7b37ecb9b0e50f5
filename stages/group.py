"""Join images that belong together into data/groups.csv: `python -m stages.group`."""

from hemapipe.core.params import load
from hemapipe.core.tables import MANIFEST, TIES, read_table, write_table
from hemapipe.group.components import build_groups
from hemapipe.group.params import GroupParams
from stages.run import run


def main() -> None:
    """Write the group of every decodable image."""
    params = load(GroupParams, "group")
    manifest, ties = read_table("data/manifest.csv", MANIFEST), read_table("data/ties.csv", TIES)
    write_table(build_groups(manifest, params.by, ties), "data/groups.csv")


if __name__ == "__main__":
    run(main)
