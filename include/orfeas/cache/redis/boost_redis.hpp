// SPDX-License-Identifier: MIT
#pragma once

/// Whether Boost.Redis is here (Boost 1.84 and later). Without it this header declares nothing else.
#if __has_include(<boost/redis/connection.hpp>)
#    define ORFEAS_HAS_BOOST_REDIS 1
#else
#    define ORFEAS_HAS_BOOST_REDIS 0
#endif

#if ORFEAS_HAS_BOOST_REDIS

#    include <orfeas/cache/redis/breaker.hpp>
#    include <orfeas/cache/redis/call.hpp>
#    include <orfeas/cache/redis/client.hpp>
#    include <orfeas/cache/redis/connection_options.hpp>
#    include <orfeas/cache/redis/connection_stats.hpp>
#    include <orfeas/cache/redis/error.hpp>
#    include <orfeas/cache/redis/parser.hpp>
#    include <orfeas/cache/redis/reply.hpp>
#    include <orfeas/cache/redis/request.hpp>
#    include <orfeas/core/assert.hpp>
#    include <orfeas/core/clock.hpp>
#    include <orfeas/net/task.hpp>

#    include <boost/asio/as_tuple.hpp>
#    include <boost/asio/co_spawn.hpp>
#    include <boost/asio/error.hpp>
#    include <boost/asio/steady_timer.hpp>
#    include <boost/asio/use_awaitable.hpp>
#    include <boost/redis/connection.hpp>
#    include <boost/redis/error.hpp>
#    include <boost/redis/request.hpp>
#    include <boost/redis/resp3/node.hpp>

#    include <charconv>
#    include <chrono>
#    include <cstddef>
#    include <memory>
#    include <mutex>
#    include <string>
#    include <string_view>
#    include <utility>
#    include <vector>

namespace orfeas::inline v0::cache::redis {

namespace detail {

/// Takes the number and the line end after a sign ("$12\r\n") off the front of a request.
inline std::size_t take_header(std::string_view& bytes) noexcept {
    std::size_t number = 0;
    auto const end = std::from_chars(bytes.data() + 1, bytes.data() + bytes.size(), number).ptr;
    bytes.remove_prefix(static_cast<std::size_t>(end - bytes.data()) + 2);
    return number;
}

/// The same commands as a request of Boost.Redis.
inline boost::redis::request boost_request_of(request const& asked) {
    boost::redis::request made;
    auto rest = asked.bytes();
    std::vector<std::string_view> words;
    while (!rest.empty()) {
        words.resize(take_header(rest));
        for (auto& each : words) {
            auto const size = take_header(rest);
            each = rest.substr(0, size);
            rest.remove_prefix(size + 2);
        }
        if (words.size() == 1) {
            made.push(words.front());
        } else {
            made.push_range(words.front(), words.begin() + 1, words.end());
        }
    }
    return made;
}

/// Where Boost.Redis puts replies: it writes them down as they came, for the parser of this library. (Its own
/// generic_response keeps one error and none of the replies around it.)
struct boost_replies {
    std::string bytes;

    void add(boost::redis::resp3::type type, std::size_t elements, std::string_view text) {
        using enum boost::redis::resp3::type;
        switch (type) {
        case array:
            return add_line('*', std::to_string(elements));
        case push:
            return add_line('>', std::to_string(elements));
        case set:
            return add_line('~', std::to_string(elements));
        case map:
            return add_line('%', std::to_string(elements));
        case attribute:
            return add_line('|', std::to_string(elements));
        case simple_string:
            return add_line('+', text);
        case simple_error:
            return add_line('-', text);
        case number:
            return add_line(':', text);
        case doublean:
            return add_line(',', text);
        case boolean:
            return add_line('#', text);
        case big_number:
            return add_line('(', text);
        case null:
            return add_line('_', {});
        case blob_error:
            return add_blob('!', text);
        case verbatim_string:
            return add_blob('=', text);
        case blob_string:
            return add_blob('$', text);
        default: // streamed strings, which no server sends
            return add_line('?', {});
        }
    }

  private:
    void add_line(char sign, std::string_view text) { bytes.append(1, sign).append(text).append("\r\n"); }
    void add_blob(char sign, std::string_view text) {
        add_line(sign, std::to_string(text.size()));
        bytes.append(text).append("\r\n");
    }
};

/// What Boost.Redis calls for each node of the replies: as the releases up to 1.88 do, and as those since.
class boost_replies_adapter {
  public:
    explicit boost_replies_adapter(boost_replies& to) noexcept : to_{&to} {}

    std::size_t get_supported_response_size() const noexcept { return static_cast<std::size_t>(-1); }

    template<class Node>
    void operator()(std::size_t, Node const& node, boost::system::error_code&) {
        to_->add(node.data_type, node.aggregate_size, node.value);
    }

    void on_init() noexcept {}
    void on_done() noexcept {}
    template<class Node>
    void on_node(Node const& node, boost::system::error_code&) {
        to_->add(node.data_type, node.aggregate_size, node.value);
    }

