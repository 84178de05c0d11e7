// SPDX-License-Identifier: MIT
#include "service/mesh_maker.hpp"

#include "pipeline/mesh_batch.hpp"

#include <orfeas/core/assert.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#if STUDIO_HAS_KERNELS
#    include "pipeline/cuda_relief.hpp"
#endif

namespace studio {
namespace {

using keeper = pool_keeper<orfeas::memory::pool>;

template<class Relief>
class maker_on final : public mesh_maker {
  public:
    maker_on(kept_pool host, std::optional<kept_pool> device, Relief relief, picture_limits const& limits)
        : host_{host.pool},
          relief_{std::move(relief)},
          limits_{limits},
          host_keeper_{host.pool, std::move(host.on_cleanup), host.marks} {
        if (device) {
            device_keeper_.emplace(device->pool, std::move(device->on_cleanup), device->marks);
        }
    }

    void make(std::span<mesh_order> batch) override {
        try {
            run(batch);
        } catch (...) { // what concerns the batch as a whole
            for (auto& each : batch) {
                each.failed(std::current_exception());
            }
        }
    }

    orfeas::memory::memory_pressure pressure() const override {
        auto const host = host_keeper_.pressure();
        return device_keeper_ ? std::max(host, device_keeper_->pressure()) : host;
    }

    bool gains_by_batches() const noexcept override { return device_keeper_.has_value(); }

  private:
    void run(std::span<mesh_order> batch) {
        auto const begun = std::chrono::steady_clock::now();
        auto const at_peak = [this] { for_each_keeper([](keeper& each) { each.note_peak(); }); };
        mesh_batch work{host_, relief_, batch, limits_};
        work.decode(at_peak);
        for_each_keeper([](keeper& each) { each.before_step(); });
        work.estimate(at_peak);
        work.finish(at_peak);
        auto const took = std::chrono::steady_clock::now() - begun;
        for_each_keeper([&](keeper& each) { each.after_step(took); });
    }

    template<class Do>
    void for_each_keeper(Do const& act) {
        act(host_keeper_);
        if (device_keeper_) {
            act(*device_keeper_);
        }
    }

    orfeas::memory::pool& host_;
    Relief relief_;
    picture_limits limits_;
    keeper host_keeper_;
    std::optional<keeper> device_keeper_;
};

} // namespace

bool has_kernels() noexcept {
    return STUDIO_HAS_KERNELS != 0;
}

std::unique_ptr<mesh_maker> make_mesh_maker(kept_pool host, [[maybe_unused]] std::optional<kept_pool> device,
                                            picture_limits const& limits) {
#if STUDIO_HAS_KERNELS
    if (device) {
        cuda_relief relief{device->pool};
        return std::make_unique<maker_on<cuda_relief<orfeas::memory::pool>>>(std::move(host), std::move(device), relief,
                                                                             limits);
    }
#endif
    ORFEAS_ASSERT(!device, "a device needs kernels: ask has_kernels() first");
    return std::make_unique<maker_on<host_relief>>(std::move(host), std::nullopt, host_relief{}, limits);
}

} // namespace studio
