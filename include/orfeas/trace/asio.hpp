// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/trace/context.hpp>
#include <orfeas/trace/span.hpp>
#include <orfeas/trace/tracer.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associator.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

/// Traces through coroutines. `boost::asio::awaitable` has no hook for what happens around a suspension, but each of its
/// resumptions is a function that its executor runs. A `traced_executor` therefore carries the cell of one logical
/// thread and makes it active around every function that it runs: whatever thread a coroutine resumes on, its current
/// span is the one it had. Start coroutines by `co_spawn` below, or on an executor made by `fork`.

namespace orfeas::inline v0::trace {
namespace detail {

/// Shared ownership of a cell.
class cell_ptr {
  public:
    cell_ptr() = default;
    explicit cell_ptr(shared_cell* cell) noexcept : cell_{cell} { retain(); }
    cell_ptr(cell_ptr const& other) noexcept : cell_{other.cell_} { retain(); }
    cell_ptr(cell_ptr&& other) noexcept : cell_{std::exchange(other.cell_, nullptr)} {}
    cell_ptr& operator=(cell_ptr other) noexcept {
        std::swap(cell_, other.cell_);
        return *this;
    }
    ~cell_ptr() {
        if (cell_ != nullptr) {
            cell_->release();
        }
    }

    shared_cell* get() const noexcept { return cell_; }
    friend bool operator==(cell_ptr const&, cell_ptr const&) noexcept = default;

  private:
    void retain() const noexcept {
        if (cell_ != nullptr) {
            cell_->retain();
        }
    }

    shared_cell* cell_ = nullptr;
};

/// A new logical thread whose first current span is the present one.
inline cell_ptr fork_cell() {
    return cell_ptr{new shared_cell{current_position()}};
}

/// The logical thread that runs here; a new one when it is but the thread itself, whose cell stays where it is.
inline cell_ptr share_cell() {
    shared_cell* const active = this_thread().active;
    return active != nullptr ? cell_ptr{active} : fork_cell();
}

/// Makes a cell active on this thread for the length of a call.
class cell_guard {
  public:
    explicit cell_guard(shared_cell* cell) noexcept : former_{std::exchange(this_thread().active, cell)} {}
    cell_guard(cell_guard const&) = delete;
    cell_guard& operator=(cell_guard const&) = delete;
    ~cell_guard() { this_thread().active = former_; }

  private:
    shared_cell* former_;
};

/// A function to be run with a cell active.
template<class Function>
class celled_function {
  public:
    celled_function(cell_ptr cell, Function function) : cell_{std::move(cell)}, function_{std::move(function)} {}

    void operator()() {
        cell_guard const guard{cell_.get()};
        std::move(function_)();
    }

  private:
    cell_ptr cell_; // first, so that what the function owns is destroyed before
    Function function_;
};

} // namespace detail

/// An executor that runs everything on `Inner`, each function with the context of one logical thread. Copies, and what
/// properties make of it, belong to the same logical thread; `fork` begins another. Only one function of a logical
/// thread may run at a time, as is so for a coroutine.
/// Thread-safe.
template<class Inner>
class traced_executor {
  public:
    /// `inner`, for the logical thread of `cell`; obtained from `fork`.
    traced_executor(Inner inner, detail::cell_ptr cell) noexcept : inner_{std::move(inner)}, cell_{std::move(cell)} {}

    Inner const& inner() const noexcept { return inner_; }

    template<class Property>
        requires(boost::asio::can_query_v<Inner const&, Property>)
    decltype(auto) query(Property const& property) const
        noexcept(boost::asio::is_nothrow_query_v<Inner const&, Property>) {
        return boost::asio::query(inner_, property);
    }

    template<class Property>
        requires(boost::asio::can_require_v<Inner const&, Property>)
    auto require(Property const& property) const {
        return rewrap(boost::asio::require(inner_, property));
    }

    template<class Property>
        requires(boost::asio::can_prefer_v<Inner const&, Property>)
    auto prefer(Property const& property) const {
        return rewrap(boost::asio::prefer(inner_, property));
    }

    template<class Function>
    void execute(Function&& function) const {
        inner_.execute(detail::celled_function<std::decay_t<Function>>{cell_, std::forward<Function>(function)});
    }

    friend bool operator==(traced_executor const& a, traced_executor const& b) noexcept {
        return a.cell_ == b.cell_ && a.inner_ == b.inner_;
    }

  private:
    template<class Other>
    auto rewrap(Other&& other) const {
        return traced_executor<std::decay_t<Other>>{std::forward<Other>(other), cell_};
    }

