// Every instruction set against the definition, on random jobs in memory of exactly their size: built with
// -DPIXELPREP_SANITIZE=ON the address and undefined-behaviour sanitizers watch. Prints what failed; exit status 1 then.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "float_resize.hpp"
#include "globals.hpp"
#include "job.hpp"

using namespace pixelprep;

namespace {

std::mt19937 generator(20240917);
int random(int low, int high) { return std::uniform_int_distribution<int>(low, high)(generator); }

// One pass of the definition over dense pixels (rows of `pixels` groups of `inner` bytes).
std::vector<uint8_t> resampled(const std::vector<uint8_t>& in, const Taps& taps, int outer, int inner) {
    std::vector<uint8_t> out(size_t(outer) * taps.out * inner);
    for (int o = 0; o < outer; ++o)
        for (int i = 0; i < taps.out; ++i)
            for (int k = 0; k < inner; ++k) {
                int64_t sum = int64_t(1) << (taps.precision - 1);
                for (int j = 0; j < taps.count[i]; ++j)
                    sum += int64_t(taps.weight[size_t(i) * taps.width + j]) * in[(size_t(o) * taps.in + taps.start[i] + j) * inner + k];
                const int64_t value = sum >> taps.precision;
                out[(size_t(o) * taps.out + i) * inner + k] = uint8_t(value < 0 ? 0 : value > 255 ? 255 : value);
            }
    return out;
}

struct Case {
    std::vector<uint8_t> memory;  // as large as the source needs, no byte more
    std::vector<uint8_t> dense;   // the same pixels, height x width x channels
    Job job;
};

Case draw() {
    Case c;
    Source& source = c.job.source;
    source.height = random(1, 60);
    source.width = random(1, 90);
    source.channels = std::vector<int>{1, 3, 4}[size_t(random(0, 2))];
    const int layout = random(0, 2);  // planes, pixels, pixels with padding
    const int pixel = layout == 2 && source.channels > 1 ? 4 : source.channels;
    const bool upside_down = random(0, 3) == 0;
    ptrdiff_t row = layout == 0 ? source.width : ptrdiff_t(source.width) * pixel;
    source.pixel_stride = layout == 0 ? 1 : pixel;
    source.channel_stride = layout == 0 ? row * source.height : 1;
    const size_t bytes = layout == 0 ? size_t(row) * source.height * source.channels : size_t(row) * source.height;
    c.memory.resize(bytes);
    const bool extreme = random(0, 2) == 0;
    for (uint8_t& byte : c.memory) byte = uint8_t(extreme ? random(0, 1) * 255 : random(0, 255));
    source.row_stride = upside_down ? -row : row;
    source.data = c.memory.data() + (upside_down ? row * (source.height - 1) : 0);
    for (int y = 0; y < source.height; ++y)
        for (int x = 0; x < source.width; ++x)
            for (int k = 0; k < source.channels; ++k)
                c.dense.push_back(source.data[y * source.row_stride + x * source.pixel_stride + k * source.channel_stride]);

    Job& job = c.job;
    job.height = random(0, 4) ? random(1, 80) : source.height;
    job.width = random(0, 4) ? random(1, 80) : source.width;
    job.filter = Filter(random(0, 5));
    job.antialias = !(job.filter == Filter::bilinear || job.filter == Filter::bicubic) || random(0, 1);
    job.top = random(-10, job.height);
    job.left = random(-10, job.width);
    job.window_height = random(0, 90);
    job.window_width = random(1, 90);
    for (uint8_t& value : job.fill) value = uint8_t(random(0, 255));
    return c;
}

// The job's window before any values are changed, window_height x window_width x channels.
std::vector<uint8_t> window_of(const Case& c) {
    const Job& job = c.job;
    const Source& source = job.source;
    const int n = source.channels;
    const auto across = axis_taps(source.width, job.width, job.filter, job.antialias);
    const auto down = axis_taps(source.height, job.height, job.filter, job.antialias);
    const std::vector<uint8_t> wide = resampled(c.dense, *across, source.height, n);
    const std::vector<uint8_t> whole = resampled(wide, *down, 1, job.width * n);
    std::vector<uint8_t> out;
    for (int y = job.top; y < job.top + job.window_height; ++y)
        for (int x = job.left; x < job.left + job.window_width; ++x)
            for (int k = 0; k < n; ++k) {
                const bool inside = y >= 0 && x >= 0 && y < job.height && x < job.width;
                out.push_back(inside ? whole[(size_t(y) * job.width + x) * n + k] : job.fill[k]);
            }
    return out;
}

template <class T>
T rounded(float value, Dtype dtype);
template <>
float rounded(float value, Dtype) { return value; }
template <>
uint8_t rounded(float value, Dtype) { return uint8_t(value); }
template <>
uint16_t rounded(float value, Dtype dtype) { return dtype == Dtype::float16 ? to_float16(value) : to_bfloat16(value); }

// Lays a case out at random (planes, pixels, patches; padding; copies; channel order) and checks every instruction set.
template <class T>
bool holds(Case& c, Dtype dtype, const std::vector<const Kernels*>& sets) {
    Job& job = c.job;
    const int channels = random(0, 3) ? c.job.source.channels : 1;
    std::vector<float> values, sub, divisor;
    const int kind = dtype == Dtype::uint8 ? 0 : random(0, 3);  // identity, scaled, normalised, arbitrary
    for (int k = 0; k < channels; ++k) {
        job.channel[k] = uint8_t(random(0, job.source.channels - 1));
        sub.push_back(float(random(0, 2000)) / 16);
        divisor.push_back(float(random(1, 2000)) / 30);
        for (int x = 0; x < 256; ++x)
            values.push_back(kind == 0   ? float(x)
                             : kind == 1 ? float(x) * 0.0039f
                             : kind == 2 ? (float(x) - sub.back()) / divisor.back()
                                         : float(random(-1000, 1000)) / 7);
    }
    const bool hint = kind == 2;
    job.tables = std::make_shared<Tables>(channels, values.data(), hint ? sub.data() : nullptr, hint ? divisor.data() : nullptr, dtype);
    job.pad_top = random(0, 1) * random(0, 9);
    job.pad_left = random(0, 1) * random(0, 9);
    job.pad = dtype == Dtype::uint8 ? 7.0f : -1.25f;
    const int height = job.pad_top + job.window_height + random(0, 1) * random(0, 9);
    const int width = job.pad_left + job.window_width + random(0, 1) * random(0, 20);
    const int layout = random(0, 2), patch = random(1, 17);
    job.copies = random(0, 2) ? 1 : 2;
    // Planes; pixels of `channels`; planes of which `patch` columns lie together, each group a whole column of patches.
    const int64_t plane = int64_t(height) * ((width + patch - 1) / patch * patch);
    const int64_t step = layout == 1 ? channels : 1;
    job.channel_stride = layout == 1 ? 1 : plane;
    job.copy_stride = plane * channels;
    job.row_offset.clear();
    job.column_offset.clear();
    for (int y = 0; y < height; ++y) job.row_offset.push_back(y * step * (layout == 2 ? patch : width));
    for (int x = 0; x < width; ++x)
        job.column_offset.push_back(layout == 2 ? int64_t(x / patch) * patch * height + x % patch : x * step);
    const size_t size = size_t(plane * channels * job.copies);

    const std::vector<uint8_t> window = window_of(c);
    std::vector<T> expected(size, T(11));
    for (int t = 0; t < job.copies; ++t)
        for (int k = 0; k < channels; ++k)
            for (int y = 0; y < height; ++y)
                for (int x = 0; x < width; ++x) {
                    const int wy = y - job.pad_top, wx = x - job.pad_left;
                    const bool inside = wy >= 0 && wx >= 0 && wy < job.window_height && wx < job.window_width;
                    const float value =
                        inside ? values[size_t(k) * 256 + window[(size_t(wy) * job.window_width + wx) * job.source.channels + job.channel[k]]]
                               : job.pad;
                    expected[size_t(job.row_offset[y] + job.column_offset[x] + k * job.channel_stride + t * job.copy_stride)] =
                        rounded<T>(value, dtype);
                }
    for (const Kernels* kernels : sets)
        for (const int threads : {1, 3}) {
            std::vector<T> out(size, T(11));
            job.out = out.data();
            render({&job}, threads, *kernels);
            if (size && std::memcmp(out.data(), expected.data(), size * sizeof(T)) != 0) {
                std::printf("%s, %d threads: %dx%dx%d -> %dx%d, filter %d, antialias %d, dtype %d, layout %d, values %d differ\n",
                            kernels->name, threads, job.source.height, job.source.width, job.source.channels, job.height, job.width,
                            int(job.filter), int(job.antialias), int(dtype), layout, kind);
                return false;
            }
        }
    return true;
}

bool floats_hold(const std::vector<const Kernels*>& sets) {
    const int channels = random(1, 3), height = random(1, 40), width = random(1, 40), h = random(1, 40), w = random(1, 40);
    std::vector<float> in(size_t(channels) * height * width);
    for (float& value : in) value = float(random(-1000, 1000)) / 64;
    const FloatImage image = {in.data(), channels, height, width, ptrdiff_t(height) * width, width, 1};
    const Filter filter = Filter(random(0, 5));
    const bool antialias = random(0, 1) != 0;
    std::vector<float> first;
    for (const Kernels* kernels : sets) {
        std::vector<float> out(size_t(channels) * h * w);
        resize_float(image, h, w, filter, antialias, random(1, 3), *kernels, out.data());
        if (first.empty()) first = out;
        if (std::memcmp(out.data(), first.data(), out.size() * 4) != 0) {
            std::printf("%s: floats differ, filter %d\n", kernels->name, int(filter));
            return false;
        }
    }
    const int down = 2 * random(0, 4) + 1, across = 2 * random(0, 4) + 1;
    std::vector<float> weights(size_t(down) * across), blurred;
    for (float& weight : weights) weight = float(random(-1000, 1000)) / 3000;
    for (const Kernels* kernels : sets) {
        std::vector<float> out(in.size());
        blur_float(image, weights.data(), down, across, random(1, 3), *kernels, out.data());
        if (blurred.empty()) blurred = out;
        if (std::memcmp(out.data(), blurred.data(), out.size() * 4) != 0) {
            std::printf("%s: blurred floats differ, %d x %d\n", kernels->name, down, across);
            return false;
        }
    }
    return true;
}

// Many callers at once share the pool and the caches.
bool callers_hold(const std::vector<const Kernels*>& sets) {
    std::vector<Case> cases;
    for (int i = 0; i < 8; ++i) cases.push_back(draw());
    std::vector<float> values(4 * 256);
    for (size_t i = 0; i < values.size(); ++i) values[i] = float(i % 256);
    std::vector<std::vector<uint8_t>> out(cases.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < cases.size(); ++i) {
        Job& job = cases[i].job;
        const int channels = job.source.channels;
        job.tables = std::make_shared<Tables>(channels, values.data(), nullptr, nullptr, Dtype::uint8);
        for (int y = 0; y < job.window_height; ++y) job.row_offset.push_back(int64_t(y) * job.window_width * channels);
        for (int x = 0; x < job.window_width; ++x) job.column_offset.push_back(int64_t(x) * channels);
        job.channel_stride = 1;
        out[i].resize(size_t(job.window_height) * job.window_width * channels);
        job.out = out[i].data();
        threads.emplace_back([&job, &sets] {
            for (int repeat = 0; repeat < 5; ++repeat) render({&job}, 3, *sets.back());
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (size_t i = 0; i < cases.size(); ++i)
        if (out[i] != window_of(cases[i])) {
            std::printf("concurrent callers: case %zu differs\n", i);
            return false;
        }
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 100;
    std::vector<const Kernels*> sets = {&scalar_kernels()};
    for (const char* name : {"avx2", "avx512"}) {
        try {
            sets.push_back(&kernels_named(name));
        } catch (const std::exception& error) {
            std::printf("not tested: %s\n", error.what());
        }
    }
    int failures = 0;
    for (int i = 0; i < count; ++i) {
        Case c = draw();
        failures += !holds<float>(c, Dtype::float32, sets);
        failures += !holds<uint8_t>(c, Dtype::uint8, sets);
        failures += !holds<uint16_t>(c, Dtype::float16, sets);
        failures += !holds<uint16_t>(c, Dtype::bfloat16, sets);
        failures += !floats_hold(sets);
    }
    for (int i = 0; i < count / 20; ++i) failures += !callers_hold(sets);
    std::printf("%d cases on %zu instruction sets, %d failures\n", count, sets.size(), failures);
    return failures != 0;
}
