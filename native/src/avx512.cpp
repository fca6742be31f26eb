// AVX-512 with VNNI: vpdpbusd multiplies four unsigned pixels by four signed bytes per 32-bit word, so a 16-bit weight
// takes two of them (256 * high + low) and no pixel is ever widened.
#include "shared.hpp"

#if defined(__AVX512VNNI__) && defined(__AVX512BW__) && defined(__AVX512VL__)
#include <immintrin.h>

namespace pixelprep {
namespace {

// sum += four products of unsigned pixels and signed weights, per 32-bit word.
inline void dot(__m512i& sum, __m512i pixels, __m512i weights) {
#if defined(__GNUC__) && !defined(__clang__)
    // GCC 12 copies the sum before and after the intrinsic, which costs the loop a quarter of its speed.
    asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(pixels), "v"(weights));
#else
    sum = _mm512_dpbusd_epi32(sum, pixels, weights);
#endif
}

// Within each 128-bit lane, 4 x 4 bytes transposed.
inline __m512i transpose_mask() {
    return _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
}

// Of 16 broadcast weights, lane i takes the four of output i, once for each channel.
inline __m512i spread_mask() {
    return _mm512_set_epi32(0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c, 0x0f0e0d0c, 0x0b0a0908, 0x0b0a0908, 0x0b0a0908, 0x0b0a0908,
                            0x07060504, 0x07060504, 0x07060504, 0x07060504, 0x03020100, 0x03020100, 0x03020100, 0x03020100);
}

inline __m512i broadcast16(const void* p) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

// Four pixels from each of four places of a line: one group of taps for four outputs.
inline __m512i gather4(const uint8_t* line, const int32_t* start) {
    const auto at = [&](int i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(line + 4 * ptrdiff_t(start[i]))); };
    __m512i v = _mm512_castsi128_si512(at(0));
    v = _mm512_inserti32x4(v, at(1), 1);
    v = _mm512_inserti32x4(v, at(2), 2);
    return _mm512_inserti32x4(v, at(3), 3);
}

// Eight pixels from each of two places: two groups of taps for two outputs.
inline __m512i gather2(const uint8_t* line, ptrdiff_t first, ptrdiff_t second) {
    const auto at = [&](ptrdiff_t i) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(line + i)); };
    return _mm512_inserti64x4(_mm512_castsi256_si512(at(first)), at(second), 1);
}

inline __m512i join(__m512i high, __m512i low) { return _mm512_add_epi32(_mm512_slli_epi32(high, 8), low); }

// An odd last group: lane i of `sum` is output i.
template <int Lines>
inline void one_group(const uint8_t* const* lines, const int32_t* start, const int8_t* low, const int8_t* high,
                      int group, __m512i half, __m512i* sum) {
    const __m512i transpose = transpose_mask();
    const __m512i weight_low = _mm512_shuffle_epi8(broadcast16(low + 16 * group), spread_mask());
    const __m512i weight_high = _mm512_shuffle_epi8(broadcast16(high + 16 * group), spread_mask());
    for (int r = 0; r < Lines; ++r) {
        const __m512i pixels = _mm512_shuffle_epi8(gather4(lines[r] + 16 * group, start), transpose);
        __m512i lower = half, upper = _mm512_setzero_si512();
        dot(lower, pixels, weight_low);
        dot(upper, pixels, weight_high);
        sum[r] = join(upper, lower);
    }
}

