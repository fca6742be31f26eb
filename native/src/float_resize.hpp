// Resizing and blurring of float images, the slower path: torch's values, bit for bit but for Lanczos (last digits of
// float32).
#pragma once
#include <cstddef>

#include "kernels.hpp"
#include "taps.hpp"

namespace pixelprep {

struct FloatImage {
    const float* data;
    int channels, height, width;
    ptrdiff_t channel_stride, row_stride, pixel_stride;  // in elements
};

// Horizontal pass first, each only where that size changes; products are accumulated with fused multiply-adds in the
// order of the taps, as torch's kernels do. `out` is channels x out_height x out_width.
void resize_float(const FloatImage& image, int out_height, int out_width, Filter filter, bool antialias, int threads,
                  const Kernels& kernels, float* out);

// Each channel convolved with `down` x `across` weights (odd numbers), mirrored at the edges. `out` is as the image.
void blur_float(const FloatImage& image, const float* weights, int down, int across, int threads, const Kernels& kernels,
                float* out);

}  // namespace pixelprep
