// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/redis/connection_options.hpp>
#include <orfeas/cache/tiered.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace bench {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using stopwatch_time = steady_clock::time_point;

/// Milliseconds from `begin` until now.
inline double ms_since(stopwatch_time begin) {
    return std::chrono::duration<double, std::milli>(steady_clock::now() - begin).count();
}

/// The value below which a share of the values lies; 0 for no values.
inline double quantile(std::vector<double> values, double share) {
    if (values.empty()) {
        return 0;
    }
    auto const at = std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
    auto const place = values.begin() + static_cast<std::ptrdiff_t>(at);
    std::nth_element(values.begin(), place, values.end());
    return *place;
}

/// A value that says whose it is and how old.
struct versioned {
    std::uint64_t key = 0;
    std::uint64_t version = 0;
    std::array<char, 240> more{};
};

using versioned_cache = orfeas::cache::tiered<std::uint64_t, versioned>;

/// A tiered cache with connections, a loop and threads of its own: to the servers, and to another of its kind, it is a
/// process.
class cache_process {
  public:
    explicit cache_process(orfeas::cache::tiered_options options, versioned_cache::parts with = {},
                           unsigned threads = 1)
        : guard_{asio::make_work_guard(io_)},
          cache_{std::in_place, io_.get_executor(), std::move(options), std::move(with)} {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { io_.run(); });
        }
    }
    cache_process(cache_process const&) = delete;
    cache_process& operator=(cache_process const&) = delete;
    ~cache_process() {
        run(cache_->stop());
        cache_.reset();
        guard_.reset();
        for (auto& each : threads_) {
            each.join();
        }
    }

    versioned_cache& cache() noexcept { return *cache_; }
    asio::io_context& io() noexcept { return io_; }

    /// Begins a task on this process's loop.
    template<class T>
    std::future<T> begin(orfeas::task<T> work) {
        return asio::co_spawn(io_, std::move(work), asio::use_future);
    }

    /// Runs a task on this process's loop to its end.
    template<class T>
    T run(orfeas::task<T> work) {
        return begin(std::move(work)).get();
    }

    void wait_until_connected() const {
        for (int attempt = 0; attempt < 2'000; ++attempt) {
            auto const nodes = cache_->stats().nodes;
            if (std::all_of(nodes.begin(), nodes.end(), [](auto const& each) { return each.connection.connected; })) {
                return;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds{5});
        }
        throw std::runtime_error{"a tiered cache does not connect to its servers"};
    }

  private:
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    std::optional<versioned_cache> cache_;
    std::vector<std::thread> threads_;
};

/// Waits on the coroutine's own executor.
inline orfeas::task<> pause(std::chrono::nanoseconds duration) {
    asio::steady_timer timer{co_await asio::this_coro::executor, duration};
    co_await timer.async_wait(asio::use_awaitable);
}

} // namespace bench
