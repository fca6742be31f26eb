"""Speed and memory of pixelprep against transformers; `python -m benchmarks` writes docs/benchmarks.md."""
