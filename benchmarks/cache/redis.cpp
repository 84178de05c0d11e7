// SPDX-License-Identifier: MIT

#include "cache/redis.hpp"

#include "support/cpu_timer.hpp"
#include "support/redis_server.hpp"

#include <orfeas/cache/redis.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#if defined(ORFEAS_BENCH_HAS_HIREDIS)
#    include <hiredis/hiredis.h>
#endif

namespace bench {

namespace {

namespace asio = boost::asio;
namespace redis = orfeas::cache::redis;

constexpr std::size_t depth = 64; // requests under way
constexpr std::size_t value_bytes = 256;
constexpr std::size_t keys = 16'384;

/// A key, made beforehand: it is the client that is measured.
std::string const& key_of(std::size_t index) {
    static std::vector<std::string> const all = [] {
        std::vector<std::string> made;
        for (std::size_t i = 0; i < keys; ++i) {
            made.push_back("orfeas:bench:" + std::to_string(i));
        }
        return made;
    }();
    return all[index % keys];
}

// ---- encoding and parsing ----

contender encode_ours(std::string const& value, std::size_t operations) {
    return {"ours", static_cast<double>(operations), [&value, operations, r = std::make_shared<redis::request>()] {
                for (std::size_t i = 0; i < operations; ++i) {
                    if (i % depth == 0) {
                        r->clear();
                    }
                    r->append("SET", "orfeas:bench:12345", value, "EX", 60);
                }
            }};
}

contender parse_ours(std::string const& stream, std::size_t operations) {
    return {"ours", static_cast<double>(operations), [&stream, operations] {
                redis::parser parser;
                redis::response to;
                for (std::size_t i = 0; i < operations; i += depth) {
                    to.clear();
                    for (std::string_view rest = stream; !rest.empty();) {
                        rest.remove_prefix(parser.parse(rest, &to, nullptr).consumed);
                    }
                    if (to.size() != depth) {
                        throw std::runtime_error{"replies are missing"};
                    }
                }
            }};
}

#if defined(ORFEAS_BENCH_HAS_HIREDIS)

contender encode_hiredis(std::string const& value, std::size_t operations) {
    return {"hiredis", static_cast<double>(operations), [&value, operations] {
                constexpr std::string_view key = "orfeas:bench:12345";
                for (std::size_t i = 0; i < operations; ++i) {
                    char* command = nullptr;
                    if (redisFormatCommand(&command, "SET %b %b EX %d", key.data(), key.size(), value.data(),
                                           value.size(), 60) <= 0) {
                        throw std::runtime_error{"hiredis does not format the command"};
                    }
                    redisFreeCommand(command);
                }
            }};
}

contender parse_hiredis(std::string const& stream, std::size_t operations) {
    return {"hiredis", static_cast<double>(operations), [&stream, operations] {
                auto* const reader = redisReaderCreate();
                for (std::size_t i = 0; i < operations; i += depth) {
                    redisReaderFeed(reader, stream.data(), stream.size());
                    for (std::size_t k = 0; k < depth; ++k) {
                        void* reply = nullptr;
                        if (redisReaderGetReply(reader, &reply) != REDIS_OK || reply == nullptr) {
                            throw std::runtime_error{"hiredis does not read the reply"};
                        }
                        freeReplyObject(reply);
                    }
                }
                redisReaderFree(reader);
            }};
}

#endif

void compare_codec(report& to, std::string name, std::vector<contender> const& all, int rounds, double bar) {
    auto const times = race(all, rounds);
    result each{.bench = "cache", .name = std::move(name), .unit = "ns", .ours = times[0]};
    for (std::size_t i = 1; i < all.size(); ++i) {
        each.peers.emplace_back(all[i].name, times[i]);
    }
    if (bar > 0) {
        each.target = {"ours", "<=", bar};
    }
    to.add(std::move(each));
}

void measure_codec(report& to) {
    bool const is_quick = to.arguments().quick;
    for (std::size_t const size : {std::size_t{16}, value_bytes, std::size_t{4096}}) {
        std::string const value(size, 'v');
        std::string stream;
        for (std::size_t i = 0; i < depth; ++i) {
            stream += "$" + std::to_string(size) + "\r\n" + value + "\r\n";
        }
        std::size_t const operations = depth * (is_quick ? 200 : 1000);
        std::vector<contender> encoders{encode_ours(value, operations)};
        std::vector<contender> parsers{parse_ours(stream, operations)};
#if defined(ORFEAS_BENCH_HAS_HIREDIS)
        encoders.push_back(encode_hiredis(value, operations / 4));
        parsers.push_back(parse_hiredis(stream, operations));
#endif
        auto const text = std::to_string(size) + " B";
        int const rounds = is_quick ? 5 : 15;
        compare_codec(to, "redis: encode SET EX, " + text, encoders, rounds, size <= value_bytes ? 60 : 0);
        compare_codec(to, "redis: parse a bulk reply, " + text, parsers, rounds, size == value_bytes ? 60 : 0);
    }
}

// ---- one connection ----

/// What a client took for one GET.
struct cost {
    double wall_ns;
    double cpu_ns;
};

template<class Run>
cost timed(std::size_t operations, Run run) {
    auto const cpu = cpu_nanoseconds();
    auto const begin = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double, std::nano> const wall = std::chrono::steady_clock::now() - begin;
    auto const count = static_cast<double>(operations);
    return {wall.count() / count, (cpu_nanoseconds() - cpu) / count};
}

/// One of `callers` coroutines, each with `batch` GETs in a request, on one connection.
asio::awaitable<void> call_repeatedly(redis::connection& over, std::size_t batch, std::size_t operations,
                                      std::size_t first) {
    redis::request asked;
    redis::result got;
    for (std::size_t done = 0; done < operations; done += batch) {
        asked.clear();
        for (std::size_t i = 0; i < batch; ++i) {
            asked.append("GET", key_of(first + done + i));
        }
        got = co_await over.execute(asked, std::move(got.replies));
        if (!got) {
            throw boost::system::system_error{got.error};
        }
        for (auto const reply : got.replies) {
            if (reply.text().size() != value_bytes) {
                throw std::runtime_error{"a wrong value"};
            }
        }
    }
}

class our_client {
  public:
    explicit our_client(orfeas_test::redis_server const& server)
        : connection_{io_.get_executor(), redis::parse_endpoint(server.url())} {
        connection_.start();
        run(1, 1, 1);
    }
    ~our_client() {
        asio::co_spawn(io_, connection_.stop(), asio::detached);
        io_.restart();
        io_.run();
    }

