// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/export/encoding.hpp>
#include <orfeas/export/pipeline.hpp>

#include <concepts>
#include <span>
#include <string>
#include <string_view>

namespace orfeas::inline v0::exporting {

/// A kind of telemetry: what its elements are, what they weigh, where they go and how a batch of them is encoded.
/// `encode(batch, encoding, out)` appends one whole request to `out`; it is called on the exporter's strand and may
/// throw std::bad_alloc only. Elements are cheap to move.
template<class S>
concept otlp_signal = std::move_constructible<S> &&
                      requires(S& signal, typename S::element const& each, std::span<typename S::element const> batch,
                               otlp_encoding encoding, std::string& out) {
                          { S::name } -> std::convertible_to<std::string_view>;
                          { S::path } -> std::convertible_to<std::string_view>;
                          { S::rejected_member } -> std::convertible_to<std::string_view>;
                          { signal.weight(each) } -> std::same_as<item_weight>;
                          { signal.encode(batch, encoding, out) } -> std::same_as<void>;
                      };

} // namespace orfeas::inline v0::exporting
