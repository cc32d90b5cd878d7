"""`demo`: watch four forms travel to everybody the law names, and three being refused."""

from __future__ import annotations

import shlex
import shutil
import signal
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from gateway.cli.options import AsJson
from gateway.cli.output import ExitCode, err, print_json, usage_error
from gateway.client import ClientError
from gateway.demo.narration import Narrator, StoryFailed
from gateway.demo.processes import ProcessFailed
from gateway.demo.stage import set_stage
from gateway.demo.story import Story
from gateway.errors import GatewayError
from signing import SigningError


class _Stopped(BaseException):
    """Ctrl-C or SIGTERM. Not KeyboardInterrupt: one that comes during an import ends Python by SIGINT though caught."""


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running, to look around; Ctrl-C stops.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option("--dir", help="Keep keys, store and logs here; a new folder.", file_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch four forms travel to their recipients.

    Real processes, real keys, real HTTP, all on this machine. Exit code 0 only if everything is as the law says.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the processes must be stopped too
        signal.signal(number, _stop)
    root = folder if folder is not None else Path(tempfile.mkdtemp(prefix="sealpost-demo-"))
    # With --json the result alone goes to stdout; the story is still told, on stderr.
    narrator = Narrator(console=Console(stderr=as_json, highlight=False, soft_wrap=True))
    failure: str | None = None
    try:
        with set_stage(root) as stage:
            story = Story(stage=stage, narrator=narrator)
            failure = _tell(story)
            if as_json:
                print_json({"ok": failure is None, "failure": failure, "checks": narrator.checked, "folder": str(root)})
            if keep and failure is None:
                _wait(story)
    except FileExistsError as exc:
        raise usage_error(f"{root} holds a demonstration already; nothing was changed") from exc
    except ProcessFailed as exc:  # while everything was kept running
        failure = str(exc)
        err().print(Text(failure))
    except _Stopped:
        err().print("stopped")
        failure = failure or (None if narrator.finished else "stopped before the end")
    if failure is not None:
        err().print(Text(f"keys, store and logs are left in {root}"))
        raise typer.Exit(ExitCode.NO)
    if folder is None:
        shutil.rmtree(root)


def _tell(story: Story) -> str | None:
    """Tell the story; what was not as the law says, or None."""
    narrator = story.narrator
    try:
        story.tell()
    except StoryFailed as exc:
        failure = f"not as it must be: {exc}"
    except ClientError as exc:
        failure = f"the gateway said no: {exc.problem['title']} ({exc.code}) {_issue_codes(exc)}"
    except (ProcessFailed, GatewayError, SigningError) as exc:
        failure = str(exc)
    else:
        narrator.finish()
        return None
    narrator.console.print(Text(f"FAILED  {failure}", style="red"))
    return failure


def _wait(story: Story) -> None:
    """Say what there is to see, and wait for Ctrl-C."""
    console, folder = story.narrator.console, story.stage.folder.root
    console.print()
    console.print(Text("Everything keeps running until Ctrl-C.", style="bold"))
    console.print(Text(f"open {story.stage.url}/openapi.json, and the folders parties and logs in {folder}"))
    for comment, command in _trials(story):
        console.print(Text(f"  # {comment}", style="dim"))
        console.print(Text(f"  {command}"))
    while True:
        story.stage.processes.check()
        time.sleep(1)


def _trials(story: Story) -> list[tuple[str, str]]:
    """Command lines that work as they stand, each with what it shows."""
    folder, url = story.stage.folder, story.stage.url
    form = f"-H 'Content-Type: application/xml' --data-binary @{shlex.quote(str(story.fresh_assessment()))}"
    service, worker, employer = (
        f'-H "Authorization: Bearer $(cat {shlex.quote(str(folder.token(party_id)))})"'
        for party_id in ("service", "worker", "employer")
    )
    return [
        ("is the counter open?", f"curl -s {url}/health"),
        ("which forms are taken here?", f"curl -s -H 'Accept-Language: nl' {url}/v1/forms"),
        ("what the service handed in", f"curl -s {service} {url}/v1/submissions"),
        ("judge a form without handing it in", f"curl -s {service} {form} {url}/v1/validations"),
        ("hand in one more assessment; again: the same answer", f"curl -s {service} {form} {url}/v1/submissions"),
        ("what waits for the worker then", f"curl -s {worker} {url}/v1/mailbox"),
        ("another party's things are not there", f"curl -s {employer} {url}{story.appeal_href}"),
    ]


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped


def _issue_codes(exc: ClientError) -> str:
    return ", ".join(f"{issue['code']} at {issue.get('path')}" for issue in exc.problem.get("issues", []))
