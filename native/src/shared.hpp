// What kernels of several instruction sets share. Each of their files compiles it with its own flags; what it is
// instantiated with (`fused`, `Emit`) is local to that file, so that the linker takes no file's code for another's.
#pragma once

#include "kernels.hpp"

namespace pixelprep {

// One row of a float image; `fused(a, b, c)` is a * b + c, rounded once.
template <float (*fused)(float, float, float)>
void float_row_with(const float* line, const FloatTable& table, int count, float* out) {
    for (int i = 0; i < count; ++i) {
        const float* pixel = line + table.start[i];
        const float* weight = table.weight + ptrdiff_t(i) * table.width;
        const int plain = unfused(table.count[i]);
        float sum = pixel[0] * weight[0];
        for (int j = 1; j < plain; ++j) sum += pixel[j] * weight[j];
        for (int j = plain; j < table.count[i]; ++j) sum = fused(pixel[j], weight[j], sum);
        out[i] = sum;
    }
}

// The values from `first` on of one row out of `taps` rows that lie `count` apart.
template <float (*fused)(float, float, float)>
void float_column_with(const float* rows, const float* weight, int taps, int first, int count, float* out) {
    const int plain = unfused(taps);
    for (int x = first; x < count; ++x) {
        float sum = rows[x] * weight[0];
        for (int j = 1; j < plain; ++j) sum += rows[ptrdiff_t(j) * count + x] * weight[j];
        for (int j = plain; j < taps; ++j) sum = fused(rows[ptrdiff_t(j) * count + x], weight[j], sum);
        out[x] = sum;
    }
}

// One output row without antialiasing, from 2 or 4 rows; torch's sums, as compiled, start with the second product.
template <float (*fused)(float, float, float)>
void float_cross_with(const float* const* rows, const FloatCross& cross, const float* down, int count, float* out) {
    for (int i = 0; i < count; ++i) {
        const int32_t* at = cross.index + ptrdiff_t(i) * cross.taps;
        const float* across = cross.weight + ptrdiff_t(i) * cross.taps;
        if (cross.taps == 2 && cross.nested) {
            const float top = fused(rows[0][at[0]], across[0], rows[0][at[1]] * across[1]);
            const float bottom = fused(rows[1][at[0]], across[0], rows[1][at[1]] * across[1]);
            out[i] = fused(top, down[0], bottom * down[1]);
            continue;
        }
        if (cross.taps == 2) {
            float sum = fused(across[0] * down[0], rows[0][at[0]], across[1] * down[0] * rows[0][at[1]]);
            sum = fused(across[0] * down[1], rows[1][at[0]], sum);
            out[i] = fused(across[1] * down[1], rows[1][at[1]], sum);
            continue;
        }
        float line[4];
        for (int r = 0; r < 4; ++r) {
            line[r] = fused(rows[r][at[0]], across[0], rows[r][at[1]] * across[1]);
            line[r] = fused(rows[r][at[2]], across[2], line[r]);
            line[r] = fused(rows[r][at[3]], across[3], line[r]);
        }
        const float sum = fused(line[2], down[2], fused(line[0], down[0], line[1] * down[1]));
        out[i] = fused(line[3], down[3], sum);
    }
}

// The values from `first` on of one row of a convolution.
template <float (*fused)(float, float, float)>
void float_blur_with(const float* const* rows, const float* weights, int down, int across, int first, int count, float* out) {
    for (int x = first; x < count; ++x) {
        float sum = 0.0f;
        for (int i = 0; i < down; ++i)
            for (int j = 0; j < across; ++j) sum = fused(rows[i][x + j], weights[i * across + j], sum);
        out[x] = sum;
    }
}

template <class Emit, class Out>
void emit_by_formula(const Pointwise& spec, const Lines& lines, const Run* runs, int count, bool planes) {
    switch (spec.formula) {
        case Formula::multiply: return Emit::template as<Out, Formula::multiply>(spec, lines, runs, count, planes);
        case Formula::divide: return Emit::template as<Out, Formula::divide>(spec, lines, runs, count, planes);
        default: return Emit::template as<Out, Formula::table>(spec, lines, runs, count, planes);
    }
}

// By dtype and formula: `Emit::as` where runs are of one step, 1 in planes or 3 with the channels together; whatever
// else goes to `Emit::narrower`.
template <class Emit>
void emit_with(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    bool planes = spec.dtype != Dtype::uint8 || spec.identity;
    bool together = planes && spec.formula != Formula::table && spec.channels == 3 && spec.channel_stride == 1 &&
                    spec.pixel_bytes == 4;
    for (int n = 0; n < count; ++n) {
        planes &= runs[n].step == 1;
        together &= runs[n].step == 3;
    }
    if (!planes && !together) return Emit::narrower(spec, lines, runs, count);
    switch (spec.dtype) {
        case Dtype::float32: return emit_by_formula<Emit, typename Emit::AsFloat32>(spec, lines, runs, count, planes);
        case Dtype::float16: return emit_by_formula<Emit, typename Emit::AsFloat16>(spec, lines, runs, count, planes);
        case Dtype::bfloat16: return emit_by_formula<Emit, typename Emit::AsBfloat16>(spec, lines, runs, count, planes);
        case Dtype::uint8: return emit_by_formula<Emit, typename Emit::AsUint8>(spec, lines, runs, count, planes);
    }
}

}  // namespace pixelprep
