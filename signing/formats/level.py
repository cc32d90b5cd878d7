"""What a signature lasts for, whatever the format. Loads nothing: commands name it among their options."""

from enum import StrEnum


class Level(StrEnum):
    """The baseline level that a signature reaches: T is stamped, LT has all that is needed to judge it without a
    network, LTA has an archive time stamp over that. Source: ETSI EN 319 132-1, 6; EN 319 142-1, 6."""

    B_B = "B-B"
    B_T = "B-T"
    B_LT = "B-LT"
    B_LTA = "B-LTA"
