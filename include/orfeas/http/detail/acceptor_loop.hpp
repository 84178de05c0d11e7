// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/http/detail/connection.hpp>
#include <orfeas/http/detail/server_core.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/response_head.hpp>
#include <orfeas/net/listener.hpp>
#include <orfeas/net/task.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

namespace orfeas::inline v0::http::detail {

/// Accepts connections, knows those that are open, and ends them. Its own strand guards its state; the public members
/// are thread-safe, but for `start`.
template<class Executor, class Observer>
class acceptor_loop : public std::enable_shared_from_this<acceptor_loop<Executor, Observer>> {
  public:
    using core_type = server_core<Executor, Observer>;
    using connection_type = connection<Executor, Observer>;
    using strand_type = typename core_type::strand_type;
    using socket_type = typename connection_type::socket_type;

    explicit acceptor_loop(std::shared_ptr<core_type> core)
        : core_{std::move(core)},
          strand_{boost::asio::make_strand(core_->executor)},
          acceptor_{strand_},
          timer_{strand_} {}

    bool has_started() const noexcept { return has_started_; }
    std::uint16_t port() const noexcept { return port_.load(std::memory_order_relaxed); }

    void start() {
        ORFEAS_ASSERT(!has_started_, "start() is called once");
        acceptor_ = net::listen(strand_, core_->options.address, core_->options.port);
        has_started_ = is_accepting_ = true;
        port_.store(acceptor_.local_endpoint().port(), std::memory_order_relaxed);
        core_->log(severity::info, "http", "listening",
                   {{"address", core_->options.address}, {"port", port_.load(std::memory_order_relaxed)}});
        boost::asio::co_spawn(strand_, accept_all(this->shared_from_this()), boost::asio::detached);
    }

    task<bool> stop(std::chrono::nanoseconds deadline) {
        auto self = this->shared_from_this();
        co_return co_await boost::asio::co_spawn(strand_, drain(std::move(self), deadline), boost::asio::use_awaitable);
    }

    /// Ends everything without waiting for it.
    void abandon() {
        core_->stopping.store(true, std::memory_order_release);
        if (!has_started_) {
            return;
        }
        boost::asio::post(strand_, [self = this->shared_from_this()] {
            self->stop_accepting();
            self->cancel_connections();
        });
    }

  private:
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    // The coroutines are static and own the loop: their frames may be destroyed after the server.

    static task<void> accept_all(std::shared_ptr<acceptor_loop> self) {
        while (self->acceptor_.is_open()) {
            socket_type socket{boost::asio::make_strand(self->core_->executor)};
            boost::asio::ip::tcp::endpoint peer;
            auto const [failed] = co_await self->acceptor_.async_accept(socket, peer, token);
            if (!failed) {
                self->admit(std::move(socket), peer.address());
            } else if (failed == boost::asio::error::no_descriptors || failed == boost::asio::error::no_buffer_space) {
                self->core_->log(severity::error, "http", "accept_failed", {{"error", failed.message()}});
                self->timer_.expires_after(std::chrono::milliseconds{100});
                co_await self->timer_.async_wait(token);
            }
        }
        self->is_accepting_ = false;
        self->timer_.cancel();
    }

    static task<bool> drain(std::shared_ptr<acceptor_loop> self, std::chrono::nanoseconds deadline) {
        self->core_->stopping.store(true, std::memory_order_release);
        self->stop_accepting();
        for (auto const& open : self->open_) {
            open->stop_when_idle();
        }
        auto const latest = std::chrono::steady_clock::now() + deadline;
        while (self->is_busy() && std::chrono::steady_clock::now() < latest) {
            self->timer_.expires_at(latest);
            co_await self->timer_.async_wait(token);
        }
        bool const is_clean = !self->is_busy();
        self->cancel_connections();
        while (self->is_busy()) {
            self->timer_.expires_at(monotonic_time::max());
            co_await self->timer_.async_wait(token);
        }
        co_return is_clean;
    }

    bool is_busy() const noexcept { return is_accepting_ || !open_.empty(); }

    void stop_accepting() noexcept {
        boost::system::error_code ignored;
        acceptor_.close(ignored);
    }

    void cancel_connections() {
        for (auto const& open : open_) {
            open->cancellation.emit(boost::asio::cancellation_type::terminal);
            open->abort();
        }
    }

    void admit(socket_type socket, boost::asio::ip::address const& peer) {
        if (open_.size() >= core_->options.connections) {
            return turn_away(socket, refusal::connection_limit);
        }
        auto const of_peer = per_peer_.try_emplace(peer, 0).first;
        if (of_peer->second >= core_->options.connections_per_peer) {
            return turn_away(socket, refusal::peer_connection_limit);
        }
        ++of_peer->second;
        server_counters::add(core_->counters.connections_total);
        server_counters::add(core_->counters.connections);
        auto const executor = socket.get_executor();
        auto added = std::make_shared<connection_type>(core_, std::move(socket), peer);
        open_.insert(added);
        auto ended = [self = this->shared_from_this(), added](std::exception_ptr) { self->forget(added); };
        boost::asio::co_spawn(executor, added->run(),
                              boost::asio::bind_cancellation_slot(
                                  added->cancellation.slot(), boost::asio::bind_executor(strand_, std::move(ended))));
    }

    void forget(std::shared_ptr<connection_type> const& ended) {
        server_counters::subtract(core_->counters.connections);
        auto const of_peer = per_peer_.find(ended->peer);
        if (--of_peer->second == 0) {
            per_peer_.erase(of_peer);
        }
        open_.erase(ended);
        if (core_->is_stopping()) {
            timer_.cancel();
        }
    }

    /// Tells a peer that there is no room. It is best effort: a peer that has sent much already may see a reset.
    void turn_away(socket_type& socket, refusal reason) {
        core_->counters.refused(reason);
        core_->log(severity::warning, "http", "connection_refused", {{"reason", name_of(reason)}});
        response const answer = problem{reason}.set("retry-after", "5");
        std::string text;
        append_response_head(text, answer, false, date_.at(std::chrono::system_clock::now()));
        text.append(answer.body().text());
        boost::system::error_code ignored;
        socket.non_blocking(true, ignored);
        socket.write_some(boost::asio::buffer(text), ignored);
        socket.shutdown(socket_type::shutdown_send, ignored);
    }

    std::shared_ptr<core_type> core_;
    strand_type strand_;
    net::acceptor<strand_type> acceptor_;
    timer_type timer_;
    std::unordered_set<std::shared_ptr<connection_type>> open_;
    std::map<boost::asio::ip::address, std::uint32_t> per_peer_;
    date_text date_;
    std::atomic<std::uint16_t> port_{0};
    bool has_started_ = false;
    bool is_accepting_ = false;
};

} // namespace orfeas::inline v0::http::detail