    /// `on_strand`: the callers run on the connection's strand, not on the loop's executor.
    void run(std::size_t callers, std::size_t batch, std::size_t operations, bool on_strand = false) {
        asio::any_io_executor const on =
            on_strand ? asio::any_io_executor{connection_.get_strand()} : asio::any_io_executor{io_.get_executor()};
        std::size_t running = callers;
        std::exception_ptr failure;
        for (std::size_t i = 0; i < callers; ++i) {
            asio::co_spawn(on, call_repeatedly(connection_, batch, operations / callers, i * 977),
                           [&](std::exception_ptr error) {
                               failure = error ? error : failure;
                               if (--running == 0) {
                                   io_.stop();
                               }
                           });
        }
        io_.restart();
        io_.run();
        if (failure) {
            std::rethrow_exception(failure);
        }
    }

  private:
    asio::io_context io_{1};
    redis::connection connection_;
};

#if defined(ORFEAS_BENCH_HAS_HIREDIS)

class hiredis_client {
  public:
    explicit hiredis_client(orfeas_test::redis_server const& server)
        : context_{redisConnect("127.0.0.1", server.port())} {
        if (context_ == nullptr || context_->err != 0) {
            throw std::runtime_error{"hiredis does not connect"};
        }
    }
    ~hiredis_client() { redisFree(context_); }
    hiredis_client(hiredis_client const&) = delete;
    hiredis_client& operator=(hiredis_client const&) = delete;

