// The inner loops, one table of them per instruction set. `scalar.cpp` is the truth: every other file gives its bits.
//
// Vocabulary. A *line* is one row of pixels of 1 byte (grey) or 4 bytes (colour; the fourth may be padding). A *quad*
// is four source rows after the horizontal pass, byte r of each 32-bit word belonging to row r: it lets the vertical
// pass multiply four rows at once with no shuffling. Files compiled for an instruction set include this header and
// intrinsics only: an inline function of the standard library compiled there could be linked into code that runs on
// every machine.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace pixelprep {

// Columns come in blocks of 4, taps in groups of 4. Of column o in block b, group g, tap j:
//   weight[(first[b] + g) * 16 + o * 4 + j], and the same number as 256 * (high + extra) + low, each a signed byte.
struct HTable {
    int blocks;
    int precision;
    const int32_t* start;   // [blocks * 4]: first pixel that is read, at most line length - 4 * groups
    const int32_t* groups;  // [blocks]
    const int32_t* first;   // [blocks]
    const int16_t* weight;
    const int8_t* low;
    const int8_t* high;
    const int8_t* extra;    // 1 where the weight is above 127.5 * 256, as in nearly unscaled resizes, else 0
    const uint8_t* large;   // [blocks]: whether the block has any such weight
};

// One output row from `quads` consecutive quads; weight[q * 4 + r] belongs to row r of quad q.
struct VRow {
    int quads;
    int precision;
    const int16_t* weight;
    const int8_t* low;
    const int8_t* high;
    const int8_t* extra;  // null where all are 0
};

enum class Dtype : int { uint8 = 0, float16 = 1, bfloat16 = 2, float32 = 3 };

enum class Formula : int { table = 0, multiply = 1, divide = 2 };

// Turns pixels into output elements: table[k][pixel[channel[k]]] for output channel k. `values` are the same before
// they are rounded to the output's type. Where `formula` is not `table`, arithmetic gives the bits of `values`:
// a = x - sub; multiply: a * factor; divide: q = a * factor corrected by one Newton step,
// fma(fma(-q, divisor, a), factor, q). Whoever fills this in has tried all 256 values.
struct Pointwise {
    int channels;
    int pixel_bytes;  // of the line: 1 or 4
    uint8_t channel[4];
    Dtype dtype;
    Formula formula;
    float sub[4], factor[4], divisor[4];
    bool identity;          // values[k][x] is x
    const void* table[4];   // 256 elements of dtype
    const float* values[4];
    ptrdiff_t channel_stride, copy_stride;  // in elements
    int copies;
};

// Pixels [x, x + length) of the line go to offset, offset + step, ...
struct Run {
    int x, length;
    ptrdiff_t offset, step;
};

struct Lines {
    int count;
    const uint8_t* const* pixels;
    uint8_t* const* out;  // where offset 0 of each line's runs lies
};

// Output i is the sum of weight[i * width + j] * line[start[i] + j], j < count[i].
struct FloatTable {
    int width;
    const int32_t* start;
    const int32_t* count;
    const float* weight;
};

// Interpolation without antialiasing: output i reads the pixels index[i * taps + k], k < taps (2 or 4).
struct FloatCross {
    int taps;
    bool nested;  // rows first, then their sum: torch's loop for one channel and large outputs
    const int32_t* index;
    const float* weight;
};

// torch's loop, as compiled, multiplies and adds the taps after the first four at a time, unfused, and fuses the rest.
static inline int unfused(int taps) { return taps > 0 ? 1 + (taps - 1) / 4 * 4 : 0; }

struct Kernels {
    const char* name;
    // Four 4-byte lines -> a quad of 4 words per column, blocks * 64 bytes.
    void (*horizontal4)(const uint8_t* const lines[4], const HTable& table, uint8_t* quad);
    // One line of 4-byte pixels, filtered to blocks * 16 bytes.
    void (*horizontal1)(const uint8_t* line, const HTable& table, uint8_t* out);
    // `count` output bytes (a multiple of 64; buffers reach that far).
    void (*vertical)(const uint8_t* const* quads, const VRow& row, int count, uint8_t* line);
    // count pixels of 3 bytes -> 4 bytes, fourth byte 0.
    void (*expand3)(const uint8_t* pixels, int count, uint8_t* line);
    // Four planes -> 4-byte pixels.
    void (*interleave)(const uint8_t* const planes[4], int count, uint8_t* line);
    // Each of a few lines to its own place: run by run, so that what lies together is written together.
    void (*emit)(const Pointwise& spec, const Lines& lines, const Run* runs, int count);
    // One row of a float image. Taps are added in order; those from `unfused` on by fused multiply-adds.
    void (*float_row)(const float* line, const FloatTable& table, int count, float* out);
    // One row out of `taps` rows that lie `count` apart.
    void (*float_column)(const float* rows, const float* weight, int taps, int count, float* out);
    // One row of a float image without antialiasing, from as many rows as there are taps, weighted by `down`.
    void (*float_cross)(const float* const* rows, const FloatCross& cross, const float* down, int count, float* out);
    // One row of a convolution, from `down` rows of `count` + `across` - 1 values: tap after tap, row by row, fused.
    void (*float_blur)(const float* const* rows, const float* weights, int down, int across, int count, float* out);
};

const Kernels& scalar_kernels();
const Kernels* avx2_kernels();    // null where the machine or the build lacks it
const Kernels* avx512_kernels();

}  // namespace pixelprep
