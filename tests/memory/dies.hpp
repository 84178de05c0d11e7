// SPDX-License-Identifier: MIT
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <string>

namespace orfeas_test {

/// Runs `call` in a child process and returns what it wrote to stderr if it ended by abort(), else "still alive".
template<class Call>
std::string last_words(Call call) {
    int ends[2];
    if (::pipe(ends) != 0) {
        return "no pipe";
    }
    ::pid_t const child = ::fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL); // the test framework would report the abort as its own
        ::dup2(ends[1], STDERR_FILENO);
        call();
        ::_exit(0);
    }
    ::close(ends[1]);
    std::string words;
    std::array<char, 1024> part;
    for (::ssize_t n; (n = ::read(ends[0], part.data(), part.size())) > 0;) {
        words.append(part.data(), static_cast<std::size_t>(n));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? words : "still alive";
}

} // namespace orfeas_test