    void run(std::size_t operations) {
        for (std::size_t done = 0; done < operations; done += depth) {
            for (std::size_t i = 0; i < depth; ++i) {
                auto const& key = key_of(done + i);
                redisAppendCommand(context_, "GET %b", key.data(), key.size());
            }
            for (std::size_t i = 0; i < depth; ++i) {
                void* got = nullptr;
                if (redisGetReply(context_, &got) != REDIS_OK) {
                    throw std::runtime_error{"hiredis lost the connection"};
                }
                auto* const reply = static_cast<redisReply*>(got);
                if (reply->type != REDIS_REPLY_STRING || static_cast<std::size_t>(reply->len) != value_bytes) {
                    throw std::runtime_error{"a wrong value"};
                }
                freeReplyObject(reply);
            }
        }
    }

  private:
    redisContext* context_;
};

#endif

/// What the kernel takes alone: bytes made beforehand go out, and as many as the replies have come in.
class raw_socket {
  public:
    explicit raw_socket(orfeas_test::redis_server const& server) : socket_{io_}, room_(1 << 16) {
        socket_.connect({asio::ip::address_v4::loopback(), server.port()});
        for (std::size_t i = 0; i < depth; ++i) {
            asked_.append("GET", key_of(i));
        }
    }

    void run(std::size_t operations) {
        std::size_t const reply = depth * (std::to_string(value_bytes).size() + 5 + value_bytes);
        for (std::size_t done = 0; done < operations; done += depth) {
            asio::write(socket_, asio::buffer(asked_.bytes()));
            for (std::size_t got = 0; got < reply;) {
                got += socket_.read_some(asio::buffer(room_));
            }
        }
    }

