"""pixelprep inside serving engines by one environment variable, `PIXELPREP_INSTALL=native`; off where it is not set."""

from __future__ import annotations

import logging
import os

VARIABLE = "PIXELPREP_INSTALL"
OFF = {"", "0", "off", "false", "no"}
ANY = {"1", "on", "true", "yes", "auto"}

log = logging.getLogger(__name__)
_done: set[str] = set()


def install_if_asked(engine: str) -> bool:
    """Let transformers use pixelprep in this process if the environment says so, and say it in one line of the log.

    Args:
        engine: who asks, for the log.

    Returns:
        Whether pixelprep serves. An engine never stops because it cannot: the log says why.
    """
    asked = os.environ.get(VARIABLE, "").strip()
    if asked.lower() in OFF:
        return False
    if asked in _done:
        return True
    try:
        from .transformers import install

        served = install(None if asked.lower() in ANY else asked)
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        log.warning("pixelprep does not serve %s (%s=%s): %s", engine, VARIABLE, asked, reason)
        return False
    _done.add(asked)
    # As a warning, for an engine shows nothing less of other packages, and operators look for this line.
    log.warning("pixelprep serves the processors of %d model types in %s (%s=%s)", len(served), engine, VARIABLE, asked)
    return True
