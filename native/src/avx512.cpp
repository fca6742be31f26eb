// AVX-512 with VNNI: vpdpbusd multiplies four unsigned pixels by four signed bytes per 32-bit word, so a 16-bit weight
// takes two of them (256 * high + low) and no pixel is ever widened.
#include "kernels.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace pixelprep {
namespace {

// Within each 128-bit lane, 4 x 4 bytes transposed.
inline __m512i transpose_mask() {
    return _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

inline __m512i broadcast16(const void* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// 16 bytes from each of four places in one line.
inline __m512i gather4(const uint8_t* line, const int32_t* start) {
    const auto at = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(line + 4 * ptrdiff_t(start[i]))); };
    __m512i v = _mm512_castsi128_si512(at(0));
    v = _mm512_inserti32x4(v, at(1), 1);
    v = _mm512_inserti32x4(v, at(2), 2);
    return _mm512_inserti32x4(v, at(3), 3);
}

inline __m512i join(__m512i high, __m512i low, __m128i precision) {
    return _mm512_sra_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 8), low), precision);
}

template <int Lines>
inline void horizontal(const uint8_t* const* lines, const HTable& table, uint8_t* out) {
    const __m512i transpose = transpose_mask();
    // Lane i takes the weights of output i, once for each channel.
    const __m512i spread = _mm512_set_epi32(0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c, 0x0b0a0908, 0x0b0a0908,
                                            0x0b0a0908, 0x0b0a0908, 0x07060504, 0x07060504, 0x07060504, 0x07060504,
                                            0x03020100, 0x03020100, 0x03020100, 0x03020100);
    const __m512i half = _mm512_set1_epi32(1 << (table.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(table.precision);
    for (int b = 0; b < table.blocks; ++b) {
        __m512i low[Lines], high[Lines];
        for (int r = 0; r < Lines; ++r) {
            low[r] = half;
            high[r] = _mm512_setzero_si512();
        }
        const int32_t* start = table.start + 4 * b;
        const int8_t* wl = table.low + ptrdiff_t(table.first[b]) * 16;
        const int8_t* wh = table.high + ptrdiff_t(table.first[b]) * 16;
        const int groups = table.groups[b];
        for (int g = 0; g < groups; ++g) {
            const __m512i weight_low = _mm512_shuffle_epi8(broadcast16(wl + 16 * g), spread);
            const __m512i weight_high = _mm512_shuffle_epi8(broadcast16(wh + 16 * g), spread);
            for (int r = 0; r < Lines; ++r) {
                const __m512i pixels = _mm512_shuffle_epi8(gather4(lines[r] + 16 * g, start), transpose);
                low[r] = _mm512_dpbusd_epi32(low[r], pixels, weight_low);
                high[r] = _mm512_dpbusd_epi32(high[r], pixels, weight_high);
            }
        }
        if constexpr (Lines == 4) {
            const __m512i first = _mm512_packs_epi32(join(high[0], low[0], precision), join(high[1], low[1], precision));
            const __m512i second = _mm512_packs_epi32(join(high[2], low[2], precision), join(high[3], low[3], precision));
            _mm512_storeu_si512(out + 64 * ptrdiff_t(b), _mm512_shuffle_epi8(_mm512_packus_epi16(first, second), transpose));
        } else {
            const __m512i sum = _mm512_max_epi32(join(high[0], low[0], precision), _mm512_setzero_si512());
            _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * ptrdiff_t(b)), _mm512_cvtusepi32_epi8(sum));
        }
    }
}

void horizontal4(const uint8_t* const lines[4], const HTable& table, uint8_t* quad) {
    if (!table.low) return avx2_kernels()->horizontal4(lines, table, quad);
    horizontal<4>(lines, table, quad);
}

void horizontal1(const uint8_t* line, const HTable& table, uint8_t* out) {
    if (!table.low) return avx2_kernels()->horizontal1(line, table, out);
    horizontal<1>(&line, table, out);
}

