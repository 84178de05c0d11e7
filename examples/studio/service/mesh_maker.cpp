// SPDX-License-Identifier: MIT
#include "service/mesh_maker.hpp"

#include "pipeline/mesh_batch.hpp"
#include "service/batch_sizer.hpp"

#include <orfeas/core/assert.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <utility>

#if STUDIO_HAS_KERNELS
#    include "pipeline/cuda_relief.hpp"
#endif

namespace studio {
namespace {

/// A pool with those who watch over it.
struct watched_pool {
    explicit watched_pool(kept_pool kept)
        : pool{kept.pool}, keeper{pool, std::move(kept.on_cleanup), kept.marks}, sizer{kept.batch_bytes} {}

    batch_limits limits(std::uint32_t base) const { return sizer.limits(keeper.pressure(), base); }

    orfeas::memory::pool& pool;
    pool_keeper<orfeas::memory::pool> keeper;
    batch_sizer sizer;
};

/// `Relief` is host_relief, or is made anew on the device's pool for each batch, whose memory there it counts.
template<class Relief>
class maker_on final : public mesh_maker {
    static constexpr bool on_device = !std::same_as<Relief, host_relief>;

  public:
    maker_on(kept_pool host, std::optional<kept_pool> device, picture_limits const& limits)
        : limits_{limits}, host_{std::move(host)} {
        if (device) {
            device_.emplace(std::move(*device));
        }
    }

    std::chrono::nanoseconds make(std::span<mesh_order> batch) override {
        try {
            return run(batch);
        } catch (...) { // what concerns the batch as a whole
            for (auto& each : batch) {
                each.failed(std::current_exception());
            }
            return {};
        }
    }

    batch_limits largest_batch(std::uint32_t base) const override {
        auto const host = host_.limits(base);
        if (!device_) {
            return host;
        }
        auto const device = device_->limits(base);
        return {std::min(host.requests, device.requests), std::min(host.weight, device.weight)};
    }

    bool has_device() const noexcept override { return on_device; }

  private:
    /// Returns for how long the batch had the device.
    std::chrono::nanoseconds run(std::span<mesh_order> batch) {
        auto const begun = std::chrono::steady_clock::now();
        auto const at_peak = [this] { for_each_pool([](watched_pool& each) { each.keeper.note_peak(); }); };
        Relief relief = make_relief();
        mesh_batch work{host_.pool, relief, batch, limits_};
        work.decode(at_peak);
        for_each_pool([](watched_pool& each) { each.keeper.before_step(); });
        auto const estimating = std::chrono::steady_clock::now();
        work.estimate(at_peak);
        auto const estimated = std::chrono::steady_clock::now();
        host_.sizer.observe(work.weight(), work.peak_bytes(), work.fits());
        if constexpr (on_device) {
            device_->sizer.observe(work.weight(), relief.peak_bytes(), work.fits());
        }
        work.finish(at_peak);
        auto const took = std::chrono::steady_clock::now() - begun;
        for_each_pool([&](watched_pool& each) { each.keeper.after_step(took); });
        return on_device ? estimated - estimating : std::chrono::nanoseconds{};
    }

    Relief make_relief() {
        if constexpr (on_device) {
            return Relief{device_->pool};
        } else {
            return {};
        }
    }

    template<class Do>
    void for_each_pool(Do const& act) {
        act(host_);
        if (device_) {
            act(*device_);
        }
    }

    picture_limits limits_;
    watched_pool host_;
    std::optional<watched_pool> device_;
};

} // namespace

bool has_kernels() noexcept {
    return STUDIO_HAS_KERNELS != 0;
}

std::unique_ptr<mesh_maker> make_mesh_maker(kept_pool host, [[maybe_unused]] std::optional<kept_pool> device,
                                            picture_limits const& limits) {
#if STUDIO_HAS_KERNELS
    if (device) {
        return std::make_unique<maker_on<cuda_relief<orfeas::memory::pool>>>(std::move(host), std::move(device),
                                                                             limits);
    }
#endif
    ORFEAS_ASSERT(!device, "a device needs kernels: ask has_kernels() first");
    return std::make_unique<maker_on<host_relief>>(std::move(host), std::nullopt, limits);
}

} // namespace studio
