// AVX2, FMA and F16C: pixels are widened to 16 bits on the way into vpmaddwd.
#include "shared.hpp"

#if defined(__AVX2__) && (defined(_MSC_VER) || (defined(__FMA__) && defined(__F16C__)))
#include <immintrin.h>

namespace pixelprep {
namespace {

inline __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

inline __m256i weights4(const int16_t* p) { return _mm256_set1_epi64x(*reinterpret_cast<const int64_t*>(p)); }

// Four neighbouring pixels, per channel: words r0-r3 g0-g3 | b0-b3 a0-a3.
inline __m256i widened(const uint8_t* pixels) {
    const __m256i order = _mm256_setr_epi8(0, -1, 4, -1, 8, -1, 12, -1, 1, -1, 5, -1, 9, -1, 13, -1,  //
                                           2, -1, 6, -1, 10, -1, 14, -1, 3, -1, 7, -1, 11, -1, 15, -1);
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load128(pixels)), order);
}

// Sums of neighbouring words of a and b (r g r g | b a b a), rounded and shifted.
inline __m256i folded(__m256i a, __m256i b, __m256i half, __m128i precision) {
    return _mm256_sra_epi32(_mm256_add_epi32(_mm256_hadd_epi32(a, b), half), precision);
}

// One column: four rows -> words R0 G0 R1 G1 R2 G2 R3 G3 | B0 A0 B1 A1 B2 A2 B3 A3.
inline __m256i column4(const uint8_t* const lines[4], const HTable& table, int x, __m256i half, __m128i precision) {
    const int block = x / 4;
    const ptrdiff_t offset = 4 * ptrdiff_t(table.start[x]);
    const int16_t* weight = table.weight + ptrdiff_t(table.first[block]) * 16 + x % 4 * 4;
    const int groups = table.groups[block];
    const uint8_t *p0 = lines[0] + offset, *p1 = lines[1] + offset, *p2 = lines[2] + offset, *p3 = lines[3] + offset;
    __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
    for (int g = 0; g < groups; ++g, weight += 16) {
        const __m256i w = weights4(weight);
        s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(widened(p0 + 16 * g), w));
        s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(widened(p1 + 16 * g), w));
        s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(widened(p2 + 16 * g), w));
        s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(widened(p3 + 16 * g), w));
    }
    return _mm256_packs_epi32(folded(s0, s1, half, precision), folded(s2, s3, half, precision));
}

void horizontal4(const uint8_t* const lines[4], const HTable& table, uint8_t* quad) {
    const __m256i half = _mm256_set1_epi32(1 << (table.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(table.precision);
    const __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15));
    for (int x = 0; x < table.blocks * 4; x += 2) {
        const __m256i left = column4(lines, table, x, half, precision);
        const __m256i right = column4(lines, table, x + 1, half, precision);
        const __m256i bytes = _mm256_shuffle_epi8(_mm256_packus_epi16(left, right), order);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(quad + 16 * ptrdiff_t(x)), _mm256_permute4x64_epi64(bytes, 0xd8));
    }
}

void horizontal1(const uint8_t* line, const HTable& table, uint8_t* out) {
    const __m256i half = _mm256_set1_epi32(1 << (table.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(table.precision);
    for (int b = 0; b < table.blocks; ++b) {
        __m256i sum[4];
        for (int o = 0; o < 4; ++o) {
            const uint8_t* pixels = line + 4 * ptrdiff_t(table.start[4 * b + o]);
            const int16_t* weight = table.weight + ptrdiff_t(table.first[b]) * 16 + o * 4;
            sum[o] = _mm256_setzero_si256();
            for (int g = 0; g < table.groups[b]; ++g)
                sum[o] = _mm256_add_epi32(sum[o], _mm256_madd_epi16(widened(pixels + 16 * g), weights4(weight + 16 * g)));
        }
        // Words: lane 0 has channels 0 1 of outputs 0-3, lane 1 channels 2 3.
        const __m256i words = _mm256_packs_epi32(folded(sum[0], sum[1], half, precision), folded(sum[2], sum[3], half, precision));
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        const __m128i order = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * ptrdiff_t(b)), _mm_shuffle_epi8(bytes, order));
    }
}

void vertical(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line) {
    const __m256i half = _mm256_set1_epi32(1 << (row.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(row.precision);
    const __m128i order = _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15);
    for (int i = 0; i < count; i += 16) {
        __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
        for (int q = 0; q < row.quads; ++q) {
            const uint8_t* data = quads[q] + 4 * ptrdiff_t(i);
            const __m256i w = weights4(row.weight + 4 * q);
            s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(_mm256_cvtepu8_epi16(load128(data)), w));
            s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(_mm256_cvtepu8_epi16(load128(data + 16)), w));
            s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(_mm256_cvtepu8_epi16(load128(data + 32)), w));
            s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(_mm256_cvtepu8_epi16(load128(data + 48)), w));
        }
        const __m256i words = _mm256_packs_epi32(folded(s0, s1, half, precision), folded(s2, s3, half, precision));
        const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(line + i), _mm_shuffle_epi8(bytes, order));
    }
}

