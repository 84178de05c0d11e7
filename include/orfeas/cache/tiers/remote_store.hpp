// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/client.hpp>
#include <orfeas/cache/redis/error.hpp>
#include <orfeas/cache/redis/request.hpp>
#include <orfeas/cache/tiers/origin.hpp>
#include <orfeas/core/log.hpp>
#include <orfeas/net/gather.hpp>
#include <orfeas/net/task.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orfeas::inline v0::cache::detail {

/// What became of a write to a server.
enum class write_outcome : std::uint8_t {
    stored,
    refused,  ///< something else than the writer has seen stands under the key
    rejected, ///< the server, or the client, does not take it and never will
    failed,   ///< the server could not be asked in time: nobody knows
};

/// What the servers of a remote tier are asked, in bytes. Each question is one command on one key, so that it can follow a
/// key through a cluster.
///
/// A key is watched by its server from the moment it is read over the connection (CLIENT TRACKING); a write takes the watch
/// away, also the own one where NOLOOP keeps it silent. So each write reads its key again, in one script: what this process
/// wrote, it hears of when others change it.
/// Thread-safe.
class remote_store {
  public:
    /// What stands under a key; the view is into the answer that comes with it.
    struct reading {
        bool answered = false;
        std::optional<std::string_view> bytes{};
        origin from{};
        redis::response held{};
    };

    struct writing {
        write_outcome outcome = write_outcome::failed;
        origin from{};
    };

    struct counters {
        std::atomic<std::uint64_t> reads{0};
        std::atomic<std::uint64_t> read_failures{0};
        std::atomic<std::uint64_t> writes{0};
        std::atomic<std::uint64_t> write_failures{0};
        std::atomic<std::uint64_t> refused_writes{0};
    };

    /// With `tracked`, the connections have been told to keep watch, and `epochs` of their changes.
    remote_store(redis::any_client client, node_epochs const& epochs, bool tracked, logger log)
        : client_{std::move(client)}, epochs_{epochs}, tracked_{tracked}, log_{std::move(log)} {}

    redis::any_client& client() noexcept { return client_; }
    redis::any_client const& client() const noexcept { return client_; }
    counters const& counts() const noexcept { return counters_; }

    /// Who watches over an entry that is read or written from now on; to be asked before.
    origin watch(std::string_view key) const { return tracked_ ? epochs_.now(client_.node_of(key)) : origin{}; }

    task<reading> read(std::string const& key) {
        origin const before = watch(key);
        redis::request get;
        get.append("GET", key);
        redis::node_result got = co_await client_.execute(redis::access::read, key, get);
        co_return judge_reading(std::move(got), 0, before);
    }

