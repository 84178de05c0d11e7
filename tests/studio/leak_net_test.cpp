// SPDX-License-Identifier: MIT
#include "fixtures.hpp"
#include "picture_writers.hpp"
#include "pipeline/generate.hpp"
#include "service/pool_keeper.hpp"
#include "support/catch.hpp"

#include <orfeas/core/bytes.hpp>
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/memory/best_device.hpp>
#include <orfeas/memory/pool.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
using namespace studio_test;

namespace {

/// The studio's pipeline on its own pool under an observatory, each twenty seconds a picture; from the second hour on meshes are
/// kept that should have been given back.
class leaking_studio {
  public:
    leaking_studio() {
        boost::asio::co_spawn(io_, obs_.stop(), boost::asio::detached);
        io_.run();
        obs_.watch("pool", pool_);
        pool_.add_reclaimer(0, [this](std::uint64_t bytes) {
            std::uint64_t freed = 0;
            for (; freed < bytes && !leaked_.empty(); leaked_.pop_back()) {
                freed += leaked_.back().bytes().size();
            }
            return freed;
        });
    }
    ~leaking_studio() {
        leaked_.clear();
        obs_.unwatch("pool");
    }
    leaking_studio(leaking_studio const&) = delete;
    leaking_studio& operator=(leaking_studio const&) = delete;

    basic_observatory<manual_clock>& observed() { return obs_; }
    memory::pool& pool() { return pool_; }

    /// Makes a mesh and takes a frame.
    void step(bool leaks) {
        studio::parameters asked;
        asked.resolution = 32;
        auto mesh = studio::generate(pool_, picture_, asked);
        if (leaks) {
            leaked_.push_back(std::move(mesh));
        }
        clock_.advance(20s);
        obs_.sampler().sample();
    }

    observe::memory_prediction foreseen() const { return obs_.predictions().report().memory.at(0); }
    double used() const { return pool_.profile().utilization_ratio; }

  private:
    static memory::pool_options limited() {
        memory::pool_options options;
        options.limit_bytes = 32_MiB;
        return options;
    }

    bytes picture_ = write_pgm(64, 64, std::vector<std::uint8_t>(64 * 64, 90));
    boost::asio::io_context io_;
    manual_clock clock_;
    basic_observatory<manual_clock> obs_{io_.get_executor(), {}, clock_};
    memory::pool pool_{memory::best_device({.cuda = false}), limited()};
    std::vector<studio::encoded_mesh> leaked_;
};

constexpr int hour = 180; // steps

} // namespace

TEST_CASE("studio: an injected leak is told of at least ten minutes before memory is critical") {
    leaking_studio studio;
    std::optional<int> warned;
    int reached = 0;
    for (int i = 0; i < 4 * hour && reached == 0; ++i) {
        studio.step(i >= hour);
        if (!warned && studio.foreseen().alert.id != 0) {
            warned = i;
            CHECK(i > hour); // not before it leaks
            CHECK(studio.foreseen().estimate.confidence >= 0.75);
        }
        reached = studio.used() >= 0.9 ? i : 0;
    }
    REQUIRE(reached > 0);
    REQUIRE(warned);
    CHECK((reached - *warned) * 20s >= 10min);
    CHECK(studio.foreseen().record.right == 1);
}

TEST_CASE("studio: with cleanups ahead a leak that can be reclaimed never makes memory critical") {
    leaking_studio studio;
    studio.observed().clean_up_ahead("pool", studio.pool());
    double most = 0;
    for (int i = 0; i < 4 * hour; ++i) {
        studio.step(i >= hour);
        most = std::max(most, studio.used());
    }
    CHECK(most < 0.9);
    CHECK(studio.foreseen().cleanups > 0);
    CHECK(studio.observed().memory().view("pool")->report.total_freed_bytes > 0);
}
