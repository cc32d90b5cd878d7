"""The examples of the library's README run, one after the other."""

import re
from pathlib import Path

import signing


def test_the_examples_of_the_readme_run() -> None:
    readme = (Path(signing.__file__).parent / "README.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert examples
    exec("\n".join(examples), {})
