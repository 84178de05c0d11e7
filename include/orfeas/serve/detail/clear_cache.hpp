// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/cache/invalidation_report.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/cache_watch.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace orfeas::inline v0::serve::detail {

/// What became of a wish to clear a cache, and what was removed if it was granted.
struct clearing_result {
    observe::clearing_outcome outcome = observe::clearing_outcome::begun;
    cache::invalidation_report removed{};
};

/// Hands a result to a completion handler, on the handler's own executor, from whatever thread; the first one only.
/// Thread-compatible (distinct objects).
template<class Handler>
class clearing_answer {
  public:
    explicit clearing_answer(Handler handler)
        : work_{boost::asio::get_associated_executor(handler)}, handler_{std::move(handler)} {}

    void operator()(std::exception_ptr failed, clearing_result result) {
        if (handler_) {
            Handler to = std::move(*handler_);
            handler_.reset();
            boost::asio::post(boost::asio::append(std::move(to), std::move(failed), result));
            work_.reset();
        }
    }

  private:
    // the executor may have nothing else to run meanwhile, and must not return from run()
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
    std::optional<Handler> handler_;
};

/// Begins to clear a cache: an initiation, whose handler is called once.
struct clearing_initiation {
    observe::cache_watch* watch;

    template<class Handler>
    void operator()(Handler handler, std::string const& name, std::string pattern) const {
        auto const answer = std::make_shared<clearing_answer<Handler>>(std::move(handler));
        try { // what is thrown here would reach the executor, not the request
            auto done = [answer](std::exception_ptr failed, cache::invalidation_report removed) {
                (*answer)(std::move(failed), {observe::clearing_outcome::begun, removed});
            };
            auto const outcome = watch->clear(name, std::move(pattern), std::move(done));
            if (outcome != observe::clearing_outcome::begun) {
                (*answer)(nullptr, {outcome, {}});
            }
        } catch (...) {
            (*answer)(std::current_exception(), {});
        }
    }
};

/// Clears a cache under watch of what matches the pattern, or of all if that is empty, and returns when it is done. Throws
/// what the clearing throws.
inline task<clearing_result> clear_cache(observe::cache_watch& watch, std::string name, std::string pattern) {
    boost::asio::use_awaitable_t<> token;
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<>, void(std::exception_ptr, clearing_result)>(
        clearing_initiation{&watch}, token, std::move(name), std::move(pattern));
}

} // namespace orfeas::inline v0::serve::detail
