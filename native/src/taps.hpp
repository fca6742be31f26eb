// Filter taps of one axis of a fixed-point resize.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "kernels.hpp"

namespace pixelprep {

// The numbers are Pillow's resampling enum, which every configuration file uses.
enum class Filter : int { nearest_exact = 0, lanczos = 1, bilinear = 2, bicubic = 3, box = 4, hamming = 5 };

// Output i of an axis is clip8((sum_j weight[i * width + j] * input[start[i] + j] + 2^(p-1)) >> p), j < count[i].
struct Taps {
    int in = 0, out = 0;
    int precision = 0;  // p
    int width = 0;      // stride of `weight`: the largest count
    std::vector<int32_t> start, count;
    std::vector<int16_t> weight;
};

// The taps of an axis; equal sizes give the identity. Cached, thread-safe, never null.
std::shared_ptr<const Taps> axis_taps(int in, int out, Filter filter, bool antialias);

// Weights split into signed bytes: weight = 256 * (high + extra) + low.
struct SplitWeights {
    std::vector<int16_t> weight;
    std::vector<int8_t> low, high, extra;
    void split();  // fills the bytes in
};

// The columns [x0, x1) of an axis as the horizontal kernels want them.
struct Columns {
    int first, past;  // input pixels [first, past) are read; `past` may lie beyond the input, to be padded with zeros
    bool fits;        // or not: whole groups of pixels can be read without leaving the input
    std::vector<int32_t> start, groups, begin;
    std::vector<uint8_t> large;
    SplitWeights weights;
    HTable table(int precision) const;
};
std::shared_ptr<const Columns> columns(const std::shared_ptr<const Taps>& taps, int x0, int x1);

// Every output row of an axis in quads of input rows 4q, ..., 4q + 3, as the vertical kernels want them.
struct Rows {
    int most = 1;  // quads of the row that needs most
    std::vector<int32_t> first, count, offset;
    std::vector<uint8_t> large;
    SplitWeights weights;
    VRow row(int y, int precision) const;
};
std::shared_ptr<const Rows> rows(const std::shared_ptr<const Taps>& taps);

// The same taps before rounding, normalised to sum 1, for float images: `weight` is out x width doubles.
struct RealTaps {
    int width = 0;
    double largest = 0.0;  // decides the precision of fixed-point weights
    std::vector<int32_t> start, count;
    std::vector<double> weight;
};
RealTaps real_taps(int in, int out, Filter filter, bool antialias);

// Taps in float32.
struct FloatTaps {
    int width = 0;
    std::vector<int32_t> start, count;
    std::vector<float> weight;
    FloatTable view() const { return {width, start.data(), count.data(), weight.data()}; }
};

}  // namespace pixelprep