void vertical(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line) {
    if (!row.low) return avx2_kernels()->vertical(quads, row, count, line);
    const __m512i half = _mm512_set1_epi32(1 << (row.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(row.precision);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    for (int i = 0; i < count; i += 64) {
        __m512i low[4], high[4];
        for (int k = 0; k < 4; ++k) {
            low[k] = half;
            high[k] = _mm512_setzero_si512();
        }
        for (int q = 0; q < row.quads; ++q) {
            const uint8_t* data = quads[q] + 4 * ptrdiff_t(i);
            const __m512i weight_low = _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(row.low + 4 * q));
            const __m512i weight_high = _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(row.high + 4 * q));
            for (int k = 0; k < 4; ++k) {
                const __m512i pixels = _mm512_loadu_si512(data + 64 * k);
                low[k] = _mm512_dpbusd_epi32(low[k], pixels, weight_low);
                high[k] = _mm512_dpbusd_epi32(high[k], pixels, weight_high);
            }
        }
        const __m512i first = _mm512_packs_epi32(join(high[0], low[0], precision), join(high[1], low[1], precision));
        const __m512i second = _mm512_packs_epi32(join(high[2], low[2], precision), join(high[3], low[3], precision));
        _mm512_storeu_si512(line + i, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second)));
    }
}

// Sixteen float32 results of one channel -> elements of the output type.
struct Float32 {
    using Element = float;
    static void store(float* out, __mmask16 mask, __m512 v) { _mm512_mask_storeu_ps(out, mask, v); }
};
struct Float16 {
    using Element = uint16_t;
    static void store(uint16_t* out, __mmask16 mask, __m512 v) {
        _mm256_mask_storeu_epi16(out, mask, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
};
struct Bfloat16 {
    using Element = uint16_t;
    static void store(uint16_t* out, __mmask16 mask, __m512 v) {
        const __m512i word = _mm512_castps_si512(v);
        const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(word, 16), _mm512_set1_epi32(1));
        const __m512i rounded = _mm512_add_epi32(word, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
        _mm256_mask_storeu_epi16(out, mask, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
    }
};

template <Formula F>
inline __m512 evaluate(__m512i x, __m512 sub, __m512 factor, __m512 divisor) {
    const __m512 a = _mm512_sub_ps(_mm512_cvtepi32_ps(x), sub);
    const __m512 q = _mm512_mul_ps(a, factor);
    if constexpr (F == Formula::multiply) return q;
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, divisor, a), factor, q);
}

template <class Out, Formula F, int PixelBytes>
void emit_planes(const Pointwise& spec, const uint8_t* line, const Run* runs, int count, typename Out::Element* out) {
    __m512 sub[4], factor[4], divisor[4];
    __m128i shift[4];
    for (int k = 0; k < spec.channels; ++k) {
        sub[k] = _mm512_set1_ps(spec.sub[k]);
        factor[k] = _mm512_set1_ps(spec.factor[k]);
        divisor[k] = _mm512_set1_ps(spec.divisor[k]);
        shift[k] = _mm_cvtsi32_si128(8 * spec.channel[k]);
    }
    const __m512i byte = _mm512_set1_epi32(255);
    for (int n = 0; n < count; ++n) {
        const Run& run = runs[n];
        const uint8_t* pixels = line + ptrdiff_t(run.x) * PixelBytes;
        for (int x = 0; x < run.length; x += 16) {
            const int left = run.length - x;
            const __mmask16 mask = left >= 16 ? __mmask16(0xffff) : __mmask16((1u << left) - 1);
            const __m512i words = PixelBytes == 4 ? _mm512_maskz_loadu_epi32(mask, pixels + 4 * x)
                                                  : _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, pixels + x));
            for (int k = 0; k < spec.channels; ++k) {
                const __m512i value = PixelBytes == 4 ? _mm512_and_si512(_mm512_srl_epi32(words, shift[k]), byte) : words;
                const __m512 result = evaluate<F>(value, sub[k], factor[k], divisor[k]);
                typename Out::Element* target = out + run.offset + x + k * spec.channel_stride;
                for (int t = 0; t < spec.copies; ++t, target += spec.copy_stride) Out::store(target, mask, result);
            }
        }
    }
}

