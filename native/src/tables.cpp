#include <cmath>
#include <cstring>

#include "job.hpp"

namespace pixelprep {
namespace {

uint32_t bits(float value) {
    uint32_t word;
    std::memcpy(&word, &value, 4);
    return word;
}

}  // namespace

int dtype_size(Dtype dtype) { return dtype == Dtype::float32 ? 4 : dtype == Dtype::uint8 ? 1 : 2; }

// Round to nearest, ties to even.
uint16_t to_bfloat16(float value) {
    if (std::isnan(value)) return 0x7fc0;
    const uint32_t word = bits(value);
    return uint16_t((word + 0x7fff + (word >> 16 & 1)) >> 16);
}

uint16_t to_float16(float value) {
    const uint16_t sign = uint16_t(bits(value) >> 16 & 0x8000);
    const uint32_t word = bits(value) & 0x7fffffff;
    if (word > 0x7f800000) return uint16_t(sign | 0x7e00);
    if (word >= 0x477ff000) return uint16_t(sign | 0x7c00);  // 65520 and more
    if (word < 0x38800000) {  // below 2^-14: a multiple of 2^-24, where adding 0.5 leaves the rounded count
        const float magnitude = std::fabs(value) + 0.5f;
        return uint16_t(sign | (bits(magnitude) - bits(0.5f)));
    }
    const uint32_t rounded = word + 0xfff + (word >> 13 & 1);
    return uint16_t(sign | ((rounded - 0x38000000) >> 13));
}

Tables::Tables(int channels, const float* values, const float* sub, const float* divisor, Dtype dtype)
    : channels_(channels), dtype_(dtype), values_(values, values + size_t(channels) * 256),
      elements_(size_t(channels) * 64 * dtype_size(dtype)) {
    // One NaN for all, which no arithmetic below gives: vectors and scalars then convert it alike.
    for (float& value : values_)
        if (std::isnan(value)) value = std::nanf("");
    values = values_.data();
    for (int i = 0; i < channels * 256; ++i) {
        uint8_t* element = reinterpret_cast<uint8_t*>(elements_.data()) + size_t(i) * dtype_size(dtype);
        const uint16_t half = dtype == Dtype::float16 ? to_float16(values[i]) : to_bfloat16(values[i]);
        if (dtype == Dtype::float32) std::memcpy(element, &values[i], 4);
        else if (dtype == Dtype::uint8) *element = uint8_t(values[i] < 0 ? 0 : values[i] > 255 ? 255 : values[i]);
        else std::memcpy(element, &half, 2);
    }
    bool multiply = true, divide = true;
    for (int k = 0; k < channels; ++k) {
        sub_[k] = sub ? sub[k] : 0.0f;
        divisor_[k] = divisor ? divisor[k] : 1.0f;
        // Without a hint a table that is x * values[1] is still found.
        factor_[k] = divisor ? 1.0f / divisor[k] : values[k * 256 + 1];
        for (int x = 0; x < 256; ++x) {
            const uint32_t truth = bits(values[k * 256 + x]);
            const float a = float(x) - sub_[k];
            const float q = a * factor_[k];
            multiply &= bits(q) == truth;
            divide &= bits(std::fma(std::fma(-q, divisor_[k], a), factor_[k], q)) == truth;
            multiply &= !std::isnan(q);
            divide &= !std::isnan(q);
            identity_ &= values[k * 256 + x] == float(x);
        }
    }
    formula_ = multiply ? Formula::multiply : divide ? Formula::divide : Formula::table;
}

const char* Tables::formula_name() const {
    return formula_ == Formula::multiply ? "multiply" : formula_ == Formula::divide ? "divide" : "table";
}

void Tables::describe(Pointwise& spec) const {
    spec.channels = channels_;
    spec.dtype = dtype_;
    spec.formula = formula_;
    std::memcpy(spec.sub, sub_, sizeof sub_);
    std::memcpy(spec.factor, factor_, sizeof factor_);
    std::memcpy(spec.divisor, divisor_, sizeof divisor_);
    spec.identity = identity_;
    for (int k = 0; k < channels_; ++k) spec.values[k] = values_.data() + size_t(k) * 256;
    for (int k = 0; k < channels_; ++k)
        spec.table[k] = reinterpret_cast<const uint8_t*>(elements_.data()) + size_t(k) * 256 * dtype_size(dtype_);
}

}  // namespace pixelprep
