// SPDX-License-Identifier: MIT
#include "http/raw_server.hpp"
#include "net/gunzip.hpp"
#include "support/catch.hpp"

#include <orfeas/core/log_sinks.hpp>
#include <orfeas/export/otlp_exporter.hpp>
#include <orfeas/net/compress_gzip.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <charconv>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
using namespace std::chrono_literals;
using exporting::drop_reason;
using orfeas_test::raw_client;
using orfeas_test::raw_server;

namespace {

/// Numbers, one item each, encoded as "1,2,3,".
struct number_signal {
    using element = int;
    static constexpr std::string_view name = "numbers";
    static constexpr std::string_view path = "/v1/numbers";
    static constexpr std::string_view rejected_member = "rejectedNumbers";

    exporting::item_weight weight(element const&) const { return {1, 100}; }
    void encode(std::span<element const> batch, exporting::otlp_encoding, std::string& out) const {
        for (int const each : batch) {
            out.append(std::to_string(each)).append(",");
        }
    }
};
static_assert(exporting::otlp_signal<number_signal>);

using exporter = exporting::basic_otlp_exporter<number_signal>;

std::size_t length_of(std::string const& head) {
    std::size_t length = 0;
    auto const at = head.find("content-length: ");
    if (at != std::string::npos) {
        std::from_chars(head.data() + at + 16, head.data() + head.size(), length);
    }
    return length;
}

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
constexpr std::string_view busy = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n";

/// A receiver that counts the numbers that it has accepted and answers the n-th request by `answer_to(n)`.
class receiver {
  public:
    template<class Answer>
    explicit receiver(Answer answer_to)
        : server_{[this, answer_to](raw_client& peer, int) {
              for (;;) {
                  auto const head = peer.read_head();
                  if (head.empty()) {
                      return;
                  }
                  heads_.store(std::make_shared<std::string const>(head));
                  auto body = peer.read(length_of(head));
                  if (head.find("content-encoding: gzip\r\n") != std::string::npos) {
                      body = orfeas_test::gunzip(body);
                  }
                  std::string const answer{answer_to(requests_.fetch_add(1))};
                  if (answer.find(" 200 ") != std::string::npos) {
                      for (char const c : body) {
                          accepted_ += c == ',' ? 1 : 0;
                      }
                  }
                  if (answer.empty() || !peer.send(answer)) {
                      return;
                  }
              }
          }} {}

    std::string url() const { return server_.url(); }
    std::uint64_t accepted() const { return accepted_; }
    int requests() const { return requests_; }
    std::string last_head() const { return *heads_.load(); }

  private:
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<int> requests_{0};
    std::atomic<std::shared_ptr<std::string const>> heads_;
    raw_server server_;
};

exporting::otlp_options quick(std::string const& url) {
    exporting::otlp_options options;
    options.endpoint = url;
    options.schedule_delay = 5ms;
    options.batch_items = 10;
    options.timeout = 500ms;
    options.retry_first = 1ms;
    options.retry_most = 4ms;
    return options;
}

/// An executor with two threads for the length of a test.
class threads {
  public:
    threads() {
        for (int i = 0; i < 2; ++i) {
            all_.emplace_back([this] { io.run(); });
        }
    }
    ~threads() {
        work_.reset();
        for (auto& each : all_) {
            each.join();
        }
    }
    void stop(exporter& which, std::chrono::nanoseconds deadline) {
        asio::co_spawn(io, which.stop(deadline), asio::use_future).get();
    }

    asio::io_context io;

  private:
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io);
    std::vector<std::thread> all_;
};

void push_some(exporter& to, int count) {
    for (int i = 0; i < count; ++i) {
        to.push(int{i});
        CHECK(to.stats().is_balanced());
    }
}

/// Everything is accounted for, and nothing is left.
exporting::export_stats ended(exporter const& which, std::uint64_t produced) {
    auto const stats = which.stats();
    CHECK(stats.is_balanced());
    CHECK(stats.produced == produced);
    CHECK(stats.queued == 0);
    CHECK(stats.in_flight == 0);
    return stats;
}

} // namespace

TEST_CASE("export: bodies go coded, and are coded once for all attempts") {
    receiver to{[](int n) { return n == 0 ? busy : ok; }};
    threads io;
    auto options = quick(to.url());
    static std::atomic<int> times;
    times = 0;
    options.coding = {"gzip", [](std::string_view body) {
                          ++times;
                          return orfeas::net::gzip(body);
                      }};
    exporter out{io.io.get_executor(), {}, options};
    out.start();
    push_some(out, 10);
    io.stop(out, 5s);
    CHECK(out.stats().exported == 10);
    CHECK(to.accepted() == 10);
    CHECK(to.requests() == 2);
    CHECK(times == 1);
}

