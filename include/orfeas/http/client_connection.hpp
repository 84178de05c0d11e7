// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/client_error.hpp>
#include <orfeas/http/client_options.hpp>
#include <orfeas/http/client_response.hpp>
#include <orfeas/http/client_transport.hpp>
#include <orfeas/http/response_parser.hpp>
#include <orfeas/http/url.hpp>
#include <orfeas/net/address.hpp>
#include <orfeas/net/watchdog.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/error_code.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http {

/// One connection of a client to one server, for one exchange after another. It connects with the first exchange and
/// stays open when the answer lets it. Held by a shared_ptr: timers and the name service refer to it.
/// Executor-bound: call only from `Executor`, which runs one handler at a time (a strand).
template<class Executor, class Transport = tcp_client_transport>
class client_connection : public std::enable_shared_from_this<client_connection<Executor, Transport>> {
  public:
    using error_code = boost::system::error_code;

    client_connection(Executor const& executor, url to, client_options const& options, Transport layer = {})
        : executor_{executor},
          to_{std::move(to)},
          layer_{std::move(layer)},
          connect_deadline_{options.connect_deadline},
          parser_{response_limits{options.header_bytes, options.header_fields, options.body_bytes}},
          watchdog_{executor},
          buffer_(std::max<std::size_t>(smallest_buffer, options.header_bytes + header_slack)) {}

    client_connection(client_connection const&) = delete;
    client_connection& operator=(client_connection const&) = delete;

    /// Sends a header (with its empty line) and a body, and reads the answer into `into`. Completes without an error, or
    /// closes the connection and completes with one: client_error::timed_out when `deadline` passes, stopped after
    /// `close()`, others as they say. One exchange at a time; the views stay valid until it has ended.
    boost::asio::awaitable<error_code, Executor> exchange(std::string_view head, std::span<std::byte const> body,
                                                          bool asks_head, monotonic_time deadline,
                                                          client_response& into) {
        auto const self = this->shared_from_this();
        interruption_ = {};
        parser_.start(asks_head);
        error_code failed;
        if (!is_open_) {
            auto const until = std::min(deadline, std::chrono::steady_clock::now() + connect_deadline_);
            watch(until);
            failed = co_await connect();
        }
        if (!failed) {
            watch(deadline);
            failed = co_await transfer(head, body, into);
        }
        watchdog_.clear();
        failed = interruption_ ? interruption_ : failed;
        bool const is_reusable = !failed && parser_.keeps_alive() && begin_ == end_;
        if (!is_reusable) {
            close_stream();
        }
        co_return failed;
    }

    /// Whether it is connected. A kept connection may have been ended by the server: see `is_stale`.
    bool is_open() const noexcept { return is_open_; }

    /// Whether the server has ended a kept connection, or sent what nobody asked for. One system call.
    bool is_stale() noexcept {
        char byte = 0;
        auto const count = ::recv(Transport::socket(*stream_).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    }

    /// Whether the last exchange ended before any byte of an answer had come.
    bool is_unanswered() const noexcept { return !parser_.has_begun(); }

    /// Lets go of the timer, so that an idle connection keeps no executor busy.
    void settle() { watchdog_.cancel(); }

    /// Ends the connection; an exchange under way completes with `stopped`.
    void close() {
        interrupt(make_error_code(client_error::stopped));
        close_stream();
        watchdog_.cancel();
    }

    /// For the watchdog: the deadline has passed.
    void deadline_passed() { interrupt(make_error_code(client_error::timed_out)); }

  private:
    using tcp = boost::asio::ip::tcp;
    using stream_type = typename Transport::template stream<Executor>;
    using socket_type = boost::asio::basic_stream_socket<tcp, Executor>;
    template<class T>
    using awaitable = boost::asio::awaitable<T, Executor>;

    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable_t<Executor>{});
    static constexpr std::size_t smallest_buffer = 16'384;
    static constexpr std::size_t header_slack = 512; // so that an oversized header shows before the buffer is full

    void watch(monotonic_time deadline) {
        if (deadline != monotonic_time::max()) {
            watchdog_.expires_at(deadline, this->shared_from_this());
        }
    }

    /// Whoever waits sees the operation end, and `interruption_` says why.
    void interrupt(error_code why) {
        interruption_ = interruption_ ? interruption_ : why;
        if (stream_ != nullptr) {
            error_code ignored;
            Transport::socket(*stream_).close(ignored);
        }
        if (waits_for_names_ != nullptr) {
            waits_for_names_->cancel();
        }
    }

    void close_stream() noexcept {
        is_open_ = false;
        begin_ = end_ = 0;
        if (stream_ != nullptr) {
            error_code ignored;
            Transport::socket(*stream_).close(ignored);
        }
    }

    // ---- connecting ----