void expand3(const uint8_t* pixels, int count, uint8_t* line) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    int x = 0;
    for (; x + 6 <= count; x += 4)  // 16 bytes are read for 12
        _mm_storeu_si128(reinterpret_cast<__m128i*>(line + 4 * x), _mm_shuffle_epi8(load128(pixels + 3 * x), order));
    scalar_kernels().expand3(pixels + 3 * x, count - x, line + 4 * x);
}

void interleave(const uint8_t* const planes[4], int count, uint8_t* line) {
    int x = 0;
    for (; x + 16 <= count; x += 16) {
        const __m128i a = load128(planes[0] + x), b = load128(planes[1] + x);
        const __m128i c = load128(planes[2] + x), d = load128(planes[3] + x);
        const __m128i ab0 = _mm_unpacklo_epi8(a, b), ab1 = _mm_unpackhi_epi8(a, b);
        const __m128i cd0 = _mm_unpacklo_epi8(c, d), cd1 = _mm_unpackhi_epi8(c, d);
        __m128i* out = reinterpret_cast<__m128i*>(line + 4 * x);
        _mm_storeu_si128(out, _mm_unpacklo_epi16(ab0, cd0));
        _mm_storeu_si128(out + 1, _mm_unpackhi_epi16(ab0, cd0));
        _mm_storeu_si128(out + 2, _mm_unpacklo_epi16(ab1, cd1));
        _mm_storeu_si128(out + 3, _mm_unpackhi_epi16(ab1, cd1));
    }
    const uint8_t* rest[4] = {planes[0] + x, planes[1] + x, planes[2] + x, planes[3] + x};
    scalar_kernels().interleave(rest, count - x, line + 4 * x);
}

// Eight float32 results of one channel -> elements of the output type; fewer through a small buffer.
struct Float32 {
    using Element = float;
    static void store(float* out, __m256 v) { _mm256_storeu_ps(out, v); }
};
struct Float16 {
    using Element = uint16_t;
    static void store(uint16_t* out, __m256 v) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
    }
};
struct Bfloat16 {
    using Element = uint16_t;
    static void store(uint16_t* out, __m256 v) {
        const __m256i word = _mm256_castps_si256(v);
        const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(word, 16), _mm256_set1_epi32(1));
        const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(word, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
        const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm256_castsi256_si128(packed));
    }
};

struct Uint8 {
    using Element = uint8_t;
    static void store(uint8_t* out, __m256 v) {
        const __m256i word = _mm256_cvtps_epi32(v);
        const __m128i half = _mm_packus_epi32(_mm256_castsi256_si128(word), _mm256_extracti128_si256(word, 1));
        _mm_storel_epi64(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(half, half));
    }
};

template <class T>
inline void copy(T* out, const T* in, int count) {
    for (int i = 0; i < count; ++i) out[i] = in[i];
}

template <Formula F>
inline __m256 evaluate(__m256i x, __m256 sub, __m256 factor, __m256 divisor, const float* values) {
    if constexpr (F == Formula::table) return _mm256_i32gather_ps(values, x, 4);
    const __m256 a = _mm256_sub_ps(_mm256_cvtepi32_ps(x), sub);
    const __m256 q = _mm256_mul_ps(a, factor);
    if constexpr (F == Formula::multiply) return q;
    return _mm256_fmadd_ps(_mm256_fnmadd_ps(q, divisor, a), factor, q);
}

// Channels each in its own place, PixelBytes 1 or 4.
template <class Out, Formula F, int PixelBytes>
void emit_planes(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    using T = typename Out::Element;
    __m256 sub[4], factor[4], divisor[4];
    __m128i shift[4];
    for (int k = 0; k < spec.channels; ++k) {
        sub[k] = _mm256_set1_ps(spec.sub[k]);
        factor[k] = _mm256_set1_ps(spec.factor[k]);
        divisor[k] = _mm256_set1_ps(spec.divisor[k]);
        shift[k] = _mm_cvtsi32_si128(8 * spec.channel[k]);
    }
    const __m256i byte = _mm256_set1_epi32(255), index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    for (int n = 0; n < count * lines.count; ++n) {
        const Run& run = runs[n / lines.count];
        const uint8_t* pixels = lines.pixels[n % lines.count] + ptrdiff_t(run.x) * PixelBytes;
        T* out = reinterpret_cast<T*>(lines.out[n % lines.count]) + run.offset;
        for (int x = 0; x < run.length; x += 8) {
            const int left = run.length - x < 8 ? run.length - x : 8;
            __m256i words;
            if (PixelBytes == 4) {
                const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(left), index);
                words = _mm256_maskload_epi32(reinterpret_cast<const int*>(pixels + 4 * x), mask);
            } else {
                uint8_t few[8] = {};
                copy(few, pixels + x, left);
                words = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(few)));
            }
            for (int k = 0; k < spec.channels; ++k) {
                const __m256i value = PixelBytes == 4 ? _mm256_and_si256(_mm256_srl_epi32(words, shift[k]), byte) : words;
                const __m256 result = evaluate<F>(value, sub[k], factor[k], divisor[k], spec.values[k]);
                T* target = out + x + k * spec.channel_stride;
                T few[8];
                if (left < 8) Out::store(few, result);
                for (int t = 0; t < spec.copies; ++t, target += spec.copy_stride) {
                    if (left == 8) Out::store(target, result);
                    else copy(target, few, left);
                }
            }
        }
    }
}

