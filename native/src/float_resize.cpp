#include "float_resize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
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

// Without antialiasing every output has its 2 or 4 taps, repeated pixels at the edges included.
struct CrossTaps {
    int taps;
    std::vector<int32_t> index;
    std::vector<float> weight;
};

CrossTaps cross_taps(int in, int out, Filter filter) {
    constexpr float a = -0.75f;
    const auto near = [](float x) { return std::fma(a + 2.0f, x, -(a + 3.0f)) * x * x + 1.0f; };
    const auto far = [](float x) { return std::fma(std::fma(a, x, -5.0f * a), x, 8.0f * a) * x - 4.0f * a; };
    CrossTaps made = {filter == Filter::bilinear ? 2 : 4, {}, {}};
    const float scale = float(in) / float(out);
    for (int i = 0; i < out; ++i) {
        const float x = std::fma(scale, i + 0.5f, -0.5f);
        const float position = filter == Filter::bilinear ? std::max(x, 0.0f) : x;
        const int base = std::min(int(std::floor(position)), in - 1);
        const float t = position - float(base);
        if (filter == Filter::bilinear) made.weight.insert(made.weight.end(), {1.0f - t, t});
        else made.weight.insert(made.weight.end(), {far(t + 1.0f), near(t), near(1.0f - t), far(1.0f - t + 1.0f)});
        for (int k = 0; k < made.taps; ++k)
            made.index.push_back(std::clamp(base + k - (made.taps == 4 ? 1 : 0), 0, in - 1));
    }
    return made;
}

// Filters that torch does not have: weights in double precision, rounded to float32.
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

std::vector<float> dense(const FloatImage& image) {
    std::vector<float> out;
    out.reserve(size_t(image.channels) * size_t(image.height) * size_t(image.width));
    for (int c = 0; c < image.channels; ++c)
        for (int y = 0; y < image.height; ++y)
            for (int x = 0; x < image.width; ++x)
                out.push_back(image.data[c * image.channel_stride + y * image.row_stride + x * image.pixel_stride]);
    return out;
}

void interpolate(const float* planes, const FloatImage& image, int out_height, int out_width, Filter filter, int threads,
                 const Kernels& kernels, float* out) {
    const CrossTaps across = cross_taps(image.width, out_width, filter), down = cross_taps(image.height, out_height, filter);
    const bool nested = image.channels == 1 && out_height + out_width > 128;
    const FloatCross cross = {across.taps, nested, across.index.data(), across.weight.data()};
    globals().pool.run(image.channels * out_height, threads, [&](int line) {
        const size_t y = size_t(line % out_height) * size_t(down.taps);
        const float* plane = planes + size_t(line / out_height) * size_t(image.height) * size_t(image.width);
        const float* rows[4];
        for (int k = 0; k < down.taps; ++k) rows[k] = plane + size_t(down.index[y + size_t(k)]) * size_t(image.width);
        kernels.float_cross(rows, cross, &down.weight[y], out_width, out + size_t(line) * size_t(out_width));
    });
}

// A position beyond an edge as the one that lies as far inside, as often as it takes.
int mirrored(int at, int length) {
    if (length == 1) return 0;
    const int period = 2 * (length - 1);
    at = std::abs(at) % period;
    return at < length ? at : period - at;
}

}  // namespace

void resize_float(const FloatImage& image, int out_height, int out_width, Filter filter, bool antialias, int threads,
                  const Kernels& kernels, float* out) {
    if (threads <= 0) threads = num_threads();
    const bool is_dense = image.pixel_stride == 1 && image.row_stride == image.width &&
                          image.channel_stride == ptrdiff_t(image.height) * image.width;
    const std::vector<float> copy = is_dense ? std::vector<float>() : dense(image);
    const float* planes = is_dense ? image.data : copy.data();
    if (!antialias && (filter == Filter::bilinear || filter == Filter::bicubic))
        return interpolate(planes, image, out_height, out_width, filter, threads, kernels, out);
    const FloatTaps across = taps_of(image.width, out_width, filter, antialias);
    const FloatTaps down = taps_of(image.height, out_height, filter, antialias);
    Pool& pool = globals().pool;
    std::vector<float> middle(size_t(image.channels) * size_t(image.height) * size_t(out_width));
    pool.run(image.channels * image.height, threads, [&](int line) {
        kernels.float_row(planes + size_t(line) * size_t(image.width), across.view(), out_width, &middle[size_t(line) * size_t(out_width)]);
    });
    pool.run(image.channels * out_height, threads, [&](int line) {
        const int y = line % out_height;
        const float* top = &middle[(size_t(line / out_height) * size_t(image.height) + size_t(down.start[size_t(y)])) * size_t(out_width)];
        kernels.float_column(top, &down.weight[size_t(y) * size_t(down.width)], down.count[size_t(y)], out_width,
                             out + size_t(line) * size_t(out_width));
    });
}

void blur_float(const FloatImage& image, const float* weights, int down, int across, int threads, const Kernels& kernels,
                float* out) {
    constexpr int kBand = 32;  // rows blurred together: their mirrored copies stay in cache
    if (threads <= 0) threads = num_threads();
    const int bands = (image.height + kBand - 1) / kBand, width = image.width + across - 1;
    std::vector<int> column(size_t(width), 0);
    for (int x = 0; x < width; ++x) column[size_t(x)] = mirrored(x - across / 2, image.width);
    globals().pool.run(image.channels * bands, threads, [&](int task) {
        const int first = task % bands * kBand, rows = std::min(kBand, image.height - first);
        const float* plane = image.data + task / bands * image.channel_stride;
        std::vector<float> lines(size_t(rows + down - 1) * size_t(width));
        std::vector<const float*> line(size_t(rows + down - 1));
        for (int y = 0; y < rows + down - 1; ++y) {
            float* copy = &lines[size_t(y) * size_t(width)];
            const float* row = plane + mirrored(first + y - down / 2, image.height) * image.row_stride;
            for (int x = 0; x < width; ++x) copy[x] = row[column[size_t(x)] * image.pixel_stride];
            line[size_t(y)] = copy;
        }
        float* target = out + (size_t(task / bands) * size_t(image.height) + size_t(first)) * size_t(image.width);
        for (int y = 0; y < rows; ++y)
            kernels.float_blur(&line[size_t(y)], weights, down, across, image.width, target + size_t(y) * size_t(image.width));
    });
}

}  // namespace pixelprep