    awaitable<error_code> connect() {
        begin_ = end_ = 0;
        std::vector<tcp::endpoint> addresses;
        error_code failed;
        if (auto const numeric = net::parse_address(to_.host)) {
            addresses.emplace_back(*numeric, to_.port);
        } else {
            failed = co_await resolve(addresses);
        }
        for (auto const& address : addresses) {
            if (interruption_) {
                break;
            }
            stream_ = layer_.make(executor_, to_);
            auto& socket = Transport::socket(*stream_);
            std::tie(failed) = co_await socket.async_connect(address, token);
            if (!failed) {
                break;
            }
        }
        if (interruption_ || failed) {
            co_return failed;
        }
        configure(Transport::socket(*stream_));
        failed = co_await layer_.shake_hands(*stream_, to_);
        is_open_ = !failed;
        co_return failed;
    }

    static void configure(socket_type& socket) noexcept {
        error_code ignored;
        socket.set_option(tcp::no_delay{true}, ignored);
        socket.non_blocking(true, ignored);
    }

    /// Asks the name service, which cannot be interrupted: a question that takes too long is left to itself.
    awaitable<error_code> resolve(std::vector<tcp::endpoint>& addresses) {
        struct question {
            explicit question(Executor const& on) : resolver{on}, answered{on, monotonic_time::max()} {}
            boost::asio::ip::basic_resolver<tcp, Executor> resolver;
            timer_type answered;
            error_code failed = boost::asio::error::operation_aborted;
            std::vector<tcp::endpoint> found;
        };
        auto const asked = std::make_shared<question>(executor_);
        asked->resolver.async_resolve(to_.host, std::to_string(to_.port),
                                      [asked](error_code failed, auto const& results) {
                                          asked->failed = failed;
                                          for (auto const& each : results) {
                                              asked->found.push_back(each.endpoint());
                                          }
                                          asked->answered.cancel();
                                      });
        waits_for_names_ = &asked->answered;
        co_await asked->answered.async_wait(token);
        waits_for_names_ = nullptr;
        addresses = std::move(asked->found);
        co_return asked->failed;
    }

    // ---- transferring ----

    awaitable<error_code> transfer(std::string_view head, std::span<std::byte const> body, client_response& into) {
        auto failed = co_await write(head, body);
        if (failed && !is_hang_up(failed)) {
            co_return failed;
        }
        bool const is_cut = static_cast<bool>(failed); // a server may answer and close before it has taken everything
        failed = co_await read(into);
        if (!failed && is_cut) {
            close_stream();
        }
        co_return failed;
    }

    static bool is_hang_up(error_code const& failed) noexcept {
        return failed == boost::asio::error::broken_pipe || failed == boost::asio::error::connection_reset;
    }

    /// Writes two pieces in as few system calls as the kernel allows, without copying them.
    awaitable<error_code> write(std::string_view head, std::span<std::byte const> body) {
        std::array<boost::asio::const_buffer, 2> pieces{boost::asio::const_buffer{head.data(), head.size()},
                                                        boost::asio::const_buffer{body.data(), body.size()}};
        if constexpr (!Transport::speaks_tls) {
            error_code failed;
            std::size_t const sent = stream_->write_some(pieces, failed);
            if (sent == head.size() + body.size()) {
                co_return error_code{};
            }
            if (failed && failed != boost::asio::error::would_block) {
                co_return failed;
            }
            std::size_t const of_head = std::min(sent, head.size());
            pieces[0] += of_head;
            pieces[1] += sent - of_head;
        }
        auto const [failed, sent] = co_await boost::asio::async_write(*stream_, pieces, token);
        co_return failed;
    }

    awaitable<error_code> read(client_response& into) {
        for (;;) {
            if (end_ == buffer_.size()) {
                make_room();
            }
            auto const room = boost::asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
            auto const [failed, count] = co_await stream_->async_read_some(room, token);
            end_ += count;
            auto done = parser_.parse({buffer_.data() + begin_, end_ - begin_}, into);
            if (failed && done.outcome == response_parser::state::incomplete) {
                if (!is_end(failed)) {
                    co_return failed;
                }
                done = parser_.finish();
            }
            begin_ += done.consumed;
            if (begin_ == end_) {
                begin_ = end_ = 0;
            }
            if (done.outcome == response_parser::state::complete) {
                co_return error_code{};
            }
            if (done.outcome == response_parser::state::refused) {
                co_return make_error_code(done.reason);
            }
        }
    }

    /// The orderly end of a connection. A TLS peer that ends it without saying so is none: the body may be cut.
    static bool is_end(error_code const& failed) noexcept { return failed == boost::asio::error::eof; }

    void make_room() noexcept {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }

    using timer_type = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                         boost::asio::wait_traits<std::chrono::steady_clock>, Executor>;

    Executor executor_;
    url to_;
    Transport layer_;
    std::chrono::nanoseconds connect_deadline_;
    response_parser parser_;
    net::basic_watchdog<Executor> watchdog_;
    std::unique_ptr<stream_type> stream_;
    timer_type* waits_for_names_ = nullptr;
    error_code interruption_; // why whoever waits has been woken
    std::vector<char> buffer_;
    std::size_t begin_ = 0; // of what is read and not yet used
    std::size_t end_ = 0;
    bool is_open_ = false;
};

} // namespace orfeas::inline v0::http
