"""What a benchmark gives back."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Result:
    """One figure and what it is held against. ratio: value / against_value."""

    name: str
    value: float
    unit: str
    against: str
    against_value: float
    ratio: float

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.value:,.1f} {self.unit}; "
            f"against {self.against}: {self.against_value:,.1f} {self.unit}; ratio {self.ratio:.3f}"
        )


def compared(name: str, value: float, unit: str, *, against: str, floor: float) -> Result:
    """A result with its ratio."""
    return Result(
        name=name, value=value, unit=unit, against=against, against_value=floor, ratio=value / floor if floor else 0.0
    )
