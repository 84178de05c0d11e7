// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/chunk_decoder.hpp>
#include <orfeas/http/conditional.hpp>
#include <orfeas/http/detail/server_core.hpp>
#include <orfeas/http/detail/websocket_connection.hpp>
#include <orfeas/http/head_parser.hpp>
#include <orfeas/http/problem.hpp>
#include <orfeas/http/response_head.hpp>
#include <orfeas/net/deadline.hpp>
#include <orfeas/net/watchdog.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::http::detail {

/// One connection of a server: reads requests, has them answered, writes the answers, until one side has enough.
/// Executor-bound: call only from its strand, except `stop_when_idle` and `abort`, which are thread-safe.
template<class Executor, class Observer>
class connection : public std::enable_shared_from_this<connection<Executor, Observer>> {
  public:
    using core_type = server_core<Executor, Observer>;
    using strand_type = typename core_type::strand_type;
    using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, strand_type>;
    using executor_type = boost::asio::any_io_executor; // of a WebSocket: Beast 1.81 knows no strand of one of these

    connection(std::shared_ptr<core_type> core, socket_type socket, boost::asio::ip::address const& from)
        : peer{from},
          core_{std::move(core)},
          strand_{socket.get_executor()},
          socket_{std::move(socket)},
          watchdog_{strand_},
          parser_{core_->options.limits()},
          buffer_(core_->options.header_bytes + header_slack) {
        request_.set_peer(peer.to_string(), net::is_loopback(peer));
    }

    boost::asio::ip::address const peer; ///< under which the server counts it

    /// Cancels the handler in flight; emitted on the server's strand.
    boost::asio::cancellation_signal cancellation;

    /// The whole life of the connection.
    task<void> run() {
        auto const self = this->shared_from_this();
        try {
            configure();
            bool more = true;
            while (more) {
                more = co_await serve_request();
            }
            if (lingers_) {
                co_await linger();
            }
        } catch (std::exception const&) {
            // Cancelled by a stop that ran out of time, or out of memory: the peer sees the connection end.
        }
        watchdog_.cancel();
        close();
    }

    /// Ends the connection at the next moment at which nothing is lost.
    void stop_when_idle() {
        boost::asio::post(strand_, [self = this->shared_from_this()] {
            boost::system::error_code ignored;
            if (self->websocket_) {
                self->websocket_->close(close_code::going_away, "the server stops");
            } else if (self->is_idle_) {
                self->socket_.cancel(ignored);
            }
        });
    }

    /// Ends the connection now.
    void abort() {
        boost::asio::post(strand_, [self = this->shared_from_this()] {
            if (self->websocket_) {
                self->websocket_->abort();
            }
            self->close();
        });
    }

    /// A peer has taken too long; whoever waits for it sees the operation end.
    void deadline_passed() {
        boost::system::error_code ignored;
        is_late_ = true;
        socket_.cancel(ignored);
    }

  private:
    enum class reading { done, refused, gone };

    static constexpr std::size_t header_slack = 512; // so that an oversized header shows before the buffer is full
    static constexpr auto token = boost::asio::as_tuple(boost::asio::use_awaitable);

    static monotonic_time now() noexcept { return std::chrono::steady_clock::now(); }

    void configure() {
        boost::system::error_code ignored;
        socket_.set_option(boost::asio::ip::tcp::no_delay{true}, ignored);
        socket_.non_blocking(true, ignored);
    }

    void watch(monotonic_time deadline) { watchdog_.expires_at(deadline, this->shared_from_this()); }

