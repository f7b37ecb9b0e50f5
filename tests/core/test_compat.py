"""torchvision imports beside a CPU-only torch, and costs nothing where it is not used."""

import subprocess
import sys


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_hemapipe_imports_no_torch():
    assert python("import hemapipe, sys; print('torch' in sys.modules, 'pandas' in sys.modules)") == "False False"


def test_torchvision_works_and_the_hook_leaves_after_use():
    code = (
        "import sys, hemapipe, torch; from hemapipe.core import compat; compat.install(); name = '_BeforeTorchvision';"
        "count = lambda: sum(type(f).__name__ == name for f in sys.meta_path);"
        "before = count(); import torchvision; compat.install(); net = torchvision.models.resnet18().eval();"
        "print(before, count(), net(torch.zeros(1, 3, 64, 64)).shape[1])"
    )
    assert python(code) == "1 0 1000"
