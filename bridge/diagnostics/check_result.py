"""What a check of `enom-bridge doctor` or `conformance` says."""

from dataclasses import dataclass

CLOCK_WARN, CLOCK_FAIL = 10.0, 300.0  # seconds; signatures are valid for 300


@dataclass(frozen=True)
class CheckResult:
    """`level` is ok, warn or FAIL; `remedy` is empty where nothing is to be done."""

    level: str
    about: str
    text: str
    remedy: str = ""


def clock_result(other: str, skew: float) -> CheckResult:
    """How far this machine's clock, `skew` seconds from that of `other`, may be trusted."""
    text = f"This machine's clock differs by {skew:.0f} s from that of {other}."
    if skew < CLOCK_WARN:
        return CheckResult("ok", "clock", text)
    level = "FAIL" if skew >= CLOCK_FAIL else "warn"
    return CheckResult(level, "clock", text, "Synchronise the clocks with NTP.")