    void close() noexcept {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

    // ---- one request ----

    /// Serves one request; true when the connection may carry another.
    task<bool> serve_request() {
        auto const head = co_await read_head();
        if (head == reading::gone) {
            co_return false;
        }
        omits_content_ = head == reading::done && request_.method() == "HEAD";
        if (head == reading::refused) {
            co_return co_await answer_and_close(refused_answer(nullptr));
        }
        server_counters::add(core_->counters.requests_total);
        auto matched = core_->router.match(request_.method(), request_.path());
        endpoint const* const route = matched.endpoint;
        request_.set_path_parameters(std::move(matched.parameters));
        bool const is_websocket = route != nullptr && route->on_open;
        if (auto const reason = core_->gate.admit(request_, route ? route->role : role::reader, is_websocket)) {
            refusal_ = *reason;
            co_return co_await refuse(route);
        }
        if (is_websocket) {
            co_return co_await serve_websocket(*route);
        }
        if (route == nullptr && request_.has_body()) {
            refusal_ = matched.allowed.empty() ? refusal::no_route : refusal::method_not_allowed;
            co_return co_await refuse(route, matched.allowed);
        }
        if (request_.has_body()) {
            auto const body = co_await read_body(*route);
            if (body == reading::gone) {
                co_return false;
            }
            if (body == reading::refused) {
                co_return co_await answer_and_close(refused_answer(route));
            }
        }
        watchdog_.clear();
        auto const answer = co_await observed_answer(route, matched.pattern, matched.allowed);
        co_return co_await write(answer, request_.keeps_alive() && !core_->is_stopping());
    }

    /// Answers a request that goes no further. Unless a body is still to come, the connection goes on.
    task<bool> refuse(endpoint const* route, std::string_view allowed = {}) {
        bool const goes_on = !request_.has_body() && request_.keeps_alive() && !core_->is_stopping();
        auto const answer = refused_answer(route, allowed);
        watchdog_.clear();
        co_return co_await write(answer, goes_on);
    }

    task<bool> answer_and_close(response answer) { co_return co_await write(answer, false); }

    /// The document that tells why `refusal_`.
    response refused_answer(endpoint const* route, std::string_view allowed = {}) const {
        core_->counters.refused(refusal_);
        problem why{refusal_};
        auto const& options = core_->options;
        auto const at_most = [](std::uint64_t n, char const* what) { return "at most " + std::to_string(n) + what; };
        switch (refusal_) {
        case refusal::body_too_large:
            why.field("body").allowed(at_most(core_->body_limit(route), " bytes"));
            break;
        case refusal::target_too_long:
            why.field("target").allowed(at_most(options.target_bytes, " bytes"));
            break;
        case refusal::header_too_large:
            why.field("header").allowed(at_most(options.header_bytes, " bytes"));
            break;
        case refusal::too_many_fields:
            why.field("header").allowed(at_most(options.header_fields, " fields"));
            break;
        case refusal::method_not_allowed:
            why.field("method").allowed(allowed).set("allow", allowed);
            break;
        case refusal::unauthorized:
            why.set("www-authenticate", "Bearer, Basic realm=\"orfeas\"");
            break;
        case refusal::upgrade_required:
            why.set("upgrade", "websocket").set("connection", "upgrade").set("sec-websocket-version", "13");
            break;
        case refusal::subscriber_limit:
            why.set("retry-after", "5");
            break;
        default:
            break;
        }
        return why.response();
    }

    /// The route's answer as the observer lets it pass; throws only when the server has cancelled it.
    task<response> observed_answer(endpoint const* route, std::string_view pattern, std::string_view allowed) {
        auto const call = [this, route, allowed]() -> task<response> {
            return route != nullptr ? route->answer(request_) : unrouted_answer(allowed);
        };
        next_handler const next{call};
        std::exception_ptr failure;
        try {
            auto answer = co_await core_->observer.around(request_, pattern, next);
            apply_condition(request_, answer);
            co_return answer;
        } catch (...) {
            failure = std::current_exception();
        }
        auto const cancelled = co_await boost::asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != boost::asio::cancellation_type::none) {
            core_->log(severity::warning, "http", "handler_cancelled", {{"route", pattern}});
            std::rethrow_exception(failure);
        }
        co_return failed_answer(pattern, failure);
    }

    task<response> unrouted_answer(std::string_view allowed) {
        if (!allowed.empty() && request_.method() == "OPTIONS") {
            co_return response{status::no_content}.set("allow", allowed);
        }
        refusal_ = allowed.empty() ? refusal::no_route : refusal::method_not_allowed;
        co_return refused_answer(nullptr, allowed);
    }

    /// The answer in the place of one that was not given: says nothing of the failure to the peer, and all to the log.
    response failed_answer(std::string_view pattern, std::exception_ptr const& failure) const {
        std::string what = "not a std::exception";
        try {
            std::rethrow_exception(failure);
        } catch (problem_error const& told) {
            return told.problem().response();
        } catch (std::exception const& error) {
            what = error.what();
        } catch (...) { // whatever it is, it has no text
        }
        core_->log(severity::error, "http", "handler_failed", {{"route", pattern}, {"error", what}});
        return problem{status::internal_server_error}.detail("The server failed to answer this request.").response();
    }