  private:
    asio::io_context io_{1};
    asio::ip::tcp::socket socket_;
    redis::request asked_;
    std::vector<char> room_;
};

struct client {
    std::string name;
    std::function<void(std::size_t operations)> run;
};

double median(std::vector<double> values) {
    auto const middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

void fill(orfeas_test::redis_server const& server) {
    asio::io_context io{1};
    redis::connection connection{io.get_executor(), redis::parse_endpoint(server.url())};
    connection.start();
    auto store = [](redis::connection& to) -> asio::awaitable<void> {
        std::string const value(value_bytes, 'v');
        redis::request all;
        for (std::size_t i = 0; i < keys; ++i) {
            all.append("SET", key_of(i), value);
        }
        auto const stored = co_await to.execute_within(std::chrono::seconds{30}, all);
        if (!stored || stored.replies.first_error()) {
            throw std::runtime_error{"the keys cannot be stored"};
        }
        co_await to.stop();
    };
    asio::co_spawn(io, store(connection), [](std::exception_ptr error) {
        if (error) {
            std::rethrow_exception(error);
        }
    });
    io.run();
}

void measure_connection(report& to) {
    std::string const title = "redis: one connection, GET 256 B, P=64";
    if (!orfeas_test::redis_server::is_installed()) {
        to.add({.bench = "cache", .name = title, .unit = "ns", .skipped = "redis-server is not installed"});
        return;
    }
    orfeas_test::redis_server const server;
    fill(server);
    our_client ours{server};
    std::vector<client> clients{
        {"1 caller of 64 GETs", [&](std::size_t n) { ours.run(1, depth, n); }},
        {"4 callers of 16 GETs", [&](std::size_t n) { ours.run(4, depth / 4, n); }},
        {"64 callers of 1 GET", [&](std::size_t n) { ours.run(depth, 1, n); }},
    };
    auto const our_count = clients.size();
    raw_socket floor{server};
    clients.push_back({"raw socket", [&](std::size_t n) { floor.run(n); }});
#if defined(ORFEAS_BENCH_HAS_HIREDIS)
    hiredis_client theirs{server};
    clients.push_back({"hiredis", [&](std::size_t n) { theirs.run(n); }});
#endif
    bool const is_quick = to.arguments().quick;
    std::size_t const operations = depth * (is_quick ? 500 : 2000);
    int const rounds = is_quick ? 7 : 21;
    std::vector<std::vector<double>> wall(clients.size());
    std::vector<std::vector<double>> cpu(clients.size());
    for (int round = -1; round < rounds; ++round) {
        for (std::size_t i = 0; i < clients.size(); ++i) {
            auto const took = timed(operations, [&] { clients[i].run(operations); });
            if (round >= 0) {
                wall[i].push_back(took.wall_ns);
                cpu[i].push_back(took.cpu_ns);
            }
        }
    }
    for (std::size_t i = 0; i < our_count; ++i) {
        result rate{.bench = "cache",
                    .name = title + ", " + clients[i].name,
                    .unit = "GET/s",
                    .ours = 1e9 / median(wall[i]),
                    .lower_is_better = false};
        result work{.bench = "cache",
                    .name = title + ", " + clients[i].name + ", client CPU",
                    .unit = "ns",
                    .ours = median(cpu[i])};
        for (std::size_t k = our_count; k < clients.size(); ++k) {
            // The median of the ratios within a round, told as the peer's figure: rounds differ more than clients do.
            std::vector<double> ratios;
            for (std::size_t round = 0; round < wall[i].size(); ++round) {
                ratios.push_back(wall[k][round] / wall[i][round]);
            }
            rate.peers.emplace_back(clients[k].name, rate.ours / median(std::move(ratios)));
            work.peers.emplace_back(clients[k].name, median(cpu[k]));
            if (i == 0 && clients[k].name == "hiredis") {
                rate.target = {"ratio:hiredis", ">=", 1.3};
            }
        }
        if (i == 0) {
            work.target = {"ours", "<=", 200};
        }
        to.add(std::move(rate));
        to.add(std::move(work));
    }
}

// ---- the breaker ----

asio::awaitable<std::vector<double>> refused_calls(redis::connection& over, std::size_t calls) {
    redis::request asked;
    asked.append("GET", "orfeas:bench:1");
    while (over.stats().breaker != redis::breaker_state::open) {
        co_await over.execute(asked);
    }
    std::vector<double> times(calls);
    for (double& each : times) {
        auto const begin = std::chrono::steady_clock::now();
        auto const got = co_await over.execute(asked);
        std::chrono::duration<double, std::nano> const took = std::chrono::steady_clock::now() - begin;
        if (got.error != make_error_code(redis::error::breaker_open)) {
            throw std::runtime_error{"the breaker is not open"};
        }
        each = took.count();
    }
    co_await over.stop();
    co_return times;
}

/// What a call takes while its node is given up.
void measure_breaker(report& to) {
    asio::io_context io{1};
    auto const nobody = "redis://127.0.0.1:" + std::to_string(orfeas_test::free_port());
    redis::connection_options options;
    options.breaker.cool_down = std::chrono::hours{1};
    redis::connection over{io.get_executor(), redis::parse_endpoint(nobody), options};
    over.start();
    std::vector<double> times;
    std::exception_ptr failure;
    asio::co_spawn(io, refused_calls(over, to.arguments().quick ? 20'000 : 200'000),
                   [&](std::exception_ptr error, std::vector<double> measured) {
                       failure = error;
                       times = std::move(measured);
                   });
    io.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    auto const p99 = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 100 * 99);
    std::nth_element(times.begin(), p99, times.end());
    to.add({.bench = "cache",
            .name = "redis: call while the breaker is open, p99",
            .unit = "ns",
            .ours = *p99,
            .target = bar{"ours", "<=", 5000}});
}

} // namespace

void measure_redis(report& to) {
#if !defined(ORFEAS_BENCH_HAS_HIREDIS)
    to.add({.bench = "cache", .name = "redis: against hiredis", .unit = "ns", .skipped = "hiredis is not installed"});
#endif
    measure_codec(to);
    measure_breaker(to);
    measure_connection(to);
}

} // namespace bench
