"""What the throttle's documented schedule allows, worked out anew."""

import math
from datetime import datetime


def most(began: datetime, ended: datetime) -> int:
    """How many failures fit between two moments: five at once, and then one after 1, 2, 4, … seconds more."""
    return 5 + math.floor(math.log2((ended - began).total_seconds() + 1))
