// SPDX-License-Identifier: MIT
//
// What a cached answer costs the server: the studio as a process of its own, in server CPU time per request, beside a
// bare Asio loop that writes the same body. The two take turns, a batch of requests each.

#include "server_process.hpp"
#include "support/cpu_timer.hpp"
#include "support/report.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>

#include <unistd.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using bench::client, bench::picture, bench::post, bench::server_process;

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
double cpu_of(server_process const& server, client& from, std::string const& request, int count) {
    double const before = server.cpu_seconds();
    for (int i = 0; i < count; ++i) {
        from.ask(request);
    }
    return server.cpu_seconds() - before;
}

struct bench_run {
    bench::report& report;
    server_process& studio;
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
                    .ours = bench::median_of(rates),
                    .lower_is_better = false,
                    .target = std::move(target)});
    }

    /// Bytes a CPU second, against the bare loop in turns.
    void bytes_per_cpu_second(std::string name, std::string const& request) {
        client from{studio.port()};
        auto const shape = from.ask(request);
        std::string const same = "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(shape.body_bytes) + "\r\n\r\n" +
                                 std::string(shape.body_bytes, 'x');
        server_process const bare{[&](int out) { serve_bare(out, same); }};
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
                    .ours = bench::median_of(ours),
                    .lower_is_better = false,
                    .peers = {{"bare_asio", bench::median_of(theirs)}},
                    .target = bench::bar{"ratio:bare_asio", ">=", 0.8}});
    }
};

void run(bench::report& report) {
    server_process studio{serve_studio};
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
    return bench::run_program(count, arguments, "studio_serving", run);
}
