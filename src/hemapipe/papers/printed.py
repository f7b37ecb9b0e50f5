"""Numbers as papers print them: how many digits they have is part of what they say."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator

_FLOAT = "tag:yaml.org,2002:float"


class Loader(yaml.SafeLoader):
    """Safe YAML in which 0.90 keeps its two digits (it stays text), and a key given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse a key that the mapping already has; merges (`<<`) may be overridden."""
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _FLOAT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse(value: Any) -> Any:
    """Turn `89.3 %`, `0.893` or `28` into a Decimal, per cent into a share; every digit is kept."""
    if isinstance(value, Decimal) or value is None or isinstance(value, bool):
        return value
    text = str(value).strip()
    try:
        if text.endswith("%"):
            return Decimal(text[:-1].strip()).scaleb(-2)
        return Decimal(text)
    except InvalidOperation:
        return value


#: A printed number; per cent becomes a share.
Printed = Annotated[Decimal, BeforeValidator(parse)]


def step(printed: Decimal) -> Decimal:
    """Return one unit in the last printed digit: 0.001 for 0.893."""
    exponent = printed.as_tuple().exponent
    return Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)


def rounded_to(value: float, printed: Decimal) -> Decimal:
    """Return `value` rounded to the digits `printed` has."""
    return _exact(value).quantize(step(printed), ROUND_HALF_UP)


def cut_to(value: float, printed: Decimal) -> Decimal:
    """Return `value` cut after as many digits as `printed` has."""
    return _exact(value).quantize(step(printed), ROUND_FLOOR)


def agrees(value: float, printed: Decimal) -> bool:
    """Return whether `printed` is `value`, either rounded or cut."""
    return printed in (rounded_to(value, printed), cut_to(value, printed))


def counts_for(share: Decimal, n: int) -> tuple[int, int]:
    """Return the whole numbers of images on both sides of `share` of `n` (the same twice where it is whole)."""
    exact = share * n
    return int(exact.to_integral_value(ROUND_FLOOR)), int(exact.to_integral_value(ROUND_CEILING))


def digits(share: Decimal) -> int:
    """Return how many decimals a printed share has when written in per cent: 3 for 88.975 %."""
    return max(0, -int(step(share).scaleb(2).as_tuple().exponent))


def percent(share: float | Decimal, digits: int = 1) -> str:
    """Write a share in per cent: 67.6 %."""
    return f"{100 * share:.{digits}f} %"


def as_percent(printed: Decimal) -> str:
    """Write a printed share in per cent with the digits it has: 96.43750 %."""
    return f"{printed.scaleb(2):f} %"


def _exact(value: float) -> Decimal:
    """Drop what double precision adds behind the twelfth digit: 0.875 * 0.1 and the like."""
    return Decimal(repr(round(value, 12)))