TEST_CASE("exporter: a healthy receiver gets everything, in order, on one connection", "[export][otlp_exporter]") {
    receiver const good{[](int) { return ok; }};
    threads run;
    auto options = quick(good.url() + "base/");
    options.headers = {"x-key=secret"};
    exporter all{run.io.get_executor(), {}, options};
    all.start();
    push_some(all, 105);
    run.stop(all, 10s);
    auto const stats = ended(all, 105);
    CHECK(stats.exported == 105);
    CHECK(good.accepted() == 105);
    CHECK(stats.batches_total >= 11);
    CHECK(stats.retries_total == 0);
    CHECK(good.last_head().find("POST /base/v1/numbers HTTP/1.1\r\n") == 0);
    CHECK(good.last_head().find("content-type: application/x-protobuf\r\n") != std::string::npos);
    CHECK(good.last_head().find("x-key: secret\r\n") != std::string::npos);
}

TEST_CASE("exporter: pushes before the start wait, pushes after the stop are counted", "[export][otlp_exporter]") {
    receiver const good{[](int) { return ok; }};
    threads run;
    exporter all{run.io.get_executor(), {}, quick(good.url())};
    push_some(all, 3);
    all.start();
    all.start();
    run.stop(all, 10s);
    push_some(all, 4);
    run.stop(all, 10s);
    auto const stats = ended(all, 7);
    CHECK(stats.exported == 3);
    CHECK(stats.dropped(drop_reason::shutdown) == 4);
}

TEST_CASE("exporter: one that was never started sends what it has when it stops", "[export][otlp_exporter]") {
    receiver const good{[](int) { return ok; }};
    threads run;
    exporter all{run.io.get_executor(), {}, quick(good.url())};
    push_some(all, 3);
    run.stop(all, 10s);
    CHECK(ended(all, 3).exported == 3);
}

TEST_CASE("exporter: a batch that is not full goes out in time", "[export][otlp_exporter]") {
    std::promise<void> arrived;
    receiver const good{[&arrived](int n) {
        if (n == 0) {
            arrived.set_value();
        }
        return ok;
    }};
    threads run;
    exporter all{run.io.get_executor(), {}, quick(good.url())};
    all.start();
    push_some(all, 1);
    arrived.get_future().get(); // without stop()
    run.stop(all, 10s);
    CHECK(ended(all, 1).exported == 1);
}

TEST_CASE("exporter: what a busy receiver refuses is sent again, and then given up", "[export][otlp_exporter]") {
    receiver const busy_twice{[](int n) { return n < 2 ? busy : ok; }};
    receiver const always_busy{[](int) { return busy; }};
    threads run;
    exporter first{run.io.get_executor(), {}, quick(busy_twice.url())};
    exporter second{run.io.get_executor(), {}, quick(always_busy.url())};
    push_some(first, 5);
    push_some(second, 25);
    first.start();
    second.start();
    run.stop(first, 10s);
    run.stop(second, 10s);
    auto const one = ended(first, 5);
    CHECK(one.exported == 5);
    CHECK(one.retries_total == 2);
    CHECK(busy_twice.accepted() == 5);
    auto const two = ended(second, 25);
    CHECK(two.dropped(drop_reason::retries_exhausted) == 25);
    CHECK(two.requests_total == 15); // three batches, five attempts
    CHECK(always_busy.requests() == 15);
}

TEST_CASE("exporter: a final refusal and a partial success are counted by reason", "[export][otlp_exporter]") {
    receiver const refusing{[](int) { return "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"; }};
    std::string const three_rejected{"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n"
                                     "content-length: 4\r\n\r\n\x0a\x02\x08\x03"};
    receiver const picky{[three_rejected](int) { return three_rejected; }};
    threads run;
    exporter first{run.io.get_executor(), {}, quick(refusing.url())};
    exporter second{run.io.get_executor(), {}, quick(picky.url())};
    push_some(first, 10);
    push_some(second, 10);
    run.stop(first, 10s);
    run.stop(second, 10s);
    CHECK(ended(first, 10).dropped(drop_reason::failed) == 10);
    CHECK(refusing.requests() == 1);
    auto const stats = ended(second, 10);
    CHECK(stats.exported == 7);
    CHECK(stats.dropped(drop_reason::rejected) == 3);
}

TEST_CASE("exporter: garbage for an answer is final", "[export][otlp_exporter]") {
    receiver const other{[](int) { return "220 mail.example ESMTP\r\n"; }};
    std::ostringstream log;
    threads run;
    exporter all{
        run.io.get_executor(), {}, quick(other.url()), orfeas::logger{std::make_shared<orfeas::text_sink>(log)}};
    push_some(all, 10);
    run.stop(all, 10s);
    CHECK(ended(all, 10).dropped(drop_reason::failed) == 10);
    CHECK(log.str().find("receiver_fails") != std::string::npos);
}

