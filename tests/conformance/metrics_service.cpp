// SPDX-License-Identifier: MIT
// A program that counts and is scraped: prints its port, then answers GET /metrics on loopback, in the format that the
// Accept field asks for, until its standard input ends. For prometheus_test.py.

#include <orfeas/metrics.hpp>
#include <orfeas/metrics/exposition.hpp>
#include <orfeas/metrics/negotiation.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace metrics = orfeas::metrics;

namespace {

metrics::exemplar_ids ids_of_this_request() noexcept {
    return {{0x0123456789abcdefU, 0xfedcba9876543210U}, {0x0011223344556677U}};
}

/// What is counted, and a little more with each scrape.
class subject {
  public:
    void work() {
        requests_.with("GET", "200").add(3);
        requests_.with("POST", "500 \"bad\"\\\n").add();
        busy_.add(0.125);
        under_way_.add(2);
        under_way_.sub(1);
        celsius_.set(61.5);
        for (int i = 1; i <= 1'000; ++i) {
            wait_.observe(0.001 * i);
        }
    }

    std::string document(metrics::exposition_format format) {
        metrics::exposition others;
        others.add({"pool_free_bytes", orfeas::measurement_kind::gauge, orfeas::unit::bytes, 4096, {}, "Free."});
        std::string text;
        metrics::write(text, format, registry_, others);
        return text;
    }

  private:
    metrics::registry registry_{{.exemplar_source = ids_of_this_request}};
    metrics::typed_family<metrics::counter, "method", "status"> requests_ =
        registry_.counter_family<"method", "status">("subject_requests_total", "Requests \"answered\"\nby \\ status.");
    metrics::counter busy_ = registry_.counter("subject_busy_seconds_total", "Time spent.");
    metrics::up_down_counter under_way_ = registry_.up_down_counter("subject_requests_held", "Requests under way.");
    metrics::gauge celsius_ = registry_.gauge("subject_celsius", "Heat.", {{"gpu", "0"}});
    metrics::histogram wait_ = registry_.histogram("subject_wait_seconds", "Time waited.", {{"route", "/"}});
    metrics::histogram never_ = registry_.histogram("subject_never_seconds", "Without values.");
};

/// The value of the Accept field.
std::string_view accept_of(std::string_view request) {
    for (std::string_view const name : {"\r\nAccept: ", "\r\naccept: "}) {
        if (auto const at = request.find(name); at != std::string_view::npos) {
            auto const value = request.substr(at + name.size());
            return value.substr(0, value.find("\r\n"));
        }
    }
    return {};
}

std::string received_from(int connection) {
    std::string request;
    std::array<char, 4'096> part{};
    while (request.find("\r\n\r\n") == std::string::npos) {
        auto const n = ::read(connection, part.data(), part.size());
        if (n <= 0) {
            break;
        }
        request.append(part.data(), static_cast<std::size_t>(n));
    }
    return request;
}

void send(int connection, std::string_view text) {
    while (!text.empty()) {
        auto const n = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(n));
    }
}

void answer(int connection, subject& of) {
    auto const request = received_from(connection);
    auto const format = metrics::negotiate(accept_of(request));
    auto const body = of.document(format);
    std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ";
    head.append(metrics::content_type_of(format)).append("\r\nContent-Length: ").append(std::to_string(body.size()));
    send(connection, head.append("\r\n\r\n").append(body));
    ::close(connection);
}

} // namespace

int main() {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, any, length) != 0 || ::listen(listener, 16) != 0 ||
        ::getsockname(listener, any, &length) != 0) {
        std::perror("metrics_service");
        return 1;
    }
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    subject served;
    served.work();
    for (;;) {
        std::array<pollfd, 2> waited{pollfd{listener, POLLIN, 0}, pollfd{STDIN_FILENO, POLLIN, 0}};
        ::poll(waited.data(), waited.size(), -1);
        if (waited[1].revents != 0) {
            return 0;
        }
        answer(::accept(listener, nullptr, nullptr), served);
        served.work();
    }
}
