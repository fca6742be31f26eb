#include "float_resize.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "globals.hpp"

namespace pixelprep {
namespace {

constexpr float kPi = 3.14159265358979323846f;

// Where torch's kernels, as compiled, fuse a multiplication and an addition, so do these.
float bicubic(float x) {
    constexpr float a = -0.5f;
    x = std::fabs(x);
    if (x < 1.0f) return std::fma(std::fma(a + 2.0f, x, -(a + 3.0f)) * x, x, 1.0f);
    if (x < 2.0f) return std::fma(std::fma(x - 5.0f, x, 8.0f), x, -4.0f) * a;
    return 0.0f;
}

float sinc(float x) {
    const float t = x * kPi;
    return x == 0.0f ? 1.0f : std::sin(t) / t;
}

float evaluate(Filter filter, float x) {
    switch (filter) {
        case Filter::bilinear: return std::max(1.0f - std::fabs(x), 0.0f);
        case Filter::bicubic: return bicubic(x);
        default: return x >= -3.0f && x < 3.0f ? sinc(x) * sinc(x / 3.0f) : 0.0f;
    }
}

// Float32 throughout, but for the halves: they are doubles in torch and raise the sums they take part in.
FloatTaps antialiased(int in, int out, Filter filter) {
    const float scale = float(in) / float(out);
    const float reach = filter == Filter::bilinear ? 1.0f : filter == Filter::bicubic ? 2.0f : 3.0f;
    const float support = scale >= 1.0f ? reach * scale : reach;
    const float inverse = scale >= 1.0f ? 1.0f / scale : 1.0f;
    FloatTaps taps;
    taps.width = int(std::ceil(support)) * 2 + 1;
    taps.weight.assign(size_t(out) * size_t(taps.width), 0.0f);
    for (int i = 0; i < out; ++i) {
        const float centre = float(double(scale) * (i + 0.5));
        const int begin = std::max(int(double(centre - support) + 0.5), 0);
        const int end = std::min(int(double(centre + support) + 0.5), in);
        const int count = std::clamp(end - begin, 0, taps.width);
        float* weight = &taps.weight[size_t(i) * size_t(taps.width)];
        float total = 0.0f;
        for (int j = 0; j < count; ++j) {
            weight[j] = evaluate(filter, float((double(float(j + begin) - centre) + 0.5) * double(inverse)));
            total += weight[j];
        }
        for (int j = 0; j < count && total != 0.0f; ++j) weight[j] /= total;
        taps.start.push_back(begin);
        taps.count.push_back(count);
    }
    return taps;
}

// Other filters, and no antialiasing: weights in double precision, rounded to float32.
FloatTaps rounded(const RealTaps& real) {
    return {real.width, real.start, real.count, std::vector<float>(real.weight.begin(), real.weight.end())};
}

FloatTaps picked(const Taps& nearest) {
    return {1, nearest.start, nearest.count, std::vector<float>(nearest.start.size(), 1.0f)};
}

FloatTaps taps_of(int in, int out, Filter filter, bool antialias) {
    if (in == out || filter == Filter::nearest_exact) return picked(*axis_taps(in, out, Filter::nearest_exact, true));
    const bool torch_has_it = filter == Filter::bilinear || filter == Filter::bicubic || filter == Filter::lanczos;
    return torch_has_it && antialias ? antialiased(in, out, filter) : rounded(real_taps(in, out, filter, antialias));
}

}  // namespace

void resize_float(const FloatImage& image, int out_height, int out_width, Filter filter, bool antialias, int threads,
                  const Kernels& kernels, float* out) {
    const FloatTaps across = taps_of(image.width, out_width, filter, antialias);
    const FloatTaps down = taps_of(image.height, out_height, filter, antialias);
    Pool& pool = globals().pool;
    if (threads <= 0) threads = num_threads();
    std::vector<float> middle(size_t(image.channels) * size_t(image.height) * size_t(out_width));
    pool.run(image.channels * image.height, threads, [&](int line) {
        const float* row = image.data + line / image.height * image.channel_stride + line % image.height * image.row_stride;
        std::vector<float> dense;
        if (image.pixel_stride != 1) {
            for (int x = 0; x < image.width; ++x) dense.push_back(row[x * image.pixel_stride]);
            row = dense.data();
        }
        kernels.float_row(row, across.view(), out_width, &middle[size_t(line) * size_t(out_width)]);
    });
    pool.run(image.channels * out_height, threads, [&](int line) {
        const int y = line % out_height;
        const float* top = &middle[(size_t(line / out_height) * size_t(image.height) + size_t(down.start[size_t(y)])) * size_t(out_width)];
        kernels.float_column(top, &down.weight[size_t(y) * size_t(down.width)], down.count[size_t(y)], out_width,
                             out + size_t(line) * size_t(out_width));
    });
}

}  // namespace pixelprep
