// SPDX-License-Identifier: MIT
#include <orfeas/core/manual_clock.hpp>
#include <orfeas/cost.hpp>
#include <orfeas/observe/log_file.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>

int main() {
    using namespace std::chrono_literals;
    auto const path = (std::filesystem::temp_directory_path() / "orfeas-quickstart-cost.ledger").string();
    orfeas::manual_clock clock;
    orfeas::cost::cost_options const prices{.currency = "EUR", .price = "1.20/h", .device_prices = {"*H100*=2.40/h"}};
    orfeas::cost::account_book book{prices, orfeas::observe::log_file{path}};
    if (auto const failed = book.open()) { // totals and the month so far are what the file says
        std::cout << path << ": " << failed.message() << '\n';
    }
    auto& meter = book.meter();
    auto const gpu = meter.place({.index = "0", .name = "NVIDIA H100"});
    for (int second = 0; second < 7'200; ++second, clock.advance(1s)) {
        meter.device_time(*gpu, clock.now().time_since_epoch(), 0.75); // busy share since the last time
        meter.requests(3);
        meter.generated(2.5e6);
        meter.loads(1, 0.2, *gpu); // one load a second, which took 0.2 s of the GPU,
        meter.lookups(2, 1);       // and two that the cache avoided
        book.tick(clock.wall_now());
    }
    book.flush(clock.wall_now());
    auto const report = book.report();
    std::cout << report.overall.money << ' ' << report.currency << ", idle " << report.overall.idle_money << ", a GB "
              << report.overall.money_per_gigabyte << ", 1000 requests " << 1'000 * report.overall.money_per_request
              << ", saved by the cache " << report.saved_money << '\n';
    std::filesystem::remove(path);
}
