"""ONNX Runtime on the CPU, as every user of an exported graph starts it; needs no torch."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

_ERRORS_ONLY = 3  # ONNX Runtime's severity; its warnings speak of its own optimiser


def session(model: bytes | Path, threads: int) -> onnxruntime.InferenceSession:
    """Return an ONNX Runtime session on the CPU; the number of threads is given, never the machine's choice."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
