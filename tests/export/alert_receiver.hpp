// SPDX-License-Identifier: MIT
#pragma once

#include "http/raw_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace orfeas_test {

/// An answer without content.
inline std::string answer(std::string_view status_line, std::string_view fields = {}) {
    return std::string{"HTTP/1.1 "}
        .append(status_line)
        .append("\r\n")
        .append(fields)
        .append("content-length: 0\r\n\r\n");
}

/// An answer that never comes, but for the end of the connection.
inline constexpr std::string_view no_answer = "stall";

/// A receiver of alerts that keeps what it gets and answers the n-th request by `answer_to(n)`: text, `no_answer`, or an empty
/// text, which ends the connection.
class alert_receiver {
  public:
    struct request {
        std::string head;
        std::string body;

        /// The value of a header field, whose name is in lower case.
        std::string field(std::string_view name) const {
            auto const at = head.find("\r\n" + std::string{name} + ": ");
            auto const begin = at + name.size() + 4;
            return at == std::string::npos ? "" : head.substr(begin, head.find("\r\n", begin) - begin);
        }
    };

    explicit alert_receiver(std::function<std::string(std::size_t)> answer_to)
        : answer_to_{std::move(answer_to)}, server_{[this](raw_client& peer, int) { serve(peer); }} {}

    std::string url(std::string_view target = "/") const { return server_.url(target); }

    std::vector<request> requests() const {
        std::scoped_lock const hold{mutex_};
        return requests_;
    }

    /// All requests, once there are so many; fewer after 20 s.
    std::vector<request> wait_for(std::size_t count) const {
        std::unique_lock hold{mutex_};
        changed_.wait_for(hold, std::chrono::seconds{20}, [&] { return requests_.size() >= count; });
        return requests_;
    }

  private:
    void serve(raw_client& peer) {
        for (;;) {
            request got;
            got.head = peer.read_head();
            if (got.head.empty()) {
                return;
            }
            std::size_t length = 0;
            auto const text = got.field("content-length");
            std::from_chars(text.data(), text.data() + text.size(), length);
            got.body = peer.read(length);
            std::size_t number = 0;
            {
                std::scoped_lock const hold{mutex_};
                number = requests_.size();
                requests_.push_back(std::move(got));
            }
            changed_.notify_all();
            auto const said = answer_to_(number);
            if (said == no_answer) {
                peer.read_all();
                return;
            }
            if (said.empty() || !peer.send(said)) {
                return;
            }
        }
    }

    std::function<std::string(std::size_t)> answer_to_;
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<request> requests_;
    raw_server server_;
};

/// An executor with two threads for the length of a test.
class two_threads {
  public:
    two_threads() {
        for (int i = 0; i < 2; ++i) {
            all_.emplace_back([this] { io.run(); });
        }
    }
    two_threads(two_threads const&) = delete;
    ~two_threads() {
        work_.reset();
        for (auto& each : all_) {
            each.join();
        }
    }

    template<class Outlet>
    void stop(Outlet& which, std::chrono::nanoseconds deadline) {
        boost::asio::co_spawn(io, which.stop(deadline), boost::asio::use_future).get();
    }

    boost::asio::io_context io;

  private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ = boost::asio::make_work_guard(io);
    std::vector<std::thread> all_;
};

/// Whether something comes true within 20 s.
inline bool eventually(std::function<bool()> const& holds) {
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (!holds() && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return holds();
}

} // namespace orfeas_test
