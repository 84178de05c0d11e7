// SPDX-License-Identifier: MIT
#pragma once

#include "http/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace orfeas_test {

/// A server that behaves as a test wants it to: `script(peer, number)` runs for each connection, on a thread of its own.
class raw_server {
  public:
    using script_type = std::function<void(raw_client& peer, int number)>;

    explicit raw_server(script_type script) : script_{std::move(script)}, socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        if (::bind(socket_, reinterpret_cast<sockaddr const*>(&at), size) != 0 || ::listen(socket_, 64) != 0 ||
            ::getsockname(socket_, reinterpret_cast<sockaddr*>(&at), &size) != 0) {
            ::close(socket_);
            throw std::runtime_error{"cannot listen"};
        }
        port_ = ntohs(at.sin_port);
        acceptor_ = std::thread{[this] { accept_all(); }};
    }
    raw_server(raw_server const&) = delete;
    raw_server& operator=(raw_server const&) = delete;

    ~raw_server() {
        ::shutdown(socket_, SHUT_RDWR);
        acceptor_.join();
        ::close(socket_);
        for (auto& each : peers_) {
            each.join();
        }
    }

    std::uint16_t port() const noexcept { return port_; }
    int connections() const noexcept { return count_.load(); }
    std::string url(std::string_view target = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string{target};
    }

  private:
    void accept_all() {
        for (;;) {
            int const accepted = ::accept(socket_, nullptr, nullptr);
            if (accepted < 0) {
                return;
            }
            int const number = count_.fetch_add(1);
            peers_.emplace_back([this, accepted, number] {
                auto peer = raw_client::accepted(accepted);
                script_(peer, number);
            });
        }
    }

    script_type script_;
    int socket_;
    std::uint16_t port_ = 0;
    std::atomic<int> count_{0};
    std::vector<std::thread> peers_; // of the acceptor, until it has ended
    std::thread acceptor_;
};

} // namespace orfeas_test