// Pairs of groups: the lanes of a are outputs 0 0 1 1, those of b 2 2 3 3.
template <int Lines>
inline void group_pairs(const uint8_t* const* lines, const int32_t* start, int groups, const int8_t* low,
                        const int8_t* high, __m512i* sum) {
    const __m512i transpose = transpose_mask();
    const __m512i pick_a = _mm512_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4, 1, 1, 1, 1, 5, 5, 5, 5);
    const __m512i pick_b = _mm512_setr_epi32(2, 2, 2, 2, 6, 6, 6, 6, 3, 3, 3, 3, 7, 7, 7, 7);
    const ptrdiff_t s0 = 4 * ptrdiff_t(start[0]), s1 = 4 * ptrdiff_t(start[1]);
    const ptrdiff_t s2 = 4 * ptrdiff_t(start[2]), s3 = 4 * ptrdiff_t(start[3]);
    __m512i low_a[Lines], low_b[Lines], high_a[Lines], high_b[Lines];
    for (int r = 0; r < Lines; ++r) low_a[r] = low_b[r] = high_a[r] = high_b[r] = _mm512_setzero_si512();
    for (int g = 0; g + 1 < groups; g += 2) {
        const auto weights = [g](const int8_t* p) {
            return _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 16 * g)));
        };
        const __m512i both_low = weights(low), both_high = weights(high);
        const __m512i wla = _mm512_permutexvar_epi32(pick_a, both_low), wlb = _mm512_permutexvar_epi32(pick_b, both_low);
        const __m512i wha = _mm512_permutexvar_epi32(pick_a, both_high), whb = _mm512_permutexvar_epi32(pick_b, both_high);
        for (int r = 0; r < Lines; ++r) {
            const uint8_t* line = lines[r] + 16 * g;
            const __m512i a = _mm512_shuffle_epi8(gather2(line, s0, s1), transpose);
            const __m512i b = _mm512_shuffle_epi8(gather2(line, s2, s3), transpose);
            dot(low_a[r], a, wla);
            dot(high_a[r], a, wha);
            dot(low_b[r], b, wlb);
            dot(high_b[r], b, whb);
        }
    }
    for (int r = 0; r < Lines; ++r) {
        const __m512i a = join(high_a[r], low_a[r]), b = join(high_b[r], low_b[r]);
        const __m512i folded = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xdd));
        sum[r] = _mm512_add_epi32(sum[r], folded);
    }
}

// What the largest weights have above 127 * 256, one group at a time.
template <int Lines>
inline void extra_groups(const uint8_t* const* lines, const int32_t* start, int groups, const int8_t* extra, __m512i* sum) {
    const __m512i transpose = transpose_mask();
    for (int g = 0; g < groups; ++g) {
        const __m512i weight = _mm512_shuffle_epi8(broadcast16(extra + 16 * g), spread_mask());
        for (int r = 0; r < Lines; ++r) {
            __m512i more = _mm512_setzero_si512();
            dot(more, _mm512_shuffle_epi8(gather4(lines[r] + 16 * g, start), transpose), weight);
            sum[r] = join(more, sum[r]);
        }
    }
}

template <int Lines>
inline void horizontal(const uint8_t* const* lines, const HTable& table, uint8_t* out) {
    const __m512i half = _mm512_set1_epi32(1 << (table.precision - 1));
    const __m128i precision = _mm_cvtsi32_si128(table.precision);
    for (int b = 0; b < table.blocks; ++b) {
        const int32_t* start = table.start + 4 * b;
        const int8_t* low = table.low + ptrdiff_t(table.first[b]) * 16;
        const int8_t* high = table.high + ptrdiff_t(table.first[b]) * 16;
        __m512i sum[Lines];
        for (int r = 0; r < Lines; ++r) sum[r] = half;
        const int groups = table.groups[b];
        if (groups % 2 != 0) one_group<Lines>(lines, start, low, high, groups - 1, half, sum);
        if (groups > 1) group_pairs<Lines>(lines, start, groups, low, high, sum);
        if (table.large[b]) extra_groups<Lines>(lines, start, groups, table.extra + ptrdiff_t(table.first[b]) * 16, sum);
        for (int r = 0; r < Lines; ++r) sum[r] = _mm512_sra_epi32(sum[r], precision);
        if constexpr (Lines == 4) {
            const __m512i bytes = _mm512_packus_epi16(_mm512_packs_epi32(sum[0], sum[1]), _mm512_packs_epi32(sum[2], sum[3]));
            _mm512_storeu_si512(out + 64 * ptrdiff_t(b), _mm512_shuffle_epi8(bytes, transpose_mask()));
        } else {
            const __m512i positive = _mm512_max_epi32(sum[0], _mm512_setzero_si512());
            _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 16 * ptrdiff_t(b)), _mm512_cvtusepi32_epi8(positive));
        }
    }
}

void horizontal4(const uint8_t* const lines[4], const HTable& table, uint8_t* quad) {
    horizontal<4>(lines, table, quad);
}

void horizontal1(const uint8_t* line, const HTable& table, uint8_t* out) {
    horizontal<1>(&line, table, out);
}