  private:
    boost_replies* to_;
};

/// Found by Boost.Redis for its argument.
inline boost_replies_adapter boost_redis_adapt(boost_replies& to) noexcept {
    return boost_replies_adapter{to};
}

} // namespace detail

/// A connection of Boost.Redis that the application has already, as a client of one node.
///
///     boost::redis::connection theirs{io};
///     theirs.async_run(config, {}, boost::asio::detached);
///     redis::boost_redis_client cache{theirs, "127.0.0.1:6379"};
///
/// It lends what Boost.Redis has not: a deadline of each call (what was sent is then left to itself, since to cancel it may
/// cost all others the connection), and a breaker. It does not see pushes, losses and reconnections, which are the owner's:
/// it takes no hooks, all results are of generation 0, and a tier in front of it hears of no foreign writes.
///
/// `start` and `stop` leave the connection alone; after `stop` calls fail with shut_down. The connection outlives this
/// object and all calls. One source of the program includes <boost/redis/src.hpp>.
/// Thread-safe, where the connection's executor runs one handler at a time (an io_context of one thread, or a strand).
class boost_redis_client {
  public:
    /// `name` is how reports call the server. Of the options `call_deadline`, `reply_bytes`, `reply_values` and `breaker`
    /// count. Throws option_error for options out of range.
    explicit boost_redis_client(boost::redis::connection& connection, std::string name,
                                connection_options const& options = {})
        : over_{connection}, name_{std::move(name)}, options_{options}, breaker_{options.breaker} {
        validate(options_);
    }

    void start() noexcept {}

    task<> stop() {
        std::scoped_lock const hold{mutex_};
        is_stopped_ = true;
        co_return;
    }

    task<node_result> execute(access, std::string_view, request const& asked, response reused = {}) {
        return execute_on(0, asked, std::move(reused));
    }

    /// `node` is 0.
    task<node_result> execute_on(node_number node, request const& asked, response reused = {}) {
        ORFEAS_ASSERT(node == 0, "the number of a node");
        node_result got;
        got.replies = std::move(reused);
        got.error = refusal_of(clock_now());
        if (got.error) {
            co_return got;
        }
        auto const sent = std::make_shared<flight>(over_.get_executor(), detail::boost_request_of(asked));
        sent->timer.expires_at(clock_now() + options_.call_deadline);
        auto waiting = wait_for(over_, sent);
        got.error =
            co_await boost::asio::co_spawn(over_.get_executor(), std::move(waiting), boost::asio::use_awaitable);
        got.replies.clear();
        if (!got.error) {
            got.error = read(sent->replies.bytes, asked.commands(), got.replies);
        }
        count(got.error, clock_now());
        co_return got;
    }

    node_number node_of(std::string_view) const noexcept { return 0; }
    std::vector<node_number> primaries() const { return {0}; }

    /// `connected`: the last call was answered.
    std::vector<node_report> nodes() const {
        std::scoped_lock const hold{mutex_};
        auto all = stats_;
        all.breaker = breaker_.state();
        all.breaker_openings = breaker_.openings();
        return {{name_, true, all}};
    }

  private:
    using error_code = boost::system::error_code;

    /// A request on its way, which its caller may have left.
    struct flight {
        flight(boost::asio::any_io_executor const& on, boost::redis::request commands)
            : asked{std::move(commands)}, timer{on} {}

        boost::redis::request asked;
        detail::boost_replies replies{};
        boost::asio::steady_timer timer;
        error_code failed{};
        bool is_done = false;
    };

    static monotonic_time clock_now() noexcept { return std::chrono::steady_clock::now(); }

    /// On the connection's executor.
    static task<error_code> wait_for(boost::redis::connection& over, std::shared_ptr<flight> sent) {
        over.async_exec(sent->asked, sent->replies, [sent](error_code failed, std::size_t) {
            sent->failed = failed;
            sent->is_done = true;
            sent->timer.cancel();
        });
        auto const [ended] = co_await sent->timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
        if (!sent->is_done) {
            co_return ended ? ended : error_code{make_error_code(error::timed_out)};
        }
        bool const is_lost =
            sent->failed == boost::asio::error::operation_aborted || sent->failed == boost::asio::error::eof;
        if (is_lost) {
            co_return make_error_code(error::connection_lost);
        }
        if (sent->failed == boost::redis::error::not_connected) {
            co_return make_error_code(error::not_connected);
        }
        co_return sent->failed;
    }

    error_code read(std::string_view bytes, std::size_t replies, response& to) const {
        parser reads{options_.limits().reply};
        for (; replies > 0; --replies) {
            auto const step = reads.parse(bytes, &to, nullptr);
            if (step.state != parse_state::reply) {
                to.clear();
                return make_error_code(error::protocol_violation);
            }
            bytes.remove_prefix(step.consumed);
        }
        return {};
    }

    error_code refusal_of(monotonic_time now) {
        std::scoped_lock const hold{mutex_};
        ++stats_.calls;
        if (is_stopped_) {
            return make_error_code(error::shut_down);
        }
        if (!breaker_.admit(now)) {
            ++stats_.refusals;
            return make_error_code(error::breaker_open);
        }
        return {};
    }

    void count(error_code outcome, monotonic_time now) {
        if (outcome == boost::asio::error::operation_aborted) { // the caller's doing
            return;
        }
        std::scoped_lock const hold{mutex_};
        stats_.connected = !outcome;
        if (!outcome) {
            return breaker_.succeeded(1, now);
        }
        stats_.timeouts += outcome == make_error_code(error::timed_out) ? 1U : 0U;
        ++stats_.failures;
        breaker_.failed(1, now);
    }

    boost::redis::connection& over_;
    std::string const name_;
    connection_options const options_;
    std::mutex mutable mutex_; // of what follows
    redis::breaker breaker_;
    connection_stats stats_{};
    bool is_stopped_ = false;
};
static_assert(client<boost_redis_client>);

} // namespace orfeas::inline v0::cache::redis

#endif