    // ---- reading ----

    std::string_view unread() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

    /// Reads one header into `request_`.
    task<reading> read_head() {
        bool waits = begin_ == end_ && served_ > 0; // for a further request; the first one has no time to be idle
        watch(now() + (waits ? core_->options.idle_deadline : core_->options.header_deadline));
        for (;;) {
            auto const parsed = parser_.parse(unread(), request_);
            if (parsed.outcome == head_parser::state::complete) {
                begin_ += parsed.bytes;
                ++served_;
                co_return reading::done;
            }
            if (parsed.outcome == head_parser::state::refused) {
                refusal_ = parsed.reason;
                co_return reading::refused;
            }
            if (waits && core_->is_stopping()) {
                co_return reading::gone;
            }
            is_idle_ = waits;
            bool const more = co_await read_some();
            is_idle_ = false;
            if (is_late_) {
                is_late_ = false;
                refusal_ = refusal::timed_out;
                co_return begin_ == end_ ? reading::gone : reading::refused;
            }
            if (!more) {
                co_return reading::gone;
            }
            if (std::exchange(waits, false)) {
                watch(now() + core_->options.header_deadline);
            }
        }
    }

    /// Reads what has come, into the space behind what is unread; false when the peer has gone or the server stops.
    task<bool> read_some() {
        if (begin_ > 0) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= std::exchange(begin_, 0);
        }
        auto const space = boost::asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
        auto const result = co_await socket_.async_read_some(space, token);
        auto [failed, count] = result;
        if (failed == boost::asio::error::operation_aborted && !is_late_ && socket_.is_open()) {
            count = socket_.read_some(space, failed); // stopping: a request that has come already is still served
        }
        end_ += count;
        server_counters::add(core_->counters.received_bytes_total, count);
        co_return !failed;
    }

    /// Reads the body that the header announces.
    task<reading> read_body(endpoint const& route) {
        std::uint64_t const limit = core_->body_limit(&route);
        if (request_.content_length().value_or(0) > limit) {
            refusal_ = refusal::body_too_large;
            co_return reading::refused;
        }
        if (request_.expects_continue() && request_.minor_version() == 1 && begin_ == end_) {
            constexpr std::span<std::byte const> nothing;
            bool const asked = co_await write_bytes("HTTP/1.1 100 Continue\r\n\r\n", nothing);
            if (!asked) {
                co_return reading::gone;
            }
        }
        net::progress_deadline pace{now(), core_->body_allowance()};
        watch(pace.expiry());
        if (request_.is_chunked()) {
            co_return co_await read_chunks(limit, pace);
        }
        co_return co_await read_counted(static_cast<std::size_t>(*request_.content_length()), pace);
    }

    /// Reads a body of known length straight to where it stays.
    task<reading> read_counted(std::size_t length, net::progress_deadline& pace) {
        std::shared_ptr<std::byte[]> const data = std::make_shared_for_overwrite<std::byte[]>(length);
        std::size_t filled = std::min(length, end_ - begin_);
        std::memcpy(data.get(), buffer_.data() + begin_, filled);
        begin_ += filled;
        while (filled < length) {
            auto const space = boost::asio::buffer(data.get() + filled, length - filled);
            auto const [failed, count] = co_await socket_.async_read_some(space, token);
            filled += count;
            server_counters::add(core_->counters.received_bytes_total, count);
            if (failed || is_late_) {
                co_return body_stopped();
            }
            pace.progress(count, now());
            watch(pace.expiry());
        }
        request_.set_body({{data.get(), length}, data});
        co_return reading::done;
    }

    task<reading> read_chunks(std::uint64_t limit, net::progress_deadline& pace) {
        auto const data = std::make_shared<std::vector<std::byte>>();
        chunk_decoder decoder{limit};
        for (;;) {
            auto const decoded = decoder.decode(unread(), *data);
            begin_ += decoded.consumed;
            if (decoded.outcome == chunk_decoder::state::refused) {
                refusal_ = decoded.reason;
                co_return reading::refused;
            }
            if (decoded.outcome == chunk_decoder::state::complete) {
                request_.set_body(shared_bytes::of(data));
                co_return reading::done;
            }
            bool const more = co_await read_some();
            if (!more || is_late_) {
                co_return body_stopped();
            }
            pace.progress(end_ - begin_, now());
            watch(pace.expiry());
        }
    }

    reading body_stopped() noexcept {
        refusal_ = refusal::timed_out;
        return std::exchange(is_late_, false) ? reading::refused : reading::gone;
    }

    // ---- writing ----

    /// Writes an answer; true when the connection may carry another request.
    task<bool> write(response const& answer, bool goes_on) {
        core_->counters.answered(answer.status());
        head_.clear();
        append_response_head(head_, answer, goes_on, date_.at(std::chrono::system_clock::now()));
        bool const has_body =
            !omits_content_ && answer.status() != status::no_content && answer.status() != status::not_modified;
        auto const content = has_body ? answer.body().bytes() : std::span<std::byte const>{};
        bool const written = co_await write_bytes(head_, content);
        lingers_ = written && !goes_on;
        co_return written&& goes_on;
    }

    /// Writes two pieces in as few system calls as the kernel allows, without copying them.
    task<bool> write_bytes(std::string_view head, std::span<std::byte const> content) {
        std::optional<net::progress_deadline> pace; // most answers go out at once
        for (;;) {
            boost::system::error_code failed;
            std::array<boost::asio::const_buffer, 2> const pieces{
                boost::asio::const_buffer{head.data(), head.size()},
                boost::asio::const_buffer{content.data(), content.size()}};
            std::size_t const count = socket_.write_some(pieces, failed);
            server_counters::add(core_->counters.sent_bytes_total, count);
            std::size_t const of_head = std::min(count, head.size());
            head.remove_prefix(of_head);
            content = content.subspan(count - of_head);
            if (head.empty() && content.empty()) {
                co_return true;
            }
            if (failed && failed != boost::asio::error::would_block) {
                co_return false;
            }
            if (!pace) {
                pace.emplace(now(), core_->write_allowance());
            }
            pace->progress(count, now());
            watch(pace->expiry());
            auto const [broken] = co_await socket_.async_wait(socket_type::wait_write, token);
            if (broken || is_late_) {
                co_return false;
            }
        }
    }

    /// Keeps the connection half open until the peer has seen the last answer: closing with unread input would reset it.
    task<void> linger() {
        boost::system::error_code ignored;
        socket_.shutdown(socket_type::shutdown_send, ignored);
        is_late_ = false;
        watch(now() + core_->options.linger_deadline);
        for (;;) {
            auto const [failed, count] = co_await socket_.async_read_some(boost::asio::buffer(buffer_), token);
            if (failed || is_late_) {
                co_return;
            }
        }
    }

    // ---- WebSocket ----

    task<bool> serve_websocket(endpoint const& route) {
        auto reason = refuse_upgrade(request_);
        if (!reason && begin_ != end_) {
            reason = refusal::malformed_upgrade; // nothing may follow before the handshake is answered
        }
        if (!reason && route.sessions->fetch_add(1) >= route.websocket.subscribers) {
            route.sessions->fetch_sub(1);
            reason = refusal::subscriber_limit;
        }
        if (reason) {
            refusal_ = *reason;
            co_return co_await refuse(&route);
        }
        watchdog_.cancel();
        std::vector<char>{}.swap(buffer_);
        websocket_ = std::make_shared<websocket_connection<executor_type>>(std::move(socket_), route.websocket,
                                                                           core_->counters, core_);
        if (core_->is_stopping()) {
            websocket_->close(close_code::going_away, "the server stops");
        }
        core_->counters.answered(status::switching_protocols);
        struct leave {
            std::atomic<std::size_t>& sessions;
            ~leave() { sessions.fetch_sub(1); }
        } const leaving{*route.sessions};
        co_await websocket_->run(request_, route.on_open);
        co_return false;
    }

    std::shared_ptr<core_type> core_;
    strand_type strand_;
    socket_type socket_;
    net::basic_watchdog<strand_type> watchdog_;
    std::shared_ptr<websocket_connection<executor_type>> websocket_;
    head_parser parser_;
    request request_;
    std::string head_;
    date_text date_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0; // of what is read and not yet used
    std::size_t end_ = 0;
    std::uint64_t served_ = 0;
    refusal refusal_{};
    bool is_idle_ = false; // waits for the first byte of a further request
    bool is_late_ = false; // the watchdog has fired
    bool lingers_ = false;
    bool omits_content_ = false; // answers HEAD
};

} // namespace orfeas::inline v0::http::detail