template <bool Extra>
void vertical_row(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line) {
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
            const auto four = [q](const int8_t* weights) {
                int32_t word;
                __builtin_memcpy(&word, weights + 4 * q, 4);
                return _mm512_set1_epi32(word);
            };
            const __m512i weight_low = four(row.low), weight_high = four(row.high);
            const __m512i weight_extra = Extra ? four(row.extra) : _mm512_setzero_si512();
            for (int k = 0; k < 4; ++k) {
                const __m512i pixels = _mm512_loadu_si512(data + 64 * k);
                dot(low[k], pixels, weight_low);
                dot(high[k], pixels, weight_high);
                if constexpr (Extra) dot(high[k], pixels, weight_extra);
            }
        }
        const auto shifted = [&](int k) { return _mm512_sra_epi32(join(high[k], low[k]), precision); };
        const __m512i first = _mm512_packs_epi32(shifted(0), shifted(1));
        const __m512i second = _mm512_packs_epi32(shifted(2), shifted(3));
        _mm512_storeu_si512(line + i, _mm512_permutexvar_epi32(order, _mm512_packus_epi16(first, second)));
    }
}

void vertical(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line) {
    if (row.extra) vertical_row<true>(quads, row, count, line);
    else vertical_row<false>(quads, row, count, line);
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

struct Uint8 {
    using Element = uint8_t;
    static void store(uint8_t* out, __mmask16 mask, __m512 v) {
        _mm_mask_storeu_epi8(out, mask, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
    }
};

template <Formula F>
inline __m512 evaluate(__m512i x, __m512 sub, __m512 factor, __m512 divisor, const float* values) {
    if constexpr (F == Formula::table) return _mm512_i32gather_ps(x, values, 4);
    const __m512 a = _mm512_sub_ps(_mm512_cvtepi32_ps(x), sub);
    const __m512 q = _mm512_mul_ps(a, factor);
    if constexpr (F == Formula::multiply) return q;
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(q, divisor, a), factor, q);
}

constexpr int kBlock = 1024;  // elements

// Bytes to memory in whole cache lines, as far as they fill some.
inline void copy_block(const void* from, int bytes, uint8_t* out) {
    const uint8_t* in = static_cast<const uint8_t*>(from);
    const int head = int((64 - reinterpret_cast<uintptr_t>(out) % 64) % 64);
    if (head && head < bytes) {
        const __mmask64 mask = (__mmask64(1) << head) - 1;
        _mm512_mask_storeu_epi8(out, mask, _mm512_maskz_loadu_epi8(mask, in));
        in += head, out += head, bytes -= head;
    }
    for (; bytes >= 64; in += 64, out += 64, bytes -= 64) _mm512_storeu_si512(out, _mm512_loadu_si512(in));
    const __mmask64 mask = (__mmask64(1) << bytes) - 1;
    if (bytes) _mm512_mask_storeu_epi8(out, mask, _mm512_maskz_loadu_epi8(mask, in));
}

// Channels each in its own place, PixelBytes 1 or 4. Channels is 0 where the number is not known beforehand.
template <class Out, Formula F, int PixelBytes, int Channels>
void emit_planes(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
    using Element = typename Out::Element;
    const int channels = Channels ? Channels : spec.channels;
    __m512 sub[4], factor[4], divisor[4];
    __m128i shift[4];
    for (int k = 0; k < channels; ++k) {
        sub[k] = _mm512_set1_ps(spec.sub[k]);
        factor[k] = _mm512_set1_ps(spec.factor[k]);
        divisor[k] = _mm512_set1_ps(spec.divisor[k]);
        shift[k] = _mm_cvtsi32_si128(8 * spec.channel[k]);
    }
    const __m512i byte = _mm512_set1_epi32(255);
    const int copies = spec.copies;
    const ptrdiff_t channel_stride = spec.channel_stride, copy_stride = spec.copy_stride;
    const auto first = [](int left) { return left >= 16 ? __mmask16(0xffff) : __mmask16((1u << left) - 1); };
    const auto read = [](__mmask16 mask, const uint8_t* pixels) {
        return PixelBytes == 4 ? _mm512_maskz_loadu_epi32(mask, pixels)
                               : _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, pixels));
    };
    const auto result = [&](__m512i words, int k) {
        const __m512i value = PixelBytes == 4 ? _mm512_and_si512(_mm512_srl_epi32(words, shift[k]), byte) : words;
        return evaluate<F>(value, sub[k], factor[k], divisor[k], spec.values[k]);
    };
    const auto emit_line = [&](int length, const uint8_t* pixels, Element* out) {
        for (int x = 0; x < length; x += 16, out += 16) {
            const __mmask16 mask = first(length - x);
            const __m512i words = read(mask, pixels + x * PixelBytes);
            for (int k = 0; k < channels; ++k) {
                const __m512 values = result(words, k);
                Element* target = out + k * channel_stride;
                Out::store(target, mask, values);
                for (int t = 1; t < copies; ++t) Out::store(target += copy_stride, mask, values);
            }
        }
    };
    // Lines that continue each other, as those of a patch, fill a block for each channel; written whole, it leaves few
    // cache lines half done.
    alignas(64) Element block[kBlock + 16];
    const auto emit_block = [&](const Run& run, int y, int end) {
        Element* out = reinterpret_cast<Element*>(lines.out[y]) + run.offset;
        const int bytes = run.length * (end - y) * int(sizeof(Element));
        for (int k = 0; k < channels; ++k) {
            Element* filled = block;
            for (int line = y; line < end; ++line, filled += run.length)
                for (int x = 0; x < run.length; x += 16)
                    Out::store(filled + x, 0xffff,
                               result(read(first(run.length - x), lines.pixels[line] + ptrdiff_t(run.x + x) * PixelBytes), k));
            copy_block(block, bytes, reinterpret_cast<uint8_t*>(out + k * channel_stride));
        }
    };
    for (int n = 0; n < count; ++n) {
        const Run& run = runs[n];
        const ptrdiff_t line_bytes = ptrdiff_t(run.length) * ptrdiff_t(sizeof(Element));
        for (int y = 0, end; y < lines.count; y = end) {
            for (end = y + 1; copies == 1 && end < lines.count && run.length * (end + 1 - y) <= kBlock; ++end)
                if (lines.out[end] - lines.out[end - 1] != line_bytes) break;
            if (end > y + 1)
                emit_block(run, y, end);
            else
                emit_line(run.length, lines.pixels[y] + ptrdiff_t(run.x) * PixelBytes,
                          reinterpret_cast<Element*>(lines.out[y]) + run.offset);
        }
    }
}