    /// Reads many keys at once, those of one server in one piece; `each(index, reading const&)` is called for each, from
    /// coroutines of several servers one after the other where the caller's executor is a strand, else possibly at once.
    template<class Each>
    task<> read_many(std::vector<std::string> const& keys, Each& each) {
        std::vector<std::size_t> order(keys.size());
        std::vector<redis::node_number> nodes(keys.size());
        for (std::size_t i = 0; i < keys.size(); ++i) {
            order[i] = i;
            nodes[i] = client_.node_of(keys[i]);
        }
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return nodes[a] != nodes[b] ? nodes[a] < nodes[b] : a < b; });
        std::vector<task<>> groups;
        for (std::size_t begin = 0; begin < order.size();) {
            std::size_t end = begin;
            while (end < order.size() && end - begin < batch && nodes[order[end]] == nodes[order[begin]]) {
                ++end;
            }
            std::vector<std::size_t> members(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                             order.begin() + static_cast<std::ptrdiff_t>(end));
            groups.push_back(read_group(nodes[order[begin]], keys, std::move(members), each));
            begin = end;
        }
        co_await net::gather(std::move(groups));
    }

    /// Writes an envelope that lives for `life`. With a witness (the last eight bytes of what was seen under the key, none
    /// of them if there was nothing) only if the same still stands there.
    task<writing> write(std::string const& key, std::string_view bytes, std::chrono::nanoseconds life,
                        std::optional<std::string_view> witness) {
        counters_.writes.fetch_add(1, std::memory_order_relaxed);
        origin const before = watch(key);
        redis::request set;
        append_write(set, key, bytes, life, witness);
        redis::node_result got = co_await client_.execute(redis::access::write, key, set);
        co_return judge_writing(got, before);
    }

    /// Removes a key without a trace.
    task<bool> unlink(std::string const& key) {
        redis::request asked;
        asked.append("UNLINK", key);
        redis::node_result const got = co_await client_.execute(redis::access::write, key, asked);
        co_return got&& got.replies.front().number() == 1;
    }

    /// The generation of a tag, made if there is none: `now` in microseconds. With `advance` it moves on.
    task<std::optional<std::uint64_t>> tag_generation(std::string const& key, std::uint64_t now, bool advance,
                                                      origin& from) {
        from = watch(key);
        redis::request asked;
        asked.append("EVAL", tag_script, 1, key, now, advance ? 1 : 0);
        redis::node_result const got = co_await client_.execute(redis::access::write, key, asked);
        from = watched(from, got.node);
        auto const generation = got ? number_of(got.replies.front().text()) : std::nullopt;
        co_return generation;
    }

    /// The nodes that together hold all keys; empty if they cannot be found out now. A client that has not heard of them
    /// yet, of a cluster or from Sentinels, has the time of a call.
    task<std::vector<redis::node_number>> primaries() {
        auto found = client_.primaries();
        if (found.empty()) {
            std::string const any = "orfeas";
            redis::request asked;
            asked.append("EXISTS", any);
            co_await client_.execute(redis::access::write, any, asked); // to the primary, whatever it says
            found = client_.primaries();
        }
        co_return found;
    }

    /// What whoever walks says of a part.
    enum class part_outcome : std::uint8_t {
        go_on,
        enough, ///< of this server's keys
        failed, ///< the server did not do what was asked
    };

    /// A part of a walk over the keys of one server that match a pattern.
    struct page {
        bool answered = false;
        std::string cursor = "0"; ///< where the next part begins; "0" at the end
        std::vector<std::string> keys{};
    };

    task<page> scan(redis::node_number node, std::string const& cursor, std::string const& pattern) {
        redis::request asked;
        asked.append("SCAN", cursor, "MATCH", pattern, "COUNT", keys_a_scan);
        redis::node_result const got = co_await client_.execute_on(node, asked);
        page found;
        if (got && got.replies.front().size() == 2) {
            auto const answer = got.replies.front();
            found.answered = true;
            found.cursor = std::string{answer[0].text()};
            for (auto const key : answer[1]) {
                found.keys.emplace_back(key.text());
            }
        }
        co_return found;
    }

    /// How far a walk over all servers came.
    struct walked {
        std::uint32_t nodes = 0;        ///< whose keys were walked over
        std::uint32_t failed_nodes = 0; ///< that did not answer to the end, or were not found
    };

    /// Walks over the keys of every primary that match, part by part, one server after the other: `co_await each(node, keys)`
    /// says whether to go on with that server, and what has become of it: `part_outcome`.
    template<class Each>
    task<walked> walk(std::string const& pattern, Each& each) {
        walked done;
        auto const nodes = co_await primaries();
        done.failed_nodes += nodes.empty() ? 1U : 0U;
        for (auto const node : nodes) {
            ++done.nodes;
            page part;
            bool goes_on = true;
            do {
                std::string const cursor = part.cursor;
                part = co_await scan(node, cursor, pattern);
                auto const outcome = co_await each(node, std::move(part.keys));
                part.answered = part.answered && outcome != part_outcome::failed;
                goes_on = outcome == part_outcome::go_on;
            } while (part.answered && goes_on && part.cursor != "0");
            done.failed_nodes += part.answered ? 0U : 1U;
        }
        co_return done;
    }

    /// Removes keys that one server named, each by a command of its own: none of them holds the server up. Empty if they
    /// are not all gone.
    task<std::optional<std::uint64_t>> unlink_all(redis::node_number node, std::vector<std::string> const& keys) {
        if (keys.empty()) {
            co_return 0;
        }
        redis::request asked;
        for (auto const& key : keys) {
            asked.append("UNLINK", key);
        }
        redis::node_result const got = co_await client_.execute_on(node, asked);
        if (!got) {
            co_return std::nullopt;
        }
        std::uint64_t removed = 0;
        std::size_t index = 0;
        for (auto const reply : got.replies) {
            if (reply.is_error()) { // it has moved to another server
                bool const gone = co_await unlink(keys[index]);
                removed += gone ? 1U : 0U;
            } else {
                removed += static_cast<std::uint64_t>(reply.number().value_or(0));
            }
            ++index;
        }
        co_return removed;
    }

  private:
    static constexpr std::size_t batch = 1000;
    static constexpr int keys_a_scan = 500; // a quarter of a millisecond of a server's time

    /// KEYS[1] the key; ARGV: what is to stand there ('*': anything), the bytes, the life in ms.
    static constexpr std::string_view write_script =
        "if ARGV[1]~='*' and redis.call('GETRANGE',KEYS[1],-8,-1)~=ARGV[1] then return 0 end "
        "redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) redis.call('EXISTS',KEYS[1]) return 1";

    /// KEYS[1] the tag's key; ARGV: the time, whether to move on. A generation nobody uses for a month is forgotten.
    static constexpr std::string_view tag_script =
        "local g=redis.call('GET',KEYS[1]) if g and ARGV[2]=='0' then return g end "
        "if not g then g=ARGV[1] elseif tonumber(g)>=tonumber(ARGV[1]) then g=string.format('%.0f',tonumber(g)+1) "
        "else g=ARGV[1] end "
        "redis.call('SET',KEYS[1],g,'EX',2592000) redis.call('EXISTS',KEYS[1]) return g";

    static void append_write(redis::request& to, std::string_view key, std::string_view bytes,
                             std::chrono::nanoseconds life, std::optional<std::string_view> witness) {
        auto const ms = std::max(std::chrono::ceil<std::chrono::milliseconds>(life), std::chrono::milliseconds{1});
        to.append("EVAL", write_script, 1, key, witness.value_or("*"), bytes, ms.count());
    }

    static std::optional<std::uint64_t> number_of(std::string_view text) noexcept {
        std::uint64_t value = 0;
        auto const [rest, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const whole = failed == std::errc{} && !text.empty() && rest == text.data() + text.size();
        return whole ? std::optional{value} : std::nullopt;
    }

    /// Who watches over what a node answered: nobody knows, if it was another node than was thought.
    static origin watched(origin before, redis::node_number answered_by) noexcept {
        if (before.node != origin::nobody && before.node != answered_by) {
            before.node = origin::unknown;
        }
        return before;
    }

    reading judge_reading(redis::node_result got, std::size_t index, origin before) {
        counters_.reads.fetch_add(1, std::memory_order_relaxed);
        reading made;
        made.from = watched(before, got.node);
        if (!got || index >= got.replies.size() || got.replies[index].is_error()) {
            counters_.read_failures.fetch_add(1, std::memory_order_relaxed);
            if (got) {
                tell_of(got.replies[index].text());
            }
            return made;
        }
        made.answered = true;
        made.held = std::move(got.replies);
        made.bytes = made.held[index].string();
        return made;
    }

    writing judge_writing(redis::node_result const& got, origin before) {
        writing made;
        made.from = watched(before, got.node);
        if (!got) {
            counters_.write_failures.fetch_add(1, std::memory_order_relaxed);
            bool const too_large = got.error == redis::make_error_code(redis::error::request_too_large);
            made.outcome = too_large ? write_outcome::rejected : write_outcome::failed;
        } else if (got.replies.front().is_error()) {
            counters_.write_failures.fetch_add(1, std::memory_order_relaxed);
            tell_of(got.replies.front().text());
            made.outcome = write_outcome::rejected;
        } else if (got.replies.front().number() == 1) {
            made.outcome = write_outcome::stored;
        } else {
            counters_.refused_writes.fetch_add(1, std::memory_order_relaxed);
            made.outcome = write_outcome::refused;
        }
        return made;
    }

    void tell_of(std::string_view words) const { log_(severity::warning, "cache", "l2_refused", {{"words", words}}); }

    template<class Each>
    task<> read_group(redis::node_number node, std::vector<std::string> const& keys, std::vector<std::size_t> members,
                      Each& each) {
        origin const before = tracked_ ? epochs_.now(node) : origin{};
        redis::request gets;
        for (auto const index : members) {
            gets.append("GET", keys[index]);
        }
        redis::node_result got = co_await client_.execute_on(node, gets);
        counters_.reads.fetch_add(members.size(), std::memory_order_relaxed);
        reading made;
        made.from = watched(before, got.node);
        made.answered = !got.error;
        made.held = std::move(got.replies);
        if (!made.answered) {
            counters_.read_failures.fetch_add(members.size(), std::memory_order_relaxed);
        }
        std::vector<task<>> elsewhere;
        std::size_t at = 0;
        for (auto const index : members) {
            if (made.answered && made.held[at].is_error()) { // it has moved to another server
                elsewhere.push_back(read_one(keys[index], index, each));
            } else {
                made.bytes = made.answered ? made.held[at].string() : std::nullopt;
                each(index, made);
            }
            ++at;
        }
        co_await net::gather(std::move(elsewhere));
    }

    template<class Each>
    task<> read_one(std::string const& key, std::size_t index, Each& each) {
        reading const single = co_await read(key);
        each(index, single);
    }

    redis::any_client client_;
    node_epochs const& epochs_;
    bool tracked_;
    logger log_;
    counters counters_;
};

} // namespace orfeas::inline v0::cache::detail
