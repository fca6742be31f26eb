// Taps rearranged for the kernels.
#include <algorithm>

#include "globals.hpp"

namespace pixelprep {
namespace {

Columns arranged_columns(const Taps& taps, int x0, int x1) {
    Columns made;
    const int blocks = (x1 - x0 + 3) / 4;
    const auto column = [&](int b, int o) { return size_t(std::min(x0 + 4 * b + o, x1 - 1)); };
    int most = 1;
    for (int b = 0; b < blocks; ++b) {
        int count = 1;
        for (int o = 0; o < 4; ++o) count = std::max(count, taps.count[column(b, o)]);
        made.groups.push_back((count + 3) / 4);
        made.begin.push_back(b ? made.begin.back() + made.groups[size_t(b) - 1] : 0);
        most = std::max(most, made.groups.back());
    }
    // Reading whole groups must not leave the line: the window of taps moves left, or the line is copied and padded.
    made.fits = taps.in >= 4 * most;
    made.weights.weight.assign(size_t(made.begin.back() + made.groups.back()) * 16, 0);
    made.first = taps.in;
    made.past = 0;
    for (int b = 0; b < blocks; ++b) {
        const int groups = made.groups[size_t(b)];
        for (int o = 0; o < 4; ++o) {
            const size_t x = column(b, o);
            const int start = std::max(std::min(taps.start[x], taps.in - 4 * groups), 0);
            made.start.push_back(start);
            made.first = std::min(made.first, start);
            made.past = std::max(made.past, start + 4 * groups);
            int16_t* weight = &made.weights.weight[size_t(made.begin[size_t(b)]) * 16 + size_t(o) * 4];
            for (int j = 0; j < taps.count[x]; ++j) {
                const int tap = taps.start[x] - start + j;
                weight[tap / 4 * 16 + tap % 4] = taps.weight[x * size_t(taps.width) + size_t(j)];
            }
        }
    }
    for (int32_t& start : made.start) start -= made.first;
    made.weights.split();
    for (int b = 0; b < blocks; ++b) {
        const auto extra = made.weights.extra.begin() + made.begin[size_t(b)] * 16;
        made.large.push_back(std::count(extra, extra + made.groups[size_t(b)] * 16, 0) < made.groups[size_t(b)] * 16);
    }
    return made;
}

Rows arranged_rows(const Taps& taps) {
    Rows made;
    for (size_t y = 0; y < taps.start.size(); ++y) {
        const int first = taps.start[y] / 4, past = (taps.start[y] + taps.count[y] + 3) / 4;
        made.first.push_back(first);
        made.count.push_back(past - first);
        made.offset.push_back(int(made.weights.weight.size()));
        made.most = std::max(made.most, past - first);
        made.weights.weight.resize(made.weights.weight.size() + size_t(past - first) * 4, 0);
        std::copy_n(&taps.weight[y * size_t(taps.width)], taps.count[y],
                    made.weights.weight.begin() + made.offset.back() + taps.start[y] - 4 * first);
    }
    made.weights.split();
    for (size_t y = 0; y < taps.start.size(); ++y) {
        const auto extra = made.weights.extra.begin() + made.offset[y];
        made.large.push_back(std::count(extra, extra + made.count[y] * 4, 0) < made.count[y] * 4);
    }
    return made;
}

}  // namespace

void SplitWeights::split() {
    const size_t size = weight.size();
    low.resize(size);
    high.resize(size);
    extra.resize(size);
    for (size_t i = 0; i < size; ++i) {
        const int upper = (weight[i] + 128) >> 8;
        extra[i] = upper > 127;
        low[i] = int8_t(weight[i] - upper * 256);
        high[i] = int8_t(upper - extra[i]);
    }
}

HTable Columns::table(int precision) const {
    return {int(groups.size()),    precision,           start.data(),        groups.data(),        begin.data(),
            weights.weight.data(), weights.low.data(),  weights.high.data(), weights.extra.data(), large.data()};
}

VRow Rows::row(int y, int precision) const {
    const int at = offset[size_t(y)];
    return {count[size_t(y)],          precision,                at + weights.weight.data(), at + weights.low.data(),
            at + weights.high.data(), large[size_t(y)] ? at + weights.extra.data() : nullptr};
}

std::shared_ptr<const Columns> columns(const std::shared_ptr<const Taps>& taps, int x0, int x1) {
    return globals().columns.get(std::make_tuple(taps, x0, x1), [&] { return arranged_columns(*taps, x0, x1); });
}

std::shared_ptr<const Rows> rows(const std::shared_ptr<const Taps>& taps) {
    return globals().rows.get(taps, [&] { return arranged_rows(*taps); });
}

}  // namespace pixelprep
