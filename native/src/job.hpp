// A job: one image, resized, cut, normalised and laid out, in one pass.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels.hpp"
#include "taps.hpp"

namespace pixelprep {

// 8-bit pixels wherever they lie; strides in bytes, of any sign.
struct Source {
    const uint8_t* data = nullptr;
    int height = 0, width = 0, channels = 0;
    ptrdiff_t row_stride = 0, pixel_stride = 0, channel_stride = 0;
};

// What happens to the 256 values of each output channel.
class Tables {
public:
    // `values` is channels x 256 float32: the truth. `sub` and `divisor` (channels each, or null) are a hint that
    // values[k][x] is (x - sub[k]) / divisor[k]; they are tried on all 256 values and dropped if one bit differs.
    Tables(int channels, const float* values, const float* sub, const float* divisor, Dtype dtype);
    void describe(Pointwise& spec) const;
    const char* formula_name() const;
    int channels() const { return channels_; }
    Dtype dtype() const { return dtype_; }

private:
    int channels_;
    Dtype dtype_;
    Formula formula_ = Formula::table;
    bool identity_ = true;
    std::vector<float> values_;
    float sub_[4] = {}, factor_[4] = {}, divisor_[4] = {};
    std::vector<uint32_t> elements_;  // bytes of channels x 256 elements of dtype
};

struct Job {
    Source source;
    // The image is resized to (height, width); only the window is made. Where it reaches outside it takes `fill`.
    int height = 0, width = 0;
    Filter filter = Filter::bilinear;
    bool antialias = true;
    int top = 0, left = 0, window_height = 0, window_width = 0;
    uint8_t fill[4] = {};
    // Output channel k is source channel channel[k] through its table.
    uint8_t channel[4] = {0, 1, 2, 3};
    std::shared_ptr<const Tables> tables;
    // The window lies at (pad_top, pad_left) of a canvas of row_offset.size() x column_offset.size() pixels; the rest
    // takes `pad`. Element (k, y, x) of the canvas goes to row_offset[y] + column_offset[x] + k * channel_stride, and
    // again `copies` - 1 times at copy_stride.
    int pad_top = 0, pad_left = 0;
    float pad = 0;
    void* out = nullptr;
    std::vector<int64_t> row_offset, column_offset;
    int64_t channel_stride = 0, copy_stride = 0;
    int copies = 1;
};

// Makes all jobs on at most `threads` threads (0: num_threads()). Bits do not depend on the number.
void render(const std::vector<const Job*>& jobs, int threads, const Kernels& kernels);

// The kernels in use: the best this machine runs, or what PIXELPREP_NATIVE_ISA names; throws if it cannot be had.
const Kernels& kernels();
const Kernels& kernels_named(const char* name);

uint16_t to_float16(float value);
uint16_t to_bfloat16(float value);
int dtype_size(Dtype dtype);

}  // namespace pixelprep
