// SPDX-License-Identifier: MIT
#include "service/mesh_maker.hpp"

#include "pipeline/generate.hpp"

#include <orfeas/core/assert.hpp>

#include <utility>

#if STUDIO_HAS_KERNELS
#    include "pipeline/cuda_relief.hpp"
#endif

namespace studio {
namespace {

template<class Relief>
class maker_on final : public mesh_maker {
  public:
    maker_on(orfeas::memory::pool& host, Relief relief, picture_limits const& limits)
        : host_{host}, relief_{std::move(relief)}, limits_{limits} {}

    encoded_mesh make(std::span<std::byte const> picture, parameters const& asked, stage_recorder& stages) override {
        return generate(host_, relief_, picture, asked, stages, limits_);
    }

  private:
    orfeas::memory::pool& host_;
    Relief relief_;
    picture_limits limits_;
};

} // namespace

bool has_kernels() noexcept {
    return STUDIO_HAS_KERNELS != 0;
}

std::unique_ptr<mesh_maker> make_mesh_maker(orfeas::memory::pool& host, [[maybe_unused]] orfeas::memory::pool* device,
                                            picture_limits const& limits) {
#if STUDIO_HAS_KERNELS
    if (device != nullptr) {
        return std::make_unique<maker_on<cuda_relief<orfeas::memory::pool>>>(host, cuda_relief{*device}, limits);
    }
#endif
    ORFEAS_ASSERT(device == nullptr, "a device needs kernels: ask has_kernels() first");
    return std::make_unique<maker_on<host_relief>>(host, host_relief{}, limits);
}

} // namespace studio