    Inner inner_;
    detail::cell_ptr cell_;
};
static_assert(boost::asio::execution::is_executor_v<traced_executor<boost::asio::any_io_executor>>);
static_assert(std::convertible_to<traced_executor<boost::asio::any_io_executor>, boost::asio::any_io_executor>);

/// `executor` for a new logical thread, whose first current span is the present one. For a branch that runs at the same
/// time as others: `boost::asio::co_spawn(trace::fork(executor), branch(), token)`.
template<class Executor>
    requires(boost::asio::execution::is_executor_v<Executor>)
traced_executor<Executor> fork(Executor const& executor) {
    return {executor, detail::fork_cell()};
}

/// As above, of an executor that is itself traced: the new logical thread takes the place of the former.
template<class Inner>
traced_executor<Inner> fork(traced_executor<Inner> const& executor) {
    return {executor.inner(), detail::fork_cell()};
}

/// As above, of an executor behind type erasure. The common case, an io_context, is brought out again: together with a
/// cell it fits into an any_io_executor without an allocation.
inline boost::asio::any_io_executor fork(boost::asio::any_io_executor const& executor) {
    using native = boost::asio::io_context::executor_type;
    if (auto const* const traced = executor.target<traced_executor<native>>()) {
        return trace::fork(*traced);
    }
    if (auto const* const bare = executor.target<native>()) {
        return trace::fork(*bare);
    }
    if (auto const* const traced = executor.target<traced_executor<boost::asio::any_io_executor>>()) {
        return trace::fork(*traced);
    }
    return traced_executor<boost::asio::any_io_executor>{executor, detail::fork_cell()};
}

/// As `boost::asio::co_spawn`, on a new logical thread: spans of the coroutine are below the span that is current here.
/// Branches that run at the same time need a logical thread each, or they take each other's spans for their parents.
template<class Executor, class T, class CompletionToken>
    requires(boost::asio::execution::is_executor_v<Executor>)
auto co_spawn(Executor const& executor, boost::asio::awaitable<T, boost::asio::any_io_executor> work,
              CompletionToken&& token) {
    return boost::asio::co_spawn(boost::asio::any_io_executor{fork(executor)}, std::move(work),
                                 std::forward<CompletionToken>(token));
}

/// As above, on the executor of an execution context.
template<class ExecutionContext, class T, class CompletionToken>
    requires(std::convertible_to<ExecutionContext&, boost::asio::execution_context&>)
auto co_spawn(ExecutionContext& context, boost::asio::awaitable<T, boost::asio::any_io_executor> work,
              CompletionToken&& token) {
    return trace::co_spawn(context.get_executor(), std::move(work), std::forward<CompletionToken>(token));
}

/// A completion token that brings the present logical thread along to the handler, for operations whose handler does not
/// run on a traced executor: `co_await operation(boost::asio::bind_executor(pool, trace::traced(use_awaitable)))`.
template<class CompletionToken>
struct traced_token {
    CompletionToken token;
};

template<class CompletionToken>
traced_token<std::decay_t<CompletionToken>> traced(CompletionToken&& token) {
    return {std::forward<CompletionToken>(token)};
}

namespace detail {

/// A completion handler that runs with a cell active; its executor, allocator and cancellation slot are the inner one's.
template<class Handler>
class celled_handler {
  public:
    celled_handler(cell_ptr cell, Handler handler) : cell_{std::move(cell)}, handler_{std::move(handler)} {}

    template<class... Args>
    void operator()(Args&&... args) {
        cell_guard const guard{cell_.get()};
        std::move(handler_)(std::forward<Args>(args)...);
    }

    Handler const& inner() const noexcept { return handler_; }

  private:
    cell_ptr cell_;
    Handler handler_;
};

/// Runs an operation's initiation with the handler wrapped.
template<class Initiation>
struct celled_initiation {
    Initiation initiation;
    cell_ptr cell;

    template<class Handler, class... Args>
    void operator()(Handler&& handler, Args&&... args) && {
        std::move(initiation)(celled_handler<std::decay_t<Handler>>{std::move(cell), std::forward<Handler>(handler)},
                              std::forward<Args>(args)...);
    }
};

/// `work` under the root span of a trace.
template<class T, class Clock, class Head, class Tail>
boost::asio::awaitable<T> under_root(basic_tracer<Clock, Head, Tail>& tracing, std::optional<remote_parent> parent,
                                     std::string name, boost::asio::awaitable<T> work) {
    // what cancels the caller reaches the work unfiltered: the caller has its own filter
    co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_total_cancellation());
    span root = tracing.root(name, parent, span_kind::server);
    try {
        co_return co_await std::move(work);
    } catch (std::exception const& error) {
        root.fail(error);
        throw;
    }
}

} // namespace detail

/// Runs `work` (a request's handler) as a trace of its own, on a logical thread of its own: below a root span `name`
/// of the kind `server` which, given `parent`, continues a trace from another process. An exception fails the span and goes on to the caller.
/// Cancelling the caller cancels the work. With the tracer disabled this is `co_await std::move(work)`.
///
///     auto work = handler(request);
///     auto response = co_await trace::run_traced(tracer, std::move(parent), "POST /api", std::move(work));
///
/// `tracing` outlives the call. `annotate` and `annotate_failure` reach the root span from within `work`.
template<class T, class Clock, class Head, class Tail>
boost::asio::awaitable<T> run_traced(basic_tracer<Clock, Head, Tail>& tracing, std::optional<remote_parent> parent,
                                     std::string name, boost::asio::awaitable<T> work) {
    if (!tracing.enabled()) {
        co_return co_await std::move(work);
    }
    auto const executor = co_await boost::asio::this_coro::executor;
    auto traced_work = detail::under_root(tracing, std::move(parent), std::move(name), std::move(work));
    co_return co_await trace::co_spawn(executor, std::move(traced_work), boost::asio::use_awaitable);
}

