// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/clock.hpp>
#include <orfeas/http/request.hpp>
#include <orfeas/http/server_stats.hpp>
#include <orfeas/http/websocket.hpp>
#include <orfeas/http/websocket_outbox.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/net/token_bucket.hpp>
#include <orfeas/net/watchdog.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace orfeas::inline v0::http::detail {

/// A WebSocket over Beast: a thin shell around websocket_outbox. One read loop, which ends the session, and at most one
/// write at a time. Compression is off: it costs 100 KB a connection.
/// The members of websocket_session are thread-safe; the others are executor-bound: call only from the strand that
/// `Executor` is or holds.
template<class Executor>
class websocket_connection final : public websocket_session,
                                   public std::enable_shared_from_this<websocket_connection<Executor>> {
  public:
    using socket_type = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;

    /// `counters` outlive the session through `keeps`.
    websocket_connection(socket_type socket, websocket_options const& options, server_counters& counters,
                         std::shared_ptr<void const> keeps)
        : stream_{std::move(socket)},
          watchdog_{stream_.get_executor()},
          options_{options},
          counters_{counters},
          keeps_{std::move(keeps)},
          outbox_{options.queue},
          rate_{options.messages_per_second, options.message_burst, now()} {}

    void send(payload message) override {
        on_strand([message = std::move(message)](websocket_connection& self) mutable {
            if (self.closing_) {
                return;
            }
            if (!self.outbox_.push(std::move(message))) {
                return self.begin_close(close_code::try_again_later, "too many messages wait");
            }
            self.pump();
        });
    }

    void send_latest(payload message) override {
        on_strand([message = std::move(message)](websocket_connection& self) mutable {
            if (self.closing_) {
                return;
            }
            if (self.outbox_.replace_latest(std::move(message))) {
                self.skipped_.fetch_add(1, std::memory_order_relaxed);
                server_counters::add(self.counters_.websocket_skipped_total);
            }
            if (self.outbox_.is_stalled(now(), self.options_.stall_deadline)) {
                return self.begin_close(close_code::try_again_later, "messages are not read");
            }
            self.pump();
        });
    }

    std::uint64_t skipped() const noexcept override { return skipped_.load(std::memory_order_relaxed); }

    void close(close_code code, std::string_view reason) override {
        std::string text{reason.substr(0, 123)};
        boost::asio::post(stream_.get_executor(), [self = this->shared_from_this(), code, text = std::move(text)] {
            if (self->is_open_) {
                self->begin_close(code, text);
            } else {
                self->code_ = code;
                self->closes_at_once_ = true; // the handshake is under way, or all is over
            }
        });
    }

    void on_message(std::function<void(std::string_view)> callback) override { on_message_ = std::move(callback); }
    void on_close(std::function<void(close_code)> callback) override { on_close_ = std::move(callback); }

    /// The session from handshake to end. `q` lives until then, `on_open` at least until it has been called.
    task<void> run(request const& q, websocket_handler const& on_open) {
        namespace asio = boost::asio;
        boost::system::error_code failed;
        lowest().set_option(asio::socket_base::send_buffer_size{options_.send_buffer_bytes}, failed);
        configure();
        auto const upgrade = handshake_of(q);
        try {
            std::tie(failed) = co_await stream_.async_accept(upgrade, asio::as_tuple(asio::use_awaitable));
            if (!failed) {
                open(q, on_open);
                failed = co_await read_all();
            }
        } catch (boost::system::system_error const& cancelled) {
            failed = cancelled.code();
        }
        end(failed);
    }

    /// Ends the session without a closing handshake.
    void abort() noexcept {
        boost::system::error_code ignored;
        lowest().close(ignored);
    }

    /// The closing handshake has taken too long.
    void deadline_passed() noexcept { abort(); }

  private:
    static monotonic_time now() noexcept { return std::chrono::steady_clock::now(); }

    socket_type& lowest() noexcept { return stream_.next_layer(); }

    template<class Action>
    void on_strand(Action action) {
        boost::asio::post(stream_.get_executor(),
                          [self = this->shared_from_this(), action = std::move(action)]() mutable {
                              if (self->is_open_) {
                                  action(*self);
                              }
                          });
    }

    void configure() {
        using base = boost::beast::websocket::stream_base;
        base::timeout limits{};
        limits.handshake_timeout = options_.close_deadline;
        limits.idle_timeout = options_.idle_deadline;
        limits.keep_alive_pings = true;
        stream_.set_option(limits);
        stream_.auto_fragment(false); // else a message above 4 KiB goes out in several writes
        stream_.text(true);
        stream_.read_message_max(options_.message_bytes);
        stream_.control_callback([this](boost::beast::websocket::frame_type kind, boost::beast::string_view) {
            if (kind == boost::beast::websocket::frame_type::close && !closing_) { // it may not end what it has closed
                watchdog_.expires_at(now() + options_.close_deadline, this->shared_from_this());
            }
        });
    }

    static auto handshake_of(request const& q) {
        namespace beast_http = boost::beast::http;
        beast_http::request<beast_http::empty_body> upgrade;
        upgrade.method(beast_http::verb::get);
        upgrade.target(boost::beast::string_view{q.target().data(), q.target().size()});
        upgrade.version(11);
        for (std::size_t i = 0; i < q.field_count(); ++i) {
            auto const [name, value] = q.field_at(i);
            upgrade.insert(boost::beast::string_view{name.data(), name.size()},
                           boost::beast::string_view{value.data(), value.size()});
        }
        return upgrade;
    }

    void open(request const& q, websocket_handler const& on_open) {
        server_counters::add(counters_.websocket_sessions);
        is_open_ = true;
        try {
            on_open(q, this->shared_from_this());
        } catch (std::exception const&) {
            begin_close(close_code::internal_error, {});
        }
        if (closes_at_once_) {
            begin_close(code_, {});
        }
    }

    /// Reads messages until the session ends; says how it ended.
    task<boost::system::error_code> read_all() {
        namespace asio = boost::asio;
        boost::beast::flat_buffer received{options_.message_bytes};
        for (;;) {
            auto const [failed, bytes] = co_await stream_.async_read(received, asio::as_tuple(asio::use_awaitable));
            if (failed) {
                co_return failed;
            }
            server_counters::add(counters_.received_bytes_total, bytes);
            if (!closing_) {
                deliver({static_cast<char const*>(received.data().data()), received.size()});
            }
            received.consume(received.size());
        }
    }

    void deliver(std::string_view message) {
        if (!rate_.take(now())) {
            return begin_close(close_code::policy_violation, "too many messages");
        }
        if (!on_message_) {
            return;
        }
        try {
            on_message_(message);
        } catch (std::exception const&) {
            begin_close(close_code::internal_error, {});
        }
    }

    /// Writes the next message when none is on its way.
    void pump() {
        if (auto message = outbox_.take(now())) {
            auto const bytes = boost::asio::buffer(*message);
            stream_.async_write(bytes, [self = this->shared_from_this(),
                                        message = std::move(message)](boost::system::error_code failed, std::size_t) {
                self->outbox_.sent();
                if (failed) {
                    return;
                }
                server_counters::add(self->counters_.websocket_messages_total);
                server_counters::add(self->counters_.sent_bytes_total, message->size());
                if (self->is_open_ && !self->closing_) {
                    self->pump();
                }
            });
        }
    }

    void begin_close(close_code code, std::string_view reason) {
        if (closing_) {
            return;
        }
        closing_ = true;
        code_ = code;
        watchdog_.expires_at(now() + options_.close_deadline, this->shared_from_this());
        boost::beast::websocket::close_reason why{static_cast<std::uint16_t>(code)};
        why.reason.assign(reason.data(), reason.size());
        stream_.async_close(why, [self = this->shared_from_this()](boost::system::error_code) {});
    }

    void end(boost::system::error_code failed) {
        watchdog_.cancel();
        abort();
        if (!std::exchange(is_open_, false)) {
            return;
        }
        server_counters::subtract(counters_.websocket_sessions);
        if (!closing_) {
            code_ = code_of_end(failed);
        }
        if (on_close_) {
            std::exchange(on_close_, nullptr)(code_);
        }
        on_message_ = nullptr; // lets go of what the application keeps, its handle to this session among it
    }

    /// Why the session ended, when this side did not end it.
    close_code code_of_end(boost::system::error_code failed) const {
        namespace websocket = boost::beast::websocket;
        if (stream_.reason().code != websocket::close_code::none) {
            return static_cast<close_code>(stream_.reason().code);
        }
        if (failed == websocket::error::closed) {
            return close_code::no_status;
        }
        return failed == websocket::error::message_too_big ? close_code::message_too_big : close_code::abnormal;
    }

    boost::beast::websocket::stream<socket_type, false> stream_;
    net::basic_watchdog<Executor> watchdog_;
    websocket_options options_;
    server_counters& counters_;
    std::shared_ptr<void const> keeps_;
    websocket_outbox outbox_;
    net::token_bucket rate_;
    std::function<void(std::string_view)> on_message_;
    std::function<void(close_code)> on_close_;
    std::atomic<std::uint64_t> skipped_{0};
    close_code code_ = close_code::abnormal;
    bool is_open_ = false;
    bool closing_ = false;
    bool closes_at_once_ = false;
};

} // namespace orfeas::inline v0::http::detail
