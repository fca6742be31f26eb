#include "taps.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <tuple>

#include "globals.hpp"

namespace pixelprep {
namespace {

constexpr double kPi = 3.14159265358979323846;

double sinc(double x) { return x == 0.0 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

// Keys' cubic convolution kernel.
double cubic(double x, double a) {
    x = std::fabs(x);
    if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
    return 0.0;
}

double support_of(Filter filter) {
    switch (filter) {
        case Filter::box: return 0.5;
        case Filter::bilinear:
        case Filter::hamming: return 1.0;
        case Filter::bicubic: return 2.0;
        case Filter::lanczos: return 3.0;
        default: throw std::invalid_argument("nearest_exact has no taps");
    }
}

double evaluate(Filter filter, double x) {
    switch (filter) {
        case Filter::box: return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
        case Filter::bilinear: return std::max(1.0 - std::fabs(x), 0.0);
        case Filter::hamming: return std::fabs(x) < 1.0 ? sinc(x) * (0.54 + 0.46 * std::cos(kPi * x)) : 0.0;
        case Filter::bicubic: return cubic(x, -0.5);
        case Filter::lanczos: return x >= -3.0 && x < 3.0 ? sinc(x) * sinc(x / 3.0) : 0.0;
        default: return 0.0;
    }
}

RealTaps antialiased(int in, int out, Filter filter) {
    const double scale = double(in) / out;
    const double stretch = std::max(scale, 1.0);
    const double inverse = 1.0 / stretch;
    const double support = support_of(filter) * stretch;
    RealTaps taps;
    taps.width = int(std::ceil(support)) * 2 + 1;
    taps.start.resize(out);
    taps.count.resize(out);
    taps.weight.assign(size_t(out) * taps.width, 0.0);
    for (int i = 0; i < out; ++i) {
        const double centre = scale * (i + 0.5);
        const int begin = std::max(int(centre - support + 0.5), 0);
        const int end = std::min(int(centre + support + 0.5), in);
        const int count = std::clamp(end - begin, 0, taps.width);
        double* weight = &taps.weight[size_t(i) * taps.width];
        double total = 0.0;
        for (int j = 0; j < count; ++j) total += weight[j] = evaluate(filter, (j + begin - centre + 0.5) * inverse);
        for (int j = 0; j < count && total != 0.0; ++j) weight[j] /= total;
        for (int j = 0; j < count; ++j) taps.largest = std::max(taps.largest, weight[j]);
        taps.start[i] = begin;
        taps.count[i] = count;
    }
    return taps;
}

// Two or four taps around the sample point whatever the scale, the edge repeated; bicubic is sharper here (a = -0.75).
RealTaps interpolating(int in, int out, Filter filter) {
    if (filter != Filter::bilinear && filter != Filter::bicubic)
        throw std::invalid_argument("antialias=False is defined for bilinear and bicubic only");
    const int reach = filter == Filter::bilinear ? 1 : 2;
    const double scale = double(in) / out;
    RealTaps taps;
    taps.width = std::min(2 * reach, in);
    taps.start.resize(out);
    taps.count.assign(out, taps.width);
    taps.weight.assign(size_t(out) * taps.width, 0.0);
    for (int i = 0; i < out; ++i) {
        double x = scale * (i + 0.5) - 0.5;
        if (filter == Filter::bilinear) x = std::max(x, 0.0);
        const int base = int(std::floor(x));
        const double t = x - base;
        const int begin = std::clamp(base + 1 - reach, 0, in - taps.width);
        for (int j = 1 - reach; j <= reach; ++j) {
            const double w = filter == Filter::bilinear ? 1.0 - std::fabs(j - t) : cubic(j - t, -0.75);
            taps.weight[size_t(i) * taps.width + std::clamp(base + j, 0, in - 1) - begin] += w;
            taps.largest = std::max(taps.largest, w);
        }
        taps.start[i] = begin;
    }
    // Weights, and the sums of those that meet at an edge: torch looks at both.
    for (const double sum : taps.weight) taps.largest = std::max(taps.largest, sum);
    return taps;
}

Taps quantised(const RealTaps& real, int in, int out) {
    Taps taps;
    taps.in = in;
    taps.out = out;
    taps.width = real.width;
    taps.start = real.start;
    taps.count = real.count;
    while (taps.precision < 22 && int(0.5 + real.largest * (int64_t(1) << (taps.precision + 1))) < (1 << 15)) ++taps.precision;
    taps.weight.resize(real.weight.size());
    const double unit = double(int64_t(1) << taps.precision);
    for (size_t k = 0; k < real.weight.size(); ++k)
        taps.weight[k] = int16_t(int(real.weight[k] * unit + (real.weight[k] < 0 ? -0.5 : 0.5)));
    return taps;
}

Taps identity(int size) {
    Taps taps;
    taps.in = taps.out = size;
    taps.precision = 14;
    taps.width = 1;
    taps.start.resize(size);
    for (int i = 0; i < size; ++i) taps.start[i] = i;
    taps.count.assign(size, 1);
    taps.weight.assign(size, int16_t(1 << 14));
    return taps;
}

// Pixel centres are mapped in float32 steps, the first of them fused, as torch's nearest-exact does.
Taps nearest(int in, int out) {
    Taps taps = identity(out);
    taps.in = in;
    const float scale = float(in) / float(out);
    for (int i = 0; i < out; ++i) taps.start[i] = std::min(int(std::fma(i + 0.5f, scale, -0.5f) + 0.5f), in - 1);
    return taps;
}

Taps compute(int in, int out, Filter filter, bool antialias) {
    if (in == out) return identity(in);
    if (filter == Filter::nearest_exact) return nearest(in, out);
    return quantised(real_taps(in, out, filter, antialias), in, out);
}

}  // namespace

RealTaps real_taps(int in, int out, Filter filter, bool antialias) {
    return antialias || filter == Filter::box || filter == Filter::hamming || filter == Filter::lanczos
               ? antialiased(in, out, filter)
               : interpolating(in, out, filter);
}

std::shared_ptr<const Taps> axis_taps(int in, int out, Filter filter, bool antialias) {
    const auto key = std::make_tuple(in, out, int(filter), antialias);
    return globals().taps.get(key, [&] { return compute(in, out, filter, antialias); });
}

}  // namespace pixelprep
