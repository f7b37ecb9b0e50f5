"""What the machine is said to be."""

import platform

from hemapipe.report import environment


def test_flat_text_and_the_same_twice():
    found = environment.describe()
    assert found == environment.describe()
    assert all(isinstance(value, str) and value for value in found.values())
    assert found["python"] == platform.python_version()
    assert found["version_torch"].startswith("2.")


def test_processor_comes_from_the_first_entry(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text("processor\t: 0\nmodel name\t: Tiny: 9000\nflags\t\t: fpu avx2 sse\n\nmodel name\t: other\n")
    assert environment.cpuinfo("model name", path) == "Tiny: 9000"
    assert environment.cpuinfo("flags", path).split() == ["fpu", "avx2", "sse"]
    assert environment.cpuinfo("bogomips", path) == environment.cpuinfo("flags", tmp_path / "none") == ""


def test_gpus_are_asked_of_the_driver(tmp_path, monkeypatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho Card A\necho Card B\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert environment.gpus() == "Card A, Card B"
    program.write_text("#!/bin/sh\necho no driver\nexit 9\n")
    assert environment.gpus() == "none"
