"""The example of signing/README.md runs."""

import re
from pathlib import Path

import signing


def test_the_example_of_the_readme_runs() -> None:
    readme = (Path(signing.__file__).parent / "README.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
