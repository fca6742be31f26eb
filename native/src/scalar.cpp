// The truth: each kernel as plainly as it can be said.
#include "shared.hpp"

#include <cmath>

namespace pixelprep {
namespace {

uint8_t rounded(int32_t sum, int precision) {
    const int32_t value = (sum + (1 << (precision - 1))) >> precision;
    return uint8_t(value < 0 ? 0 : value > 255 ? 255 : value);
}

void horizontal(const uint8_t* line, const HTable& table, uint8_t* out, int out_pixel, int out_byte) {
    for (int x = 0; x < table.blocks * 4; ++x) {
        const int block = x / 4;
        const uint8_t* pixel = line + 4 * ptrdiff_t(table.start[x]);
        int32_t sum[4] = {0, 0, 0, 0};
        for (int g = 0; g < table.groups[block]; ++g) {
            const int16_t* weight = table.weight + ptrdiff_t(table.first[block] + g) * 16 + x % 4 * 4;
            for (int j = 0; j < 4; ++j, pixel += 4)
                for (int c = 0; c < 4; ++c) sum[c] += weight[j] * pixel[c];
        }
        for (int c = 0; c < 4; ++c) out[ptrdiff_t(x) * out_pixel + c * out_byte] = rounded(sum[c], table.precision);
    }
}

void horizontal4(const uint8_t* const lines[4], const HTable& table, uint8_t* quad) {
    for (int row = 0; row < 4; ++row) horizontal(lines[row], table, quad + row, 16, 4);
}

void horizontal1(const uint8_t* line, const HTable& table, uint8_t* out) { horizontal(line, table, out, 4, 1); }

void vertical(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line) {
    for (int i = 0; i < count; ++i) {
        int32_t sum = 0;
        for (int q = 0; q < row.quads; ++q)
            for (int r = 0; r < 4; ++r) sum += row.weight[q * 4 + r] * quads[q][ptrdiff_t(i) * 4 + r];
        line[i] = rounded(sum, row.precision);
    }
}

void expand3(const uint8_t* pixels, int count, uint8_t* line) {
    for (int x = 0; x < count; ++x) {
        for (int c = 0; c < 3; ++c) line[4 * x + c] = pixels[3 * x + c];
        line[4 * x + 3] = 0;
    }
}

void interleave(const uint8_t* const planes[4], int count, uint8_t* line) {
    for (int x = 0; x < count; ++x)
        for (int c = 0; c < 4; ++c) line[4 * x + c] = planes[c][x];
}

template <class T>
void emit_run(const Pointwise& spec, const uint8_t* line, const Run& run, T* out) {
    for (int k = 0; k < spec.channels; ++k) {
        const T* table = static_cast<const T*>(spec.table[k]);
        const uint8_t* pixel = line + ptrdiff_t(run.x) * spec.pixel_bytes + spec.channel[k];
        for (int t = 0; t < spec.copies; ++t) {
            T* target = out + run.offset + k * spec.channel_stride + t * spec.copy_stride;
            for (int x = 0; x < run.length; ++x) target[x * run.step] = table[pixel[x * spec.pixel_bytes]];
        }
    }
}

template <class T>
void emit_as(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    for (int n = 0; n < count; ++n)
        for (int y = 0; y < lines.count; ++y) emit_run(spec, lines.pixels[y], runs[n], reinterpret_cast<T*>(lines.out[y]));
}

void emit(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    switch (spec.dtype) {
        case Dtype::float32: return emit_as<uint32_t>(spec, lines, runs, count);
        case Dtype::uint8: return emit_as<uint8_t>(spec, lines, runs, count);
        default: return emit_as<uint16_t>(spec, lines, runs, count);
    }
}

float fused(float a, float b, float c) { return std::fma(a, b, c); }

void float_column(const float* rows, const float* weight, int taps, int count, float* out) {
    float_column_with<fused>(rows, weight, taps, 0, count, out);
}

void float_blur(const float* const* rows, const float* weights, int down, int across, int count, float* out) {
    float_blur_with<fused>(rows, weights, down, across, 0, count, out);
}

}  // namespace

const Kernels& scalar_kernels() {
    static const Kernels kernels = {"scalar", horizontal4, horizontal1, vertical, expand3, interleave, emit,
                                    float_row_with<fused>, float_column, float_cross_with<fused>, float_blur};
    return kernels;
}

}  // namespace pixelprep