// Pixels whose three channels stay together: 8 pixels are 24 elements, and the channel of an element repeats with
// period 3 over three vectors.
template <class Out, Formula F>
void emit_interleaved3(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    using T = typename Out::Element;
    alignas(32) float sub[24], factor[24], divisor[24];
    for (int i = 0; i < 24; ++i) {
        sub[i] = spec.sub[i % 3];
        factor[i] = spec.factor[i % 3];
        divisor[i] = spec.divisor[i % 3];
    }
    const uint8_t* c = spec.channel;
    for (int n = 0; n < count * lines.count; ++n) {
        const Run& run = runs[n / lines.count];
        const uint8_t* pixels = lines.pixels[n % lines.count] + ptrdiff_t(run.x) * 4;
        T* out = reinterpret_cast<T*>(lines.out[n % lines.count]) + run.offset;
        for (int x = 0; x < run.length; x += 8) {
            const int left = run.length - x < 8 ? run.length - x : 8;
            uint8_t bytes[24] = {};
            for (int i = 0; i < left; ++i)
                for (int k = 0; k < 3; ++k) bytes[3 * i + k] = pixels[4 * (x + i) + c[k]];
            for (int i = 0; i < 24 && i < 3 * left; i += 8) {
                const __m256i value = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + i)));
                const __m256 result =
                    evaluate<F>(value, _mm256_load_ps(sub + i), _mm256_load_ps(factor + i), _mm256_load_ps(divisor + i), nullptr);
                T* target = out + 3 * ptrdiff_t(x) + i;
                T few[8];
                Out::store(few, result);
                const int here = 3 * left - i < 8 ? 3 * left - i : 8;
                for (int t = 0; t < spec.copies; ++t, target += spec.copy_stride) {
                    if (here == 8) Out::store(target, result);
                    else copy(target, few, here);
                }
            }
        }
    }
}

struct Emit {
    using AsFloat32 = Float32;
    using AsFloat16 = Float16;
    using AsBfloat16 = Bfloat16;
    using AsUint8 = Uint8;

    template <class Out, Formula F>
    static void as(const Pointwise& spec, const Lines& lines, const Run* runs, int count, bool planes) {
        if constexpr (F != Formula::table)
            if (!planes) return emit_interleaved3<Out, F>(spec, lines, runs, count);
        if (spec.pixel_bytes == 4) return emit_planes<Out, F, 4>(spec, lines, runs, count);
        emit_planes<Out, F, 1>(spec, lines, runs, count);
    }

    static void narrower(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
        scalar_kernels().emit(spec, lines, runs, count);
    }
};

float fused(float a, float b, float c) {
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}

void float_column(const float* rows, const float* weight, int taps, int count, float* out) {
    const int plain = unfused(taps);
    int x = 0;
    for (; x + 8 <= count; x += 8) {
        __m256 sum = _mm256_mul_ps(_mm256_loadu_ps(rows + x), _mm256_set1_ps(weight[0]));
        for (int j = 1; j < plain; ++j)
            sum = _mm256_add_ps(
                sum, _mm256_mul_ps(_mm256_loadu_ps(rows + ptrdiff_t(j) * count + x), _mm256_set1_ps(weight[j])));
        for (int j = plain; j < taps; ++j)
            sum = _mm256_fmadd_ps(_mm256_loadu_ps(rows + ptrdiff_t(j) * count + x), _mm256_set1_ps(weight[j]), sum);
        _mm256_storeu_ps(out + x, sum);
    }
    float_column_with<fused>(rows, weight, taps, x, count, out);
}

void float_blur(const float* const* rows, const float* weights, int down, int across, int count, float* out) {
    int x = 0;
    for (; x + 32 <= count; x += 32) {
        __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
        for (int i = 0; i < down; ++i)
            for (int j = 0; j < across; ++j) {
                const __m256 weight = _mm256_set1_ps(weights[i * across + j]);
                for (int k = 0; k < 4; ++k)
                    sum[k] = _mm256_fmadd_ps(_mm256_loadu_ps(rows[i] + x + 8 * k + j), weight, sum[k]);
            }
        for (int k = 0; k < 4; ++k) _mm256_storeu_ps(out + x + 8 * k, sum[k]);
    }
    float_blur_with<fused>(rows, weights, down, across, x, count, out);
}

}  // namespace

const Kernels* avx2_kernels() {
    static const Kernels kernels = {"avx2", horizontal4, horizontal1, vertical, expand3, interleave, emit_with<Emit>,
                                    float_row_with<fused>, float_column, float_cross_with<fused>, float_blur};
    return &kernels;
}

}  // namespace pixelprep
#else
namespace pixelprep {
const Kernels* avx2_kernels() { return nullptr; }
}  // namespace pixelprep
#endif
