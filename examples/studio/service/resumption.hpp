// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace studio {

/// Hands a result to a completion handler, on the handler's own executor, from whatever thread it is called on; once.
/// The call throws std::bad_alloc when there is no memory to hand it over; handler and result are destroyed then.
/// Move-only. Thread-compatible (distinct objects).
template<class Handler>
class resumption {
  public:
    explicit resumption(Handler handler)
        : handler_{std::move(handler)}, work_{boost::asio::get_associated_executor(handler_)} {}

    template<class... Results>
    void operator()(Results... results) {
        boost::asio::post(boost::asio::append(std::move(handler_), std::move(results)...));
    }

  private:
    Handler handler_;
    // the executor may have nothing else to run meanwhile, and must not return from run()
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
};

} // namespace studio