namespace detail {

/// Where the result of a branch waits for the others.
template<class T>
using branch_result = std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>>;

template<class T>
boost::asio::awaitable<void> keep_result(boost::asio::awaitable<T> branch, branch_result<T>& result) {
    if constexpr (std::is_void_v<T>) {
        co_await std::move(branch);
        result.emplace();
    } else {
        result.emplace(co_await std::move(branch));
    }
}

/// Runs all branches, each on a logical thread of its own. When one throws, the others are cancelled; when all have ended,
/// what the first of them threw is thrown on.
inline boost::asio::awaitable<void> join(std::vector<boost::asio::awaitable<void>> branches) {
    if (branches.empty()) {
        co_return;
    }
    auto const executor = co_await boost::asio::this_coro::executor;
    using branch_operation = decltype(trace::co_spawn(executor, std::move(branches.front()), boost::asio::deferred));
    std::vector<branch_operation> started;
    started.reserve(branches.size());
    for (auto& each : branches) {
        started.push_back(trace::co_spawn(executor, std::move(each), boost::asio::deferred));
    }
    auto group = boost::asio::experimental::make_parallel_group(std::move(started));
    boost::asio::experimental::wait_for_one_error const condition;
    auto const [order, errors] = co_await group.async_wait(condition, boost::asio::use_awaitable);
    for (std::size_t const each : order) {
        if (errors[each] != nullptr) {
            std::rethrow_exception(errors[each]);
        }
    }
}

} // namespace detail

/// Runs the branches at the same time, on the caller's executor, each on a logical thread of its own: spans of each are
/// below the caller's current span and never below another branch's. Gives all results, std::monostate for void. When one
/// branch throws, the others are cancelled, and the exception goes on once all have ended. Cancelling the caller cancels
/// all. Where several threads run the executor's context, the caller runs on a strand.
///
///     auto picture = decode(body);
///     auto cached = lookup(key);
///     auto [pixels, entry] = co_await trace::when_all(std::move(picture), std::move(cached));
template<class... T>
boost::asio::awaitable<std::tuple<typename detail::branch_result<T>::value_type...>>
when_all(boost::asio::awaitable<T>... branches) {
    std::tuple<detail::branch_result<T>...> results;
    std::vector<boost::asio::awaitable<void>> all;
    all.reserve(sizeof...(T));
    std::apply([&](auto&... result) { (all.push_back(detail::keep_result<T>(std::move(branches), result)), ...); },
               results);
    co_await detail::join(std::move(all));
    co_return std::apply(
        [](auto&... result) {
            return std::tuple<typename detail::branch_result<T>::value_type...>{*std::move(result)...};
        },
        results);
}

/// As `when_all`, for any number of branches of one kind; the results in the order of the branches.
template<class T>
    requires(!std::is_void_v<T>)
boost::asio::awaitable<std::vector<T>> parallel(std::vector<boost::asio::awaitable<T>> branches) {
    std::vector<detail::branch_result<T>> results(branches.size());
    std::vector<boost::asio::awaitable<void>> all;
    all.reserve(branches.size());
    for (std::size_t i = 0; i < branches.size(); ++i) {
        all.push_back(detail::keep_result<T>(std::move(branches[i]), results[i]));
    }
    co_await detail::join(std::move(all));
    std::vector<T> values;
    values.reserve(results.size());
    for (auto& each : results) {
        values.push_back(*std::move(each));
    }
    co_return values;
}

/// The same for branches without results.
inline boost::asio::awaitable<void> parallel(std::vector<boost::asio::awaitable<void>> branches) {
    return detail::join(std::move(branches));
}

} // namespace orfeas::inline v0::trace

namespace boost::asio {

template<class CompletionToken, class Signature>
class async_result<orfeas::trace::traced_token<CompletionToken>, Signature> {
  public:
    template<class Initiation, class... Args>
    static auto initiate(Initiation&& initiation, orfeas::trace::traced_token<CompletionToken> token, Args&&... args) {
        using wrapped = orfeas::trace::detail::celled_initiation<std::decay_t<Initiation>>;
        return async_initiate<CompletionToken, Signature>(
            wrapped{std::forward<Initiation>(initiation), orfeas::trace::detail::share_cell()}, token.token,
            std::forward<Args>(args)...);
    }
};

template<template<class, class> class Associator, class Handler, class DefaultCandidate>
struct associator<Associator, orfeas::trace::detail::celled_handler<Handler>, DefaultCandidate>
    : Associator<Handler, DefaultCandidate> {
    static auto get(orfeas::trace::detail::celled_handler<Handler> const& handler,
                    DefaultCandidate const& fallback = DefaultCandidate()) noexcept {
        return Associator<Handler, DefaultCandidate>::get(handler.inner(), fallback);
    }
};

} // namespace boost::asio
