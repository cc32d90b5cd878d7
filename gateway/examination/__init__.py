"""The examination of an evidence package, offline: who, what exactly, since when, and the verdict for each link."""

from gateway.examination.examiner import examine
from gateway.examination.grounds import Grounds
from gateway.examination.verdict import Happening, Link, LinkKind, Standing, TimeKind, Verdict, Who

__all__ = ["Grounds", "Happening", "Link", "LinkKind", "Standing", "TimeKind", "Verdict", "Who", "examine"]