TEST_CASE("exporter: a dead receiver costs a bounded number of attempts", "[export][otlp_exporter]") {
    std::string nowhere;
    {
        receiver const gone{[](int) { return ok; }};
        nowhere = gone.url();
    }
    threads run;
    exporter all{run.io.get_executor(), {}, quick(nowhere)};
    all.start();
    push_some(all, 20);
    run.stop(all, 10s);
    auto const stats = ended(all, 20);
    CHECK(stats.dropped(drop_reason::retries_exhausted) == 20);
}

TEST_CASE("exporter: a receiver that hangs up is tried again", "[export][otlp_exporter]") {
    receiver const shy{[](int n) { return n % 2 == 0 ? std::string_view{} : ok; }};
    threads run;
    exporter all{run.io.get_executor(), {}, quick(shy.url())};
    push_some(all, 30);
    run.stop(all, 10s);
    CHECK(ended(all, 30).exported == 30);
}

TEST_CASE("exporter: a stalled receiver holds the stop up no longer than its deadline", "[export][otlp_exporter]") {
    std::promise<void> has_one;
    raw_server const stalled{[&has_one](raw_client& peer, int number) {
        if (number == 0) {
            peer.read_head();
            has_one.set_value();
        }
        peer.read_all();
    }};
    threads run;
    auto options = quick(stalled.url());
    options.timeout = 1h;
    exporter all{run.io.get_executor(), {}, options};
    all.start();
    push_some(all, 35);
    has_one.get_future().get();
    CHECK(all.stats().in_flight > 0);
    run.stop(all, 50ms); // returns at all: the request alone would take an hour
    CHECK(ended(all, 35).dropped(drop_reason::shutdown) == 35);
}

TEST_CASE("exporter: a slow receiver loses what the queue cannot hold, and nothing else", "[export][otlp_exporter]") {
    std::promise<void> go_on;
    auto const released = go_on.get_future().share();
    receiver const slow{[released](int) {
        released.wait();
        return ok;
    }};
    threads run;
    auto options = quick(slow.url());
    options.timeout = 1h;
    options.queue_items = 20;
    exporter all{run.io.get_executor(), {}, options};
    all.start();
    push_some(all, 100);
    auto const meanwhile = all.stats();
    CHECK(meanwhile.dropped(drop_reason::queue_full) >= 70); // 20 in the queue, 10 in flight
    go_on.set_value();
    run.stop(all, 10s);
    auto const stats = ended(all, 100);
    CHECK(stats.exported == 100 - stats.dropped(drop_reason::queue_full));
    CHECK(slow.accepted() == stats.exported);
}

TEST_CASE("exporter: bytes are a limit of their own", "[export][otlp_exporter]") {
    receiver const good{[](int) { return ok; }};
    threads run;
    auto options = quick(good.url());
    options.queue_bytes = 1000;
    exporter all{run.io.get_executor(), {}, options};
    push_some(all, 15); // of 100 bytes each
    run.stop(all, 10s);
    auto const stats = ended(all, 15);
    CHECK(stats.exported == 10);
    CHECK(stats.dropped(drop_reason::queue_bytes) == 5);
}

TEST_CASE("exporter: many threads push while the receiver fails in all ways", "[export][otlp_exporter]") {
    receiver const moody{[](int n) -> std::string_view {
        switch (n % 5) {
        case 0:
            return busy;
        case 1:
            return "HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n";
        case 2:
            return {};
        case 3:
            return "what?\r\n\r\n";
        default:
            return ok;
        }
    }};
    threads run;
    auto options = quick(moody.url());
    options.queue_items = 200;
    exporter all{run.io.get_executor(), {}, options};
    all.start();
    std::atomic<bool> is_balanced = true;
    std::vector<std::thread> producers;
    for (int t = 0; t < 3; ++t) {
        producers.emplace_back([&] {
            for (int i = 0; i < 2000; ++i) {
                all.push(int{i});
                is_balanced = is_balanced && all.stats().is_balanced();
            }
        });
    }
    for (auto& each : producers) {
        each.join();
    }
    run.stop(all, 10s);
    CHECK(is_balanced);
    auto const stats = ended(all, 6000);
    CHECK(stats.exported == moody.accepted());
}

TEST_CASE("exporter: destroying it ends it at once", "[export][otlp_exporter]") {
    raw_server const stalled{[](raw_client& peer, int) { peer.read_all(); }};
    asio::io_context io;
    auto options = quick(stalled.url());
    options.timeout = 1h;
    auto all = std::make_unique<exporter>(io.get_executor(), number_signal{}, options);
    all->start();
    push_some(*all, 10);
    io.run_for(50ms);
    all.reset();
    io.run(); // returns
    SUCCEED();
}

TEST_CASE("exporter: options that cannot work are refused", "[export][otlp_exporter]") {
    asio::io_context io;
    exporting::otlp_options options;
    options.endpoint = "nowhere";
    CHECK_THROWS_AS(exporter(io.get_executor(), {}, options), orfeas::option_error);
}
