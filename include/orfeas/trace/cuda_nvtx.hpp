// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/cuda.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/text_ref.hpp>

#include <nvtx3/nvToolsExt.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// Spans that NVIDIA's tools show under the same names: each with an NVTX range from its beginning to its end. Without a tool
/// attached a range costs a few nanoseconds.

namespace orfeas::inline v0::trace {

/// A group of NVTX ranges, which tools show under its name: one for a program, made before its ranges.
/// Thread-safe.
class nvtx_domain {
  public:
    explicit nvtx_domain(std::string const& name) : domain_{nvtxDomainCreateA(name.c_str())} {}
    nvtx_domain(nvtx_domain const&) = delete;
    nvtx_domain& operator=(nvtx_domain const&) = delete;
    ~nvtx_domain() { nvtxDomainDestroy(domain_); }

    /// Null when no tool is attached.
    nvtxDomainHandle_t native() const noexcept { return domain_; }

  private:
    nvtxDomainHandle_t domain_;
};

/// A range from its construction to its destruction. May end on another thread than it began on, so it may live in a
/// coroutine. The domain outlives it.
/// Thread-compatible (distinct objects).
class [[nodiscard]] nvtx_range {
  public:
    /// Names are cut at 160 bytes, as those of spans.
    nvtx_range(nvtx_domain const& domain, std::string_view name) noexcept : domain_{domain.native()} {
        std::array<char, 161> text; // NVTX wants a terminating zero
        auto const length = std::min<std::size_t>(name.size(), text.size() - 1);
        std::copy_n(name.data(), length, text.data());
        text[length] = '\0';
        nvtxEventAttributes_t attributes{};
        attributes.version = NVTX_VERSION;
        attributes.size = NVTX_EVENT_ATTRIB_STRUCT_SIZE;
        attributes.messageType = NVTX_MESSAGE_TYPE_ASCII;
        attributes.message.ascii = text.data();
        range_ = nvtxDomainRangeStartEx(domain_, &attributes);
    }
    nvtx_range(nvtx_range const&) = delete;
    nvtx_range& operator=(nvtx_range const&) = delete;
    ~nvtx_range() { nvtxDomainRangeEnd(domain_, range_); }

  private:
    nvtxDomainHandle_t domain_;
    nvtxRangeId_t range_ = 0;
};

/// A span and a range of the same name:
///
///     trace::nvtx_domain tools{"studio"};
///     trace::nvtx_span s{tools, "decode"};
///     trace::nvtx_gpu_span g{tools, "smooth", gpu, stream};
///
/// The range of a GPU span shows when the host put the work onto the stream; the tool itself shows when the GPU ran it.
/// Thread-compatible (distinct objects).
template<class Span>
class [[nodiscard]] with_nvtx_range {
  public:
    /// `before` is what Span's constructor takes before the name.
    template<class... Before>
    with_nvtx_range(nvtx_domain const& domain, text_ref name, Before&&... before)
        : range_{domain, name.view()}, span_{std::forward<Before>(before)..., name} {}

    Span& span() noexcept { return span_; }
    Span* operator->() noexcept { return &span_; }

  private:
    nvtx_range range_;
    Span span_;
};

using nvtx_span = with_nvtx_range<trace::span>;
using nvtx_gpu_span = with_nvtx_range<gpu_span>;

} // namespace orfeas::inline v0::trace
