// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// A server in a child process, whose CPU time can be read; ended with this object.
class server_process {
  public:
    /// Runs `serve(out)` in the child; it writes the port that it listens on, as a line, to the descriptor `out`.
    explicit server_process(std::function<void(int out)> const& serve) {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) {
            throw std::runtime_error{"pipe failed"};
        }
        process_ = ::fork();
        if (process_ < 0) {
            throw std::runtime_error{"fork failed"};
        }
        if (process_ == 0) {
            ::close(ends[0]);
            serve(ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        port_ = read_port(ends[0]);
        ::close(ends[0]);
    }
    server_process(server_process const&) = delete;
    server_process& operator=(server_process const&) = delete;
    ~server_process() {
        ::kill(process_, SIGTERM);
        ::waitpid(process_, nullptr, 0);
    }

    std::uint16_t port() const noexcept { return port_; }

    double cpu_seconds() const {
        clockid_t clock{};
        timespec time{};
        if (::clock_getcpuclockid(process_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) {
            throw std::runtime_error{"cannot read the server's CPU time"};
        }
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }

  private:
    /// The number between the last ':' and the '/' after it, or the whole line.
    static std::uint16_t read_port(int from) {
        std::string line;
        for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) {
            line.push_back(c);
        }
        auto const colon = line.rfind(':');
        std::string_view const digits = std::string_view{line}.substr(colon == std::string::npos ? 0 : colon + 1);
        std::uint16_t port = 0;
        std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (port == 0) {
            throw std::runtime_error{"the server did not start: '" + line + "'"};
        }
        return port;
    }

    pid_t process_ = -1;
    std::uint16_t port_ = 0;
};

/// One connection that sends a request again and again.
class client {
  public:
    explicit client(std::uint16_t port) { socket_.connect({boost::asio::ip::address_v4::loopback(), port}); }

    struct answer {
        std::string head;
        std::size_t body_bytes = 0;
    };

    answer ask(std::string_view request) {
        boost::asio::write(socket_, boost::asio::buffer(request));
        auto const head_size = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(received_), "\r\n\r\n");
        answer result{received_.substr(0, head_size), 0};
        received_.erase(0, head_size);
        result.body_bytes = length_of(result.head);
        discard(result.body_bytes);
        return result;
    }

  private:
    static std::size_t length_of(std::string const& head) {
        constexpr std::string_view name = "content-length: ";
        auto const at = head.find(name);
        std::size_t length = 0;
        if (at != std::string::npos) {
            std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
        }
        return length;
    }

    void discard(std::size_t bytes) {
        auto const have = std::min(bytes, received_.size());
        received_.erase(0, have);
        for (std::size_t left = bytes - have; left > 0;) {
            left -= socket_.read_some(boost::asio::buffer(sink_.data(), std::min(left, sink_.size())));
        }
    }

    boost::asio::io_context io_;
    boost::asio::ip::tcp::socket socket_{io_};
    std::string received_;
    std::vector<char> sink_ = std::vector<char>(1 << 20);
};

inline std::string picture() {
    std::ifstream file{ORFEAS_BENCH_PICTURE, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

inline std::string post(std::string const& query, std::string const& body, std::string const& fields = {}) {
    return "POST /api/v1/generate?" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

} // namespace bench
