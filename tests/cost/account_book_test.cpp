// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/manual_clock.hpp>
#include <orfeas/cost/account_book.hpp>

#include <chrono>
#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace orfeas;
using namespace std::chrono_literals;
using cost::account_book;

namespace {

/// A disk that outlives its books, and may be full.
struct disk {
    memory_storage bytes{};
    bool is_full = false;
    bool is_taken = false; // by another process
};
struct shared_storage {
    std::shared_ptr<disk> on;

    std::error_code read(std::uint64_t offset, char* to, std::size_t size, std::size_t& count) {
        if (on->is_taken) {
            return std::make_error_code(std::errc::resource_unavailable_try_again);
        }
        return on->bytes.read(offset, to, size, count);
    }
    std::error_code append(std::string_view more) {
        if (on->is_full) {
            static_cast<void>(on->bytes.append(more.substr(0, more.size() / 2)));
            return std::make_error_code(std::errc::no_space_on_device);
        }
        return on->bytes.append(more);
    }
    std::error_code truncate(std::uint64_t size) { return on->bytes.truncate(size); }
};
using book = account_book<shared_storage>;

cost::cost_options const two_a_second{.currency = "EUR", .price = "2/s"};

/// A service of one GPU that is seen once a second.
struct service {
    manual_clock clock{wall_time{std::chrono::sys_days{std::chrono::year{2026} / 3 / 31}}};
    std::shared_ptr<disk> on = std::make_shared<disk>();
    book now{two_a_second, shared_storage{on}};

    void restart(cost::cost_options const& options = two_a_second) {
        now = book{options, shared_storage{on}};
        REQUIRE_FALSE(now.open());
    }
    void run(std::chrono::seconds seconds, double busy = 0.5, char const* gpu = "0") {
        auto const place = *now.meter().place({gpu, "", ""});
        now.meter().device_time(place, clock.now().time_since_epoch(), busy); // what was before it is another run's
        for (auto left = seconds; left > 0s; left -= 1s) {
            clock.advance(1s);
            now.meter().device_time(place, clock.now().time_since_epoch(), busy);
            now.meter().requests(3);
            now.tick(clock.wall_now());
        }
    }
    std::vector<cost::ledger_entry> lines() const {
        std::vector<cost::ledger_entry> made;
        cost::ledger reading{shared_storage{std::make_shared<disk>(*on)}};
        REQUIRE_FALSE(reading.open([&](cost::ledger_entry const& each) { made.push_back(each); }));
        return made;
    }
};

double money_in(std::vector<cost::ledger_entry> const& lines) {
    double sum = 0;
    for (auto const& each : lines) {
        sum += each.used.total().money;
    }
    return sum;
}

} // namespace

