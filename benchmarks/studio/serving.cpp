// SPDX-License-Identifier: MIT
//
// What a cached answer costs the server: the studio as a process of its own, in server CPU time per request, beside a
// bare Asio loop that writes the same body. The two take turns, a batch of requests each.

#include "support/report.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// A server in a child process, whose CPU time can be read; ended with this object.
class child {
  public:
    /// Runs `serve(out)` in the child; it writes the port that it listens on, as a line, to the descriptor `out`.
    explicit child(std::function<void(int out)> const& serve) {
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
    child(child const&) = delete;
    child& operator=(child const&) = delete;
    ~child() {
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

/// The peer: reads requests up to their empty line and writes one prepared answer, with nothing else around it.
void serve_bare(int out, std::string const& answer) {
    asio::io_context io;
    tcp::acceptor acceptor{io, {asio::ip::address_v4::loopback(), 0}};
    auto const line = std::to_string(acceptor.local_endpoint().port()) + "\n";
    if (::write(out, line.data(), line.size()) < 0) {
        return;
    }
    auto socket = acceptor.accept();
    asio::streambuf request;
    std::function<void()> next = [&] {
        asio::async_read_until(socket, request, "\r\n\r\n", [&](boost::system::error_code failed, std::size_t size) {
            if (failed) {
                return;
            }
            request.consume(size);
            asio::async_write(socket, asio::buffer(answer), [&](boost::system::error_code, std::size_t) { next(); });
        });
    };
    next();
    io.run();
}

void serve_studio(int out) {
    ::dup2(out, STDOUT_FILENO);
    ::execl(ORFEAS_BENCH_STUDIO, ORFEAS_BENCH_STUDIO, "--port", "0", static_cast<char*>(nullptr));
}

/// One connection that sends a request again and again.
class client {
  public:
    explicit client(std::uint16_t port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }

    struct answer {
        std::string head;
        std::size_t body_bytes = 0;
    };

    answer ask(std::string_view request) {
        asio::write(socket_, asio::buffer(request));
        auto const head_size = asio::read_until(socket_, asio::dynamic_buffer(received_), "\r\n\r\n");
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
            left -= socket_.read_some(asio::buffer(sink_.data(), std::min(left, sink_.size())));
        }
    }

    asio::io_context io_;
    tcp::socket socket_{io_};
    std::string received_;
    std::vector<char> sink_ = std::vector<char>(1 << 20);
};

std::string picture() {
    std::ifstream file{ORFEAS_BENCH_PICTURE, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string post(std::string const& query, std::string const& body, std::string const& fields = {}) {
    return "POST /api/v1/generate?" + query + " HTTP/1.1\r\nHost: localhost\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string get(std::string const& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::string field_of(std::string const& head, std::string_view name) {
    auto const at = head.find(name);
    if (at == std::string::npos) {
        throw std::runtime_error{"the answer has no field " + std::string{name} + head};
    }
    auto const begin = at + name.size() + 2;
    return head.substr(begin, head.find('\r', begin) - begin);
}

/// Server CPU seconds of `count` requests.
double cpu_of(child const& server, client& from, std::string const& request, int count) {
    double const before = server.cpu_seconds();
    for (int i = 0; i < count; ++i) {
        from.ask(request);
    }
    return server.cpu_seconds() - before;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

struct bench_run {
    bench::report& report;
    child& studio;
    int rounds;

    /// Requests that the studio answers a CPU second.
    void answers_per_cpu_second(std::string name, std::string const& request, std::optional<bench::bar> target) {
        client from{studio.port()};
        auto const bytes = from.ask(request).body_bytes;
        std::vector<double> rates;
        constexpr int batch = 200;
        for (int i = 0; i < rounds; ++i) {
            rates.push_back(batch / cpu_of(studio, from, request, batch));
        }
        report.add({.bench = "studio_serving",
                    .name = name + ", " + std::to_string(bytes) + " B",
                    .unit = "answers/CPU-s",
                    .ours = median(rates),
                    .lower_is_better = false,
                    .target = std::move(target)});
    }

    /// Bytes a CPU second, against the bare loop in turns.
    void bytes_per_cpu_second(std::string name, std::string const& request) {
        client from{studio.port()};
        auto const shape = from.ask(request);
        std::string const same = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(shape.body_bytes) + "\r\n\r\n" +
                                 std::string(shape.body_bytes, 'x');
        child const bare{[&](int out) { serve_bare(out, same); }};
        client from_bare{bare.port()};
        from_bare.ask(get("/"));
        std::vector<double> ours;
        std::vector<double> theirs;
        constexpr int batch = 30;
        double const bytes = batch * static_cast<double>(shape.body_bytes) / 1e9;
        for (int i = 0; i < rounds; ++i) {
            ours.push_back(bytes / cpu_of(studio, from, request, batch));
            theirs.push_back(bytes / cpu_of(bare, from_bare, get("/"), batch));
        }
        report.add({.bench = "studio_serving",
                    .name = name + ", " + std::to_string(shape.body_bytes) + " B",
                    .unit = "GB/CPU-s",
                    .ours = median(ours),
                    .lower_is_better = false,
                    .peers = {{"bare_asio", median(theirs)}},
                    .target = bench::bar{"ratio:bare_asio", ">=", 0.8}});
    }
};

void run(bench::report& report) {
    child studio{serve_studio};
    bench_run each{report, studio, report.arguments().quick ? 7 : 25};
    auto const body = picture();
    client from{studio.port()};
    auto const small = from.ask(post("resolution=64", body));
    auto const large = from.ask(post("resolution=256", body));
    auto const small_path = field_of(small.head, "content-location");
    auto const large_path = field_of(large.head, "content-location");
    auto const condition = "If-None-Match: " + field_of(small.head, "etag") + "\r\n";
    auto const at_least = [](double rate) { return bench::bar{"ours", ">=", rate}; };
    each.answers_per_cpu_second("cached, POST of the picture, 64x64", post("resolution=64", body), at_least(2000));
    each.answers_per_cpu_second("cached, GET, 64x64", get(small_path), at_least(2000));
    each.answers_per_cpu_second("not modified, POST of the picture", post("resolution=64", body, condition), {});
    each.bytes_per_cpu_second("cached, GET, 256x256", get(large_path));
}

} // namespace

int main(int count, char** arguments) {
    try {
        bench::report report{bench::parse_command_line(count, arguments)};
        run(report);
        report.finish();
        return 0;
    } catch (std::exception const& error) {
        std::cerr << "bench studio_serving: " << error.what() << '\n';
        return 1;
    }
}
