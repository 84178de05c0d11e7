// SPDX-License-Identifier: MIT
//
// Catch2's main, compiled once and linked into every test executable. At the end of a run it prints one line a skip
// and one line of counts, which `./dev test` adds up:
//     skipped: <test case>: <reason>
//     test cases: 12 passed, 0 failed, 1 skipped
#if __has_include(<catch2/catch_test_macros.hpp>)
#    include <catch2/catch_session.hpp>
#    include <catch2/catch_test_case_info.hpp>
#    include <catch2/reporters/catch_reporter_event_listener.hpp>
#    include <catch2/reporters/catch_reporter_registrars.hpp>
#else
#    define CATCH_CONFIG_RUNNER
#endif
#include "support/catch.hpp"

#include <cstddef>
#include <iostream>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace {

struct tally {
    std::mutex guard;
    std::string running;
    bool left_out = false;
    std::size_t passed = 0;
    std::size_t failed = 0;
    std::vector<std::pair<std::string, std::string>> skips;
};

tally& counts() {
    static tally one;
    return one;
}

#if __has_include(<catch2/catch_test_macros.hpp>)
using listener_base = Catch::EventListenerBase;
#else
using listener_base = Catch::TestEventListenerBase;
#endif

class count_listener : public listener_base {
  public:
    using listener_base::listener_base;

    void testCaseStarting(Catch::TestCaseInfo const& info) override {
        auto& now = counts();
        std::lock_guard const hold{now.guard};
        now.running = info.name;
        now.left_out = false;
    }

    void testCaseEnded(Catch::TestCaseStats const& stats) override {
        auto& now = counts();
        std::lock_guard const hold{now.guard};
        if (stats.totals.testCases.failed > 0) {
            ++now.failed;
        } else if (!now.left_out) {
            ++now.passed;
        }
    }
};

void print_counts(tally& now) {
    for (auto const& [name, reason] : now.skips) {
        std::cout << "skipped: " << name << ": " << reason << '\n';
    }
    std::cout << "test cases: " << now.passed << " passed, " << now.failed << " failed, " << now.skips.size()
              << " skipped" << std::endl;
}

} // namespace

CATCH_REGISTER_LISTENER(count_listener)

namespace orfeas_test {

void note_skip(std::string const& reason) {
    auto& now = counts();
    std::lock_guard const hold{now.guard};
    if (now.left_out) {
        return; // one reason a test case: a case with sections is entered several times
    }
    now.left_out = true;
    now.skips.emplace_back(now.running, reason);
}

} // namespace orfeas_test

int main(int argc, char* argv[]) {
    Catch::Session session;
    if (int const wrong = session.applyCommandLine(argc, argv); wrong != 0) {
        return wrong;
    }
    auto const& asked = session.configData();
    bool const only_lists = asked.listTests || asked.listTags || asked.listReporters || asked.showHelp;
    int const result = session.run();
    if (!only_lists) {
        print_counts(counts());
    }
    return result;
}