TEST_CASE("cost: a book writes a line an hour") {
    service of;
    of.restart();
    of.run(2h + 30min);
    auto const lines = of.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].begin == wall_time{std::chrono::sys_days{std::chrono::year{2026} / 3 / 31}});
    CHECK(lines[1].begin == lines[0].begin + 1h);
    CHECK(lines[0].length == 1h);
    CHECK(lines[0].currency == "EUR");
    CHECK(lines[0].used.total().money == 3'599 * 2); // the second up to 1:00:00 counts for that tick's hour
    CHECK(lines[1].used.total().money == 3'600 * 2);
    CHECK(lines[1].used.service.requests == 3 * 3'600);
    of.now.flush(of.clock.wall_now());
    REQUIRE(of.lines().size() == 3);
    CHECK(money_in(of.lines()) == 9'000 * 2);
    of.now.flush(of.clock.wall_now()); // nothing has come since
    CHECK(of.lines().size() == 3);
}

TEST_CASE("cost: after a restart totals, savings and the month are what they were") {
    service of;
    of.restart();
    of.run(10min);
    of.now.meter().loads_costing(2, 6);
    of.now.meter().lookups(5, 2);
    of.now.flush(of.clock.wall_now());
    auto const before = of.now.report();
    auto const month = of.now.month(of.clock.wall_now());
    of.restart();
    auto const after = of.now.report();
    CHECK(after.overall.money == before.overall.money);
    CHECK(after.overall.idle_money == before.overall.idle_money);
    CHECK(after.requests == before.requests);
    CHECK(after.saved_money == 15);
    CHECK(after.mean_load_money == 3);
    CHECK(of.now.month(of.clock.wall_now()).money_so_far == month.money_so_far);
    of.run(10min);
    of.now.meter().lookups(1, 0);
    of.now.flush(of.clock.wall_now());
    CHECK(of.now.report().saved_money == 18);
    auto const lines = of.lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].begin == lines[1].begin); // they add up
    CHECK(money_in(lines) == of.now.report().overall.money);
    CHECK(of.now.month(of.clock.wall_now()).money_so_far == of.now.report().overall.money);
}

TEST_CASE("cost: what a crash loses is what came since the last line") {
    service of;
    of.restart();
    of.run(1h + 10min);
    auto const all = of.now.report().overall.money;
    of.restart();
    CHECK(of.now.report().overall.money == 3'599 * 2);
    CHECK(all == 4'200 * 2);
}

TEST_CASE("cost: lines wait for a disk that is full, and none is lost or written twice") {
    service of;
    of.restart();
    of.run(90min);
    of.on->is_full = true;
    of.run(3h);
    CHECK(of.now.last_error() == std::errc::no_space_on_device);
    CHECK(of.now.waiting_lines() == 3);
    of.on->is_full = false;
    of.run(1s);
    CHECK_FALSE(of.now.last_error());
    CHECK(of.now.waiting_lines() == 0);
    of.now.flush(of.clock.wall_now());
    CHECK(of.lines().size() == 5);
    CHECK(money_in(of.lines()) == of.now.report().overall.money);
}

TEST_CASE("cost: a book works without its ledger, and takes it up when it comes") {
    service of;
    of.restart();
    of.run(10min);
    of.now.flush(of.clock.wall_now());
    auto const foreign = std::exchange(of.on->bytes.bytes, "something else, longer than it was");
    of.now = book{two_a_second, shared_storage{of.on}};
    CHECK(of.now.open() == record_log_error::foreign_log);
    CHECK(of.now.last_error() == record_log_error::foreign_log);
    of.run(1h, 0.5, "1");
    CHECK(of.now.report().overall.money == 3'600 * 2);
    CHECK(of.now.waiting_lines() == 1);
    of.on->bytes.bytes = foreign;
    REQUIRE_FALSE(of.now.open());
    REQUIRE_FALSE(of.now.open()); // and no second time
    CHECK(of.now.report().overall.money == 4'200 * 2);
    of.now.flush(of.clock.wall_now());
    CHECK_FALSE(of.now.last_error());
    CHECK(money_in(of.lines()) == 4'200 * 2);
    CHECK(of.now.month(of.clock.wall_now()).money_so_far == 4'200 * 2);
}

TEST_CASE("cost: a ledger that the process before still has is opened once it lets go") {
    service of;
    of.restart();
    for (int day = 0; day < 71; ++day) { // the oldest is one more than a trend keeps
        of.run(1h);
        of.clock.advance(day < 70 ? 23h : 0h);
    }
    of.now.flush(of.clock.wall_now());
    auto const before = of.now.month(of.clock.wall_now());
    of.on->is_taken = true;
    of.now = book{two_a_second, shared_storage{of.on}};
    CHECK(of.now.open() == std::errc::resource_unavailable_try_again);
    of.run(2h);
    CHECK(of.now.waiting_lines() == 2);
    CHECK(of.now.last_error() == std::errc::resource_unavailable_try_again); // why, not that
    of.on->is_taken = false;
    of.run(1s);
    CHECK_FALSE(of.now.last_error());
    CHECK(of.now.waiting_lines() == 0);
    CHECK(of.now.report().overall.money == (71 * 3'600 + 7'201) * 2);
    auto const after = of.now.month(of.clock.wall_now());
    CHECK(after.money_so_far == before.money_so_far + 7'201 * 2);
    CHECK(after.known_days == before.known_days);
    of.now.flush(of.clock.wall_now());
    CHECK(money_in(of.lines()) == of.now.report().overall.money);
    of.restart();
    CHECK(of.now.month(of.clock.wall_now()).projected_money == Approx(after.projected_money));
}

TEST_CASE("cost: a book that nobody opened keeps its lines, and says why") {
    service of;
    of.run(90min);
    CHECK(of.now.waiting_lines() == 1);
    CHECK(of.now.last_error() == record_log_error::not_open);
    CHECK(of.on->bytes.bytes.empty());
}

TEST_CASE("cost: when too many lines wait, they become fewer and lose nothing") {
    service of;
    of.restart();
    of.on->is_full = true;
    auto const place = *of.now.meter().place({"0", "", ""});
    for (int i = 0; i < 1'200; ++i) {
        of.now.meter().device_time(place, of.clock.now().time_since_epoch());
        of.clock.advance(1s);
        of.now.meter().device_time(place, of.clock.now().time_since_epoch());
        of.now.tick(of.clock.wall_now());
        of.clock.advance(1h);
    }
    CHECK(of.now.waiting_lines() == book::most_waiting);
    of.on->is_full = false;
    of.now.flush(of.clock.wall_now());
    CHECK(of.lines().size() == book::most_waiting);
    CHECK(money_in(of.lines()) == 2'400);
}

TEST_CASE("cost: a clock that is set back makes further lines and counts nothing twice") {
    service of;
    of.restart();
    of.run(70min);
    auto const place = *of.now.meter().place({"0", "", ""});
    double const before = of.now.report().overall.money;
    for (int i = 1; i <= 20; ++i) { // an hour back; the monotonic clock goes on
        of.clock.advance(1s);
        of.now.meter().device_time(place, of.clock.now().time_since_epoch(), 1);
        of.now.tick(of.clock.wall_now() - 1h);
    }
    of.now.flush(of.clock.wall_now());
    CHECK(of.now.report().overall.money == before + 40);
    CHECK(money_in(of.lines()) == before + 40);
}

TEST_CASE("cost: lines in another currency are counted, not added") {
    service of;
    of.restart();
    of.run(10min);
    of.now.flush(of.clock.wall_now());
    of.restart({.currency = "USD", .price = "1/s"});
    CHECK(of.now.foreign_lines() == 1);
    CHECK(std::isnan(of.now.report().overall.money));
    CHECK(std::isnan(of.now.month(of.clock.wall_now()).money_so_far));
}

TEST_CASE("cost: devices of the past do not keep out those of today") {
    service of;
    for (int i = 0; i < 200; ++i) {
        of.restart();
        of.run(2s, 0.5, ("GPU-" + std::to_string(i)).c_str());
        of.now.flush(of.clock.wall_now());
    }
    of.restart();
    CHECK(of.now.report().overall.money == 800);
    CHECK(of.now.meter().totals().devices.size() == 33); // half of the bound, and one for all others
    CHECK(of.now.report().devices[31].device == "GPU-199");
}

TEST_CASE("cost: restarts and crashes at random lose no line") {
    std::mt19937_64 random{5};
    for (int run = 0; run < 10; ++run) {
        service of;
        double committed = 0;
        for (int life = 0; life < 8; ++life) {
            of.restart();
            INFO("run " << run << ", life " << life << ", seed 5");
            REQUIRE(of.now.meter().totals().total().money >=
                    committed - 1e-6); // a line that was not acknowledged may be there
            for (int i = 0; i < 4; ++i) {
                of.on->is_full = random() % 3 == 0;
                of.run(std::chrono::seconds{random() % 4'000}, 0.3, random() % 2 == 0 ? "0" : "1");
                if (random() % 2 == 0) {
                    of.now.flush(of.clock.wall_now());
                }
                if (of.now.waiting_lines() == 0) {
                    committed = money_in(of.lines());
                }
            }
            of.on->is_full = false;
        }
    }
}

TEST_CASE("cost: a book is measured with its month and its ledger") {
    service of;
    of.restart();
    of.run(10min);
    std::map<std::string, double> values;
    auto const into = [&](measurement const& each) { values.emplace(each.name, each.value); };
    of.now.measure(into, of.clock.wall_now());
    CHECK(values["cost_money_total"] == 1'200);
    CHECK(values["cost_month_money"] == 1'200);
    CHECK(values["cost_ledger_bytes"] == 0);
    CHECK(values["cost_ledger_waiting_lines"] == 0);
    of.now.flush(of.clock.wall_now());
    values.clear();
    of.now.measure(into, of.clock.wall_now());
    CHECK(values["cost_ledger_bytes"] > 100);
}
