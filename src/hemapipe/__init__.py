"""hemapipe: reproducible, leak-aware classification of leukemia in blood-smear images. Research use only."""

from hemapipe.core import compat

__version__ = "0.1.0"

compat.install()
