// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/core/assert.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <string>

namespace {

struct ending {
    int signal;
    std::string words;
};

/// Runs `action` in a child process and tells how it ended and what it said.
ending in_child(void (*action)()) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    pid_t const child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        ::dup2(pipe_ends[1], STDERR_FILENO);
        action();
        ::_exit(0);
    }
    ::close(pipe_ends[1]);
    std::string words;
    char part[256];
    for (ssize_t n = 0; (n = ::read(pipe_ends[0], part, sizeof part)) > 0;) {
        words.append(part, static_cast<std::size_t>(n));
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFSIGNALED(status) ? WTERMSIG(status) : 0, words};
}

} // namespace

TEST_CASE("core: a broken promise aborts with the place and what should have been done") {
    auto const [signal, words] = in_child([] { ORFEAS_ASSERT(1 + 1 == 3, "add correctly"); });
    CHECK(signal == SIGABRT);
    CHECK(words.find("assert_test.cpp") != std::string::npos);
    CHECK(words.find("add correctly (1 + 1 == 3)") != std::string::npos);
}

TEST_CASE("core: a promise that is kept costs nothing") {
    auto const [signal, words] = in_child([] { ORFEAS_ASSERT(1 + 1 == 2, "add correctly"); });
    CHECK(signal == 0);
    CHECK(words.empty());
}
