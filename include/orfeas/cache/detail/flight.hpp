// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace orfeas::inline v0::cache::detail {

/// A caller that waits for a load: its completion handler without its type.
class flight_waiter {
  public:
    virtual ~flight_waiter() = default;

    /// Resumes the caller on its own executor; once.
    virtual void complete(boost::system::error_code error) = 0;
};

template<class Handler>
class flight_waiter_of final : public flight_waiter {
  public:
    explicit flight_waiter_of(Handler handler)
        : handler_{std::move(handler)}, work_{boost::asio::get_associated_executor(handler_)} {}

    void complete(boost::system::error_code error) override {
        boost::asio::post(boost::asio::append(std::move(handler_), error));
    }

  private:
    Handler handler_;
    // The caller's context has nothing else to run while it waits, and must not return from run().
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
};

/// The result of one load on its way to everyone who asked for it.
/// Thread-safe.
template<class Value>
class flight : public std::enable_shared_from_this<flight<Value>> {
  public:
    /// Hands the result to the present waiters and to those who come later.
    void finish(std::optional<Value> value, std::exception_ptr error) {
        std::list<std::unique_ptr<flight_waiter>> waiters;
        {
            std::lock_guard const hold{mutex_};
            value_ = std::move(value);
            error_ = std::move(error);
            finished_ = true;
            waiters.swap(waiters_);
        }
        for (auto const& waiter : waiters) {
            waiter->complete({});
        }
    }

    /// Completes, on the caller's executor, once the load is finished, or with operation_aborted when the caller is
    /// cancelled, which nobody else notices. Signature: void(error_code).
    template<class CompletionToken>
    auto async_wait(CompletionToken&& token) {
        return boost::asio::async_initiate<CompletionToken, void(boost::system::error_code)>(
            join{this->shared_from_this()}, token);
    }

    /// Whether the loader threw. Only after `async_wait` succeeded.
    bool failed() const noexcept { return error_ != nullptr; }

    /// The loaded value, empty if the key has none, or the loader's exception. Only after `async_wait` succeeded.
    std::optional<Value> result() const {
        if (error_ != nullptr) {
            std::rethrow_exception(error_);
        }
        return value_;
    }

  private:
    using waiter_list = std::list<std::unique_ptr<flight_waiter>>;
    using position = waiter_list::iterator;

    /// What a caller's cancellation slot holds: takes the caller out of the list.
    class leave_on_cancel {
      public:
        leave_on_cancel(std::weak_ptr<flight> joined, position waiter) : joined_{std::move(joined)}, waiter_{waiter} {}

        void operator()(boost::asio::cancellation_type type) {
            if (type == boost::asio::cancellation_type::none) {
                return;
            }
            // Taken out at the first signal: after that the position names nothing.
            if (auto const joined = std::exchange(joined_, {}).lock()) {
                joined->leave(waiter_);
            }
        }

      private:
        std::weak_ptr<flight> joined_; // a slot outlives the wait: it must not keep the value
        position waiter_;
    };

    struct join {
        std::shared_ptr<flight> joined;

        template<class Handler>
        void operator()(Handler handler) {
            auto slot = boost::asio::get_associated_cancellation_slot(handler);
            waiter_list added;
            added.push_back(std::make_unique<flight_waiter_of<Handler>>(std::move(handler)));
            if (slot.is_connected()) {
                // Before the waiter can be completed, since from then on the slot belongs to another thread.
                slot.template emplace<leave_on_cancel>(joined, added.begin());
            }
            joined->enter(added);
        }
    };

    void enter(waiter_list& added) {
        {
            std::lock_guard const hold{mutex_};
            if (!finished_) {
                waiters_.splice(waiters_.end(), added);
                return;
            }
        }
        added.front()->complete({});
    }

    void leave(position waiter) {
        waiter_list left;
        {
            std::lock_guard const hold{mutex_};
            if (finished_) {
                return; // its completion is under way
            }
            left.splice(left.end(), waiters_, waiter);
        }
        left.front()->complete(boost::asio::error::operation_aborted);
    }

    std::mutex mutex_;
    waiter_list waiters_;
    bool finished_ = false;
    std::optional<Value> value_; // constant once finished
    std::exception_ptr error_;   // constant once finished
};

} // namespace orfeas::inline v0::cache::detail
