"""The kernel's control of the clock: adjtimex(2), which only asks here."""

from struct import Struct

_TIMEX = Struct("@I4l i 3l 2l l 2l i 5l i")
_BUFFER_BYTES = 256  # sizeof(struct timex) is 208 at most
_TIME_ERROR = 5
_STA_NANO = 0x2000
_PPM16 = 1_000_000 * 65_536  # frequencies are in units of 2^-16 ppm


def read() -> dict[str, object]:
    """Return the kernel's figures; nothing on other systems, or where asking is forbidden."""
    state, timex = _asked()
    return parsed(state, timex) if state >= 0 else {}


def parsed(state: int, timex: bytes) -> dict[str, object]:
    """Return what a ``struct timex`` of this machine and the call's result say, in seconds."""
    if len(timex) < _TIMEX.size:
        return {}
    (
        _, offset, freq, maxerror, esterror, status, constant, _, _, _, _, tick,
        ppsfreq, jitter, shift, stabil, jitcnt, calcnt, errcnt, stbcnt, tai,
    ) = _TIMEX.unpack_from(timex)  # fmt: skip
    per_s = 1_000_000_000 if status & _STA_NANO else 1_000_000
    return {
        "node_timex_sync_status": int(state != _TIME_ERROR),
        "node_timex_offset_seconds": offset / per_s,
        "node_timex_frequency_adjustment_ratio": 1 + freq / _PPM16,
        "node_timex_maxerror_seconds": maxerror / 1_000_000,
        "node_timex_estimated_error_seconds": esterror / 1_000_000,
        "node_timex_status": status,
        "node_timex_loop_time_constant": constant,
        "node_timex_tick_seconds": tick / 1_000_000,
        "node_timex_pps_frequency_hertz": ppsfreq / _PPM16,
        "node_timex_pps_jitter_seconds": jitter / per_s,
        "node_timex_pps_shift_seconds": shift,
        "node_timex_pps_stability_hertz": stabil / _PPM16,
        "node_timex_pps_jitter_total": jitcnt,
        "node_timex_pps_calibration_total": calcnt,
        "node_timex_pps_error_total": errcnt,
        "node_timex_pps_stability_exceeded_total": stbcnt,
        "node_timex_tai_offset_seconds": tai,
    }


try:
    import ctypes

    _adjtimex = ctypes.CDLL(None).adjtimex
except (ImportError, OSError, TypeError, AttributeError):  # a Python or a system without it

    def _asked() -> tuple[int, bytes]:
        return -1, b""

else:

    def _asked() -> tuple[int, bytes]:
        buffer = ctypes.create_string_buffer(_BUFFER_BYTES)
        return _adjtimex(buffer), buffer.raw