// Pixels whose three channels stay together: 16 pixels are 48 elements, and the channel of an element repeats with
// period 3 over three vectors.
template <class Out, Formula F>
void emit_interleaved3(const Pointwise& spec, const uint8_t* line, const Run* runs, int count, typename Out::Element* out) {
    alignas(64) float sub[48], factor[48], divisor[48];
    for (int i = 0; i < 48; ++i) {
        sub[i] = spec.sub[i % 3];
        factor[i] = spec.factor[i % 3];
        divisor[i] = spec.divisor[i % 3];
    }
    const uint8_t* c = spec.channel;
    const __m128i pick = _mm_setr_epi8(char(c[0]), char(c[1]), char(c[2]), char(c[0] + 4), char(c[1] + 4), char(c[2] + 4),
                                       char(c[0] + 8), char(c[1] + 8), char(c[2] + 8), char(c[0] + 12), char(c[1] + 12),
                                       char(c[2] + 12), -128, -128, -128, -128);
    const __m512i pick4 = _mm512_broadcast_i32x4(pick);
    const __m512i close = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
    for (int n = 0; n < count; ++n) {
        const Run& run = runs[n];
        const uint8_t* pixels = line + ptrdiff_t(run.x) * 4;
        for (int x = 0; x < run.length; x += 16) {
            const int left = run.length - x;
            const __mmask16 mask = left >= 16 ? __mmask16(0xffff) : __mmask16((1u << left) - 1);
            const int elements = 3 * (left >= 16 ? 16 : left);
            __m512i bytes = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi32(mask, pixels + 4 * x), pick4);
            bytes = _mm512_permutexvar_epi32(close, bytes);
            const __m128i part[3] = {_mm512_castsi512_si128(bytes), _mm512_extracti32x4_epi32(bytes, 1),
                                     _mm512_extracti32x4_epi32(bytes, 2)};
            for (int i = 0; i < 3 && 16 * i < elements; ++i) {
                const int here = elements - 16 * i;
                const __mmask16 some = here >= 16 ? __mmask16(0xffff) : __mmask16((1u << here) - 1);
                const __m512 result = evaluate<F>(_mm512_cvtepu8_epi32(part[i]), _mm512_load_ps(sub + 16 * i),
                                                  _mm512_load_ps(factor + 16 * i), _mm512_load_ps(divisor + 16 * i));
                typename Out::Element* target = out + run.offset + 3 * ptrdiff_t(x) + 16 * i;
                for (int t = 0; t < spec.copies; ++t, target += spec.copy_stride) Out::store(target, some, result);
            }
        }
    }
}

template <class Out, Formula F>
void emit_as(const Pointwise& spec, const uint8_t* line, const Run* runs, int count, void* out) {
    auto* target = static_cast<typename Out::Element*>(out);
    const ptrdiff_t step = runs[0].step;  // all runs have it, or `emit` would not have come here
    if (step != 1) return emit_interleaved3<Out, F>(spec, line, runs, count, target);
    if (spec.pixel_bytes == 4) return emit_planes<Out, F, 4>(spec, line, runs, count, target);
    emit_planes<Out, F, 1>(spec, line, runs, count, target);
}

template <class Out>
void emit_by_formula(const Pointwise& spec, const uint8_t* line, const Run* runs, int count, void* out) {
    if (spec.formula == Formula::multiply) return emit_as<Out, Formula::multiply>(spec, line, runs, count, out);
    emit_as<Out, Formula::divide>(spec, line, runs, count, out);
}

void emit(const Pointwise& spec, const uint8_t* line, const Run* runs, int count, void* out) {
    bool planes = spec.formula != Formula::table;
    bool together = planes && spec.channels == 3 && spec.channel_stride == 1 && spec.pixel_bytes == 4;
    for (int n = 0; n < count; ++n) {
        planes &= runs[n].step == 1;
        together &= runs[n].step == 3;
    }
    if (count == 0) return;
    if (spec.dtype == Dtype::uint8 || !(planes || together)) return avx2_kernels()->emit(spec, line, runs, count, out);
    switch (spec.dtype) {
        case Dtype::float32: return emit_by_formula<Float32>(spec, line, runs, count, out);
        case Dtype::float16: return emit_by_formula<Float16>(spec, line, runs, count, out);
        default: return emit_by_formula<Bfloat16>(spec, line, runs, count, out);
    }
}

}  // namespace

const Kernels* avx512_kernels() {
    static const Kernels kernels = {
        "avx512", horizontal4, horizontal1, vertical, avx2_kernels()->expand3, avx2_kernels()->interleave, emit};
    return &kernels;
}

}  // namespace pixelprep
#else
namespace pixelprep {
const Kernels* avx512_kernels() { return nullptr; }
}  // namespace pixelprep
#endif