// Pixels whose three channels stay together: 16 pixels are 48 elements, and the channel of an element repeats with
// period 3 over three vectors.
template <class Out, Formula F>
void emit_interleaved3(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
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
    for (int n = 0; n < count * lines.count; ++n) {
        const Run& run = runs[n / lines.count];
        const uint8_t* pixels = lines.pixels[n % lines.count] + ptrdiff_t(run.x) * 4;
        auto* out = reinterpret_cast<typename Out::Element*>(lines.out[n % lines.count]) + run.offset;
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
                                                  _mm512_load_ps(factor + 16 * i), _mm512_load_ps(divisor + 16 * i), nullptr);
                typename Out::Element* target = out + 3 * ptrdiff_t(x) + 16 * i;
                for (int t = 0; t < spec.copies; ++t, target += spec.copy_stride) Out::store(target, some, result);
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
        if (spec.pixel_bytes == 1) return emit_planes<Out, F, 1, 0>(spec, lines, runs, count);
        if (spec.channels == 3) return emit_planes<Out, F, 4, 3>(spec, lines, runs, count);
        emit_planes<Out, F, 4, 0>(spec, lines, runs, count);
    }

    static void narrower(const Pointwise& spec, const Lines& lines, const Run* runs, int count) {
        avx2_kernels()->emit(spec, lines, runs, count);
    }
};

}  // namespace

const Kernels* avx512_kernels() {
    const Kernels& narrow = *avx2_kernels();
    static const Kernels kernels = {"avx512",          horizontal4,         horizontal1,      vertical,
                                    narrow.expand3,    narrow.interleave,   emit_with<Emit>,  narrow.float_row,
                                    narrow.float_column, narrow.float_cross,  narrow.float_blur};
    return &kernels;
}

}  // namespace pixelprep
#else
namespace pixelprep {
const Kernels* avx512_kernels() { return nullptr; }
}  // namespace pixelprep
#endif
