// SPDX-License-Identifier: MIT
#include "support/catch.hpp"

#include <orfeas/serve/metrics_hub.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace orfeas;
using nlohmann::json;

namespace {

/// A session in memory that keeps what it was sent.
class recorded_session : public http::websocket_session {
  public:
    void send(payload message) override { sent.push_back(std::move(message)); }
    void send_latest(payload message) override { latest.push_back(std::move(message)); }
    std::uint64_t skipped() const noexcept override { return missed; }
    void close(http::close_code, std::string_view) override {}
    void on_message(std::function<void(std::string_view)>) override {}
    void on_close(std::function<void(http::close_code)>) override {}

    std::vector<payload> sent;
    std::vector<payload> latest;
    std::uint64_t missed = 0;
};

struct fixture {
    serve::metrics_hub hub{"b00", {}};
    observe::history frames{10};

    void frame() {
        frames.begin_frame(wall_time{std::chrono::seconds{frames.last_seq() + 1}});
        for (auto const* name : {"a", "b"}) {
            frames.set(name, 1, [&] { return observe::series{{}, name, {}, {}, {}, {}}; });
        }
    }
    std::shared_ptr<recorded_session> join(std::uint64_t since = 0) {
        auto session = std::make_shared<recorded_session>();
        hub.join(session, since, frames);
        return session;
    }
    void publish() {
        frame();
        hub.publish(frames);
    }
};

json parsed(http::websocket_session::payload const& message) {
    return json::parse(*message);
}

} // namespace

TEST_CASE("serve: a client that joins gets the history at once, in order and never replaced") {
    fixture f;
    f.frame();
    f.frame();
    auto const client = f.join();
    REQUIRE(client->sent.size() == 1);
    CHECK(parsed(client->sent[0])["history"]["seq"] == json{1, 2});
    f.publish();
    REQUIRE(client->latest.size() == 1);
    CHECK(parsed(client->latest[0])["seq"] == 3);
    CHECK(f.hub.subscribers() == 1);
}

TEST_CASE("serve: a client that joins before the first frame gets the history with it") {
    fixture f;
    auto const client = f.join();
    CHECK(client->sent.empty());
    f.publish();
    REQUIRE(client->sent.size() == 1);
    CHECK(parsed(client->sent[0])["history"]["seq"] == json{1});
    CHECK(client->latest.empty());
}

TEST_CASE("serve: a client from a future that is not ours gets everything") {
    fixture f;
    f.frame();
    CHECK(parsed(f.join(99)->sent.at(0))["history"]["seq"] == json{1});
}

TEST_CASE("serve: clients that want the same share one message") {
    fixture f;
    f.frame();
    auto const first = f.join();
    auto const second = f.join();
    auto const slow = f.join();
    slow->missed = 2;
    f.publish();
    CHECK(first->latest.at(0) == second->latest.at(0));
    CHECK(parsed(slow->latest.at(0))["skipped"] == 2);
    CHECK(parsed(slow->latest.at(0))["data"] == parsed(first->latest.at(0))["data"]);
}

TEST_CASE("serve: messages of a client change what it gets, and nobody else's") {
    fixture f;
    f.frame();
    auto const picky = f.join();
    auto const other = f.join();
    f.hub.receive(picky.get(), R"({"type":"subscribe","metrics":["a"]})");
    f.publish();
    CHECK(parsed(picky->latest.at(0))["data"] == json{{"a", 1.0}});
    CHECK(parsed(other->latest.at(0))["data"].size() == 2);
    f.hub.receive(picky.get(), "nonsense");
    CHECK(parsed(picky->sent.at(1))["type"] == "error");
}

TEST_CASE("serve: a client that left gets nothing, and leaving twice does no harm") {
    fixture f;
    f.frame();
    auto const client = f.join();
    f.hub.leave(client.get());
    f.hub.leave(client.get());
    f.hub.receive(client.get(), "too late");
    f.publish();
    CHECK(client->latest.empty());
    CHECK(client->sent.size() == 1);
    CHECK(f.hub.subscribers() == 0);
}
