// SPDX-License-Identifier: MIT
#pragma once

#include "pipeline/instrument.hpp"
#include "pipeline/mesh_batch.hpp"

#include <cstddef>
#include <exception>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace studio {

namespace detail {

/// A job that keeps its result.
template<class Instrument>
class kept_job {
  public:
    kept_job(std::span<std::byte const> picture, parameters const& asked, Instrument& instrument)
        : picture_{picture}, asked_{asked}, instrument_{instrument} {}

    std::span<std::byte const> picture() const noexcept { return picture_; }
    parameters const& asked() const noexcept { return asked_; }
    auto stage(std::string_view name) { return instrument_.stage(name); }
    void made(encoded_mesh mesh) noexcept { mesh_ = std::move(mesh); }
    void failed(std::exception_ptr why) noexcept { why_ = std::move(why); }

    encoded_mesh result() && {
        if (why_ != nullptr) {
            std::rethrow_exception(why_);
        }
        return std::move(*mesh_);
    }

  private:
    std::span<std::byte const> picture_;
    parameters const& asked_;
    Instrument& instrument_;
    std::optional<encoded_mesh> mesh_;
    std::exception_ptr why_;
};

} // namespace detail

/// Makes a printable relief of a picture file, as a batch of one: decode, upload, relief, triangulate, encode. The same
/// picture and parameters give the same bytes on the same device.
/// Throws bad_picture, orfeas::option_error for parameters out of range, and what `host` and `device` throw.
/// Thread-safe when `host`, `device` and `instrument` are.
template<memory_resource R, class Device, class Instrument>
    requires relief_device<Device, R> && stage_instrument<Instrument>
encoded_mesh generate(R& host, Device& device, std::span<std::byte const> picture, parameters const& asked,
                      Instrument&& instrument, picture_limits const& limits = {}) {
    detail::kept_job<std::remove_reference_t<Instrument>> job{picture, asked, instrument};
    mesh_batch batch{host, device, std::span{&job, 1}, limits};
    auto const unwatched = [] {};
    batch.decode(unwatched);
    batch.estimate(unwatched);
    batch.finish(unwatched);
    return std::move(job).result();
}

/// As above, on the host and unwatched.
template<memory_resource R>
encoded_mesh generate(R& host, std::span<std::byte const> picture, parameters const& asked = {},
                      picture_limits const& limits = {}) {
    host_relief device;
    no_instrument const unwatched;
    return generate(host, device, picture, asked, unwatched, limits);
}

} // namespace studio
