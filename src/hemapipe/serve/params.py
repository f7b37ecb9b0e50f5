"""Everything that can be set about the server. It is no stage, so none of it is in params.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from hemapipe.core.errors import HemapipeError, did_you_mean, reason

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MB = 1 << 20


class ServeParams(BaseModel):
    """Where the server listens, what it takes, and how long it is patient.

    Memory stays below about `held_mb` (uploads, and what their zips unpack to) + `decoded_mpx` × 3 MB (pixels), or one
    largest image's share if that is more (`max_mpx` × 12 MB, of a WebP 24 MB), beside the models.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)  # 0: any free one
    allowed_hosts: tuple[str, ...] = ()  # names in the Host header; empty: loopback's when bound there, else any
    token: SecretStr | None = Field(None, min_length=16)  # Authorization: Bearer; None: everybody may ask
    threads: int = Field(1, ge=1)  # of ONNX Runtime; decoding and the page have threads of their own
    decoders: int = Field(2, ge=1)
    keep: Path | None = None  # a folder that every upload is kept in; None: nothing is

    file_mb: float = Field(25, gt=0)  # largest file; also the largest entry of a zip
    request_mb: float = Field(200, gt=0)  # largest request; also what all entries of its zips unpack to
    held_mb: float = Field(600, gt=0)  # of all requests together, with what their zips unpack to
    max_files: int = Field(500, ge=1)  # images in a request, zips unpacked
    max_mpx: float = Field(50, gt=0)  # largest image, megapixels, by its header
    decoded_mpx: float = Field(
        200, gt=0
    )  # of all images decoded and not yet looked at; 12 bytes a pixel count while decoding

    header_seconds: float = Field(20, gt=0)  # until a request's headers are there, or a response moves on
    body_seconds: float = Field(60, gt=0)  # until a request's body is there
    work_seconds: float = Field(120, gt=0)  # from there to the answer
    max_requests: int = Field(32, ge=1)  # at work or waiting; more are told to come back
    max_requests_per_client: int = Field(16, ge=1)
    max_connections: int = Field(256, ge=1)
    per_minute: int | None = Field(None, ge=1)  # requests of one client; None: 300, and no limit on loopback

    batch_images: int = Field(32, ge=1)  # looked at in one go
    gather_ms: float = Field(4, ge=0)  # how long an image waits for company

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.file_mb > self.request_mb or self.request_mb > self.held_mb:
            raise ValueError("needs file_mb <= request_mb <= held_mb")
        return self

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the server."""
        return self.host in LOOPBACK

    @property
    def hosts(self) -> tuple[str, ...]:
        """The Host names that are answered, lower case; empty means any.

        A web page of somebody else can be made to resolve to 127.0.0.1 (DNS rebinding): its Host betrays it.
        """
        return tuple(host.lower() for host in self.allowed_hosts) or (LOOPBACK if self.local else ())

    @property
    def rate(self) -> int | None:
        """Requests a client may make in a minute; None is no limit."""
        return self.per_minute or (None if self.local else 300)

    @property
    def max_pixels(self) -> int:
        """The largest image in pixels."""
        return int(self.max_mpx * 1e6)

    @property
    def decoded_bytes(self) -> int:
        """What all decoded images may take together, and those that are being decoded, in bytes."""
        return int(self.decoded_mpx * 3e6)

    @property
    def file_bytes(self) -> int:
        """The largest file in bytes."""
        return int(self.file_mb * _MB)

    @property
    def request_bytes(self) -> int:
        """The largest request in bytes."""
        return int(self.request_mb * _MB)

    @property
    def held_bytes(self) -> int:
        """What all requests may hold together, in bytes."""
        return int(self.held_mb * _MB)


def from_options(settings: list[str], **given: Any) -> ServeParams:
    """Return the settings of the command line: `settings` are NAME=VALUE, `given` those with an option of their own.

    Raises:
        HemapipeError: an unknown or impossible one, or one that has its own option.
    """
    named = dict(setting.partition("=")[::2] for setting in settings)
    twice = sorted(set(named) & set(given))
    if twice:
        raise HemapipeError(f"--limit {twice[0]}: it has an option of its own")
    try:
        return ServeParams.model_validate({**named, **given})
    except ValidationError as error:
        raise HemapipeError("; ".join(_told(dict(one)) for one in error.errors())) from error


def _told(problem: dict[str, Any]) -> str:
    """Return what is wrong without the value: it may be the token."""
    name = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name!r}{did_you_mean(name, ServeParams.model_fields)}"
    return ": ".join(filter(None, (name, reason(problem["msg"]))))
