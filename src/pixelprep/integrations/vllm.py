"""pixelprep as a plugin of vLLM: an entry point of the group `vllm.general_plugins`, called in all its processes."""

from __future__ import annotations

from .switch import install_if_asked


def register() -> None:
    """Let vLLM's processors use pixelprep where `PIXELPREP_INSTALL` is set; nothing of vLLM is imported."""
    install_if_asked("vLLM")
