// SPDX-License-Identifier: MIT
// A service that is killed a thousand times: what its alerts tell of, seen by one who is told.

#include "support/catch.hpp"

#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/state_file.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace alert = orfeas::alert;
using namespace std::chrono_literals;

namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr int kills = 100;
#else
constexpr int kills = 1'000;
#endif
constexpr std::uint64_t phase = 6;         // frames for which a value is high, then low
constexpr std::uint64_t most = 64 * kills; // phases; a life has some 30 at most

/// What goes on beside the processes.
struct world {
    std::atomic<std::uint64_t> frame{0};
    std::atomic<bool> is_known[most]{}; ///< phases of which a process has taken a frame to the end

    /// How often what was known of the value changed. All of it was to be told; a change of which a process died before it had
    /// taken a frame may have been, too.
    std::size_t known_changes(std::uint64_t phases) const {
        std::size_t changes = 0;
        bool was_high = false;
        for (std::uint64_t i = 0; i < phases; ++i) {
            bool const is_high = i % 2 == 1;
            if (is_known[i] && is_high != was_high) {
                was_high = is_high;
                ++changes;
            }
        }
        return changes;
    }
};

/// One notification as it goes through the pipe: written at once, so it is there whole or not at all.
struct line {
    char id[17];
    char kind[15];
};

/// The service: takes up its state, and takes frames until it is killed. The world goes on beside it.
[[noreturn]] void serve(std::string const& file, int told, world& all) {
    orfeas::observe::alert_watch watch{{.info_cooldown = 0s, .warning_cooldown = 0s, .critical_cooldown = 0s}};
    watch.set_rules({{.name = "high", .expr = "value > 0.5"}});
    std::vector<std::byte> bytes;
    if (!orfeas::observe::read_state_file(file, bytes) && !watch.load(bytes)) {
        ::_exit(1);
    }
    watch.on_change([&] {
        std::vector<std::byte> now;
        watch.save(now);
        if (orfeas::observe::write_state_file(file, now)) {
            ::_exit(1);
        }
    });
    watch.subscribe({.name = "people"}, [&](alert::notification const& each) {
        for (auto const& news : each.news) {
            line made{};
            each.id.copy(made.id, sizeof made.id - 1);
            to_string(news.kind).copy(made.kind, sizeof made.kind - 1);
            if (::write(told, &made, sizeof made) != sizeof made) {
                ::_exit(1);
            }
        }
    });
    orfeas::observe::history frames{4};
    while (true) {
        auto const now = all.frame.fetch_add(1);
        frames.begin_frame(orfeas::wall_time{std::chrono::hours{400'000} + std::chrono::seconds{now}});
        frames.set("value", now / phase % 2 == 0 ? 0 : 1, [] {
            orfeas::observe::series about;
            about.name = "value";
            return about;
        });
        watch.take(frames);
        all.is_known[std::min(now / phase, most - 1)] = true;
        std::this_thread::sleep_for(100us);
    }
}

/// What one who is told has heard, repeats dropped by their ids.
struct receiver {
    /// Takes all that is in the pipe; how many of it were repeats.
    int take(int from) {
        int repeats = 0;
        line each{};
        while (::read(from, &each, sizeof each) == sizeof each) {
            if (ids.emplace(each.id).second) {
                once.emplace_back(each.kind);
            } else {
                ++repeats;
            }
        }
        return repeats;
    }

    std::set<std::string> ids;
    std::vector<std::string> once;
};

} // namespace

TEST_CASE("over a thousand kills no notification is lost, and at most one is repeated a kill, with its id", "[alert]") {
    auto const folder =
        std::filesystem::temp_directory_path() / ("orfeas_crash_" + std::to_string(std::random_device{}()));
    std::filesystem::create_directories(folder);
    auto const file = (folder / "alerts").string();
    void* const shared = ::mmap(nullptr, sizeof(world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    auto& all = *new (shared) world;
    int pipe[2];
    REQUIRE(::pipe(pipe) == 0);
    std::mt19937 random{4};
    receiver people;
    auto const& once = people.once;
    for (int i = 0; i < kills; ++i) {
        auto const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            serve(file, pipe[1], all);
        }
        std::this_thread::sleep_for(std::chrono::microseconds{500 + random() % 20'000});
        REQUIRE(::kill(child, SIGKILL) == 0);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status)); // it did not give up by itself
        // Nobody writes now: what is there can be read to its end.
        int const flags = ::fcntl(pipe[0], F_GETFL);
        REQUIRE(::fcntl(pipe[0], F_SETFL, flags | O_NONBLOCK) == 0);
        REQUIRE(people.take(pipe[0]) <= 1);
    }
    auto const phases = all.frame / phase + 1;
    REQUIRE(phases < most);
    auto const changes = all.known_changes(phases);
    INFO(phases << " phases, " << changes << " changes that were known, " << once.size() << " notifications");
    CHECK(once.size() >= changes);
    CHECK(once.size() < phases);
    for (std::size_t i = 0; i < once.size(); ++i) {
        REQUIRE(once[i] == (i % 2 == 0 ? "fired" : "resolved"));
    }
    CHECK(changes > kills / 10); // something went on
    ::close(pipe[0]);
    ::close(pipe[1]);
    ::munmap(shared, sizeof(world));
    std::filesystem::remove_all(folder);
}
