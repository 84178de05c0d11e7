// SPDX-License-Identifier: MIT

#include "trace/sink_process.hpp"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

namespace bench {

namespace {

[[noreturn]] void fail(char const* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

std::size_t content_length(std::string_view head) {
    constexpr std::string_view name = "content-length: ";
    std::size_t length = 0;
    if (auto const at = head.find(name); at != std::string_view::npos) {
        std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    }
    return length;
}

/// Answers the requests of one connection until it ends.
void serve(int peer) {
    static std::array<char, 1 << 16> buffer;
    constexpr std::string_view answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    std::string head;
    std::size_t body = 0; ///< bytes of it that are still to come
    for (ssize_t got = 0; (got = ::read(peer, buffer.data(), buffer.size())) > 0;) {
        std::string_view rest{buffer.data(), static_cast<std::size_t>(got)};
        while (!rest.empty()) {
            if (body == 0) {
                head.append(rest);
                auto const end = head.find("\r\n\r\n");
                if (end == std::string::npos) {
                    break;
                }
                rest = rest.substr(rest.size() - (head.size() - end - 4));
                body = content_length(std::string_view{head}.substr(0, end + 2));
                head.clear();
            }
            std::size_t const taken = body < rest.size() ? body : rest.size();
            rest.remove_prefix(taken);
            body -= taken;
            if (body == 0 && ::write(peer, answer.data(), answer.size()) < 0) {
                return;
            }
        }
    }
}

} // namespace

sink_process::sink_process() {
    int const listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener, 16) != 0 || ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        fail("a listening socket");
    }
    port_ = ntohs(address.sin_port);
    child_ = ::fork();
    if (child_ < 0) {
        fail("fork");
    }
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            if (int const peer = ::accept(listener, nullptr, nullptr); peer >= 0) {
                serve(peer);
                ::close(peer);
            }
        }
    }
    ::close(listener);
}

sink_process::~sink_process() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

} // namespace bench
