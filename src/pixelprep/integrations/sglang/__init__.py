"""pixelprep as the package that `SGLANG_EXTERNAL_MM_PROCESSOR_PACKAGE` names: SGLang imports it in every process.

It has no processors of its own, only its effect: where `PIXELPREP_INSTALL` is set, SGLang's processors use pixelprep.
"""

from __future__ import annotations

from ..switch import install_if_asked

install_if_asked("SGLang")
