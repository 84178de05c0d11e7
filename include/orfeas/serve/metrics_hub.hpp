// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/log.hpp>
#include <orfeas/http/websocket.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/serve/client_message.hpp>
#include <orfeas/serve/frame_json.hpp>
#include <orfeas/serve/metric_filter.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas::inline v0::serve {

/// Sends each new frame to all WebSocket clients. A client first gets the kept frames that it lacks, then every frame;
/// of frames that wait because it is slow it gets only the newest, and is told how many it missed.
/// The text of a frame is rendered once for all clients that want everything.
/// Thread-safe. Lock order: whoever holds the history, then the hub.
class metrics_hub {
  public:
    using session = std::shared_ptr<http::websocket_session>;

    /// Tells what a frame carries besides its values, as members of a JSON object. Called by `join` and `publish`.
    using insight_source = std::function<std::string()>;

    metrics_hub(std::string boot_id, logger log, insight_source besides = {})
        : boot_id_{std::move(boot_id)}, log_{std::move(log)}, besides_{std::move(besides)} {}

    /// Admits a client, which has all frames up to `since` already. `history` must not change during the call, so that
    /// no frame is lost between the first message and the next.
    void join(session client, std::uint64_t since, observe::history const& history) {
        std::scoped_lock const lock{mutex_};
        subscriber fresh{std::move(client), {}, {true, since}};
        if (!history.empty()) {
            send_backfill(fresh, history, told());
        }
        subscribers_.insert_or_assign(fresh.client.get(), std::move(fresh));
        log_(severity::info, "serve", "subscriber_joined", {{"subscribers", subscribers_.size()}});
    }

    /// Forgets a client; does nothing for one that is unknown.
    void leave(http::websocket_session const* client) {
        std::scoped_lock const lock{mutex_};
        if (subscribers_.erase(client) > 0) {
            log_(severity::info, "serve", "subscriber_left", {{"subscribers", subscribers_.size()}});
        }
    }

    /// Applies a client's message to what it is sent; answers one that cannot be applied.
    void receive(http::websocket_session const* client, std::string_view text) {
        std::scoped_lock const lock{mutex_};
        auto const at = subscribers_.find(client);
        if (at == subscribers_.end()) {
            return;
        }
        if (auto const refusal = apply_client_message(text, at->second.filter)) {
            at->second.client->send(std::make_shared<std::string const>(error_message(*refusal)));
        }
    }

    /// Sends the newest frame to everybody.
    void publish(observe::history const& history) {
        std::scoped_lock const lock{mutex_};
        if (subscribers_.empty()) {
            return;
        }
        shared_frame common{told(), {}, {}};
        for (auto& [key, each] : subscribers_) {
            if (each.earlier.wanted) {
                send_backfill(each, history, common.insights);
            } else {
                each.client->send_latest(message_for(each, history, common));
            }
        }
    }

    std::size_t subscribers() const {
        std::scoped_lock const lock{mutex_};
        return subscribers_.size();
    }

  private:
    using payload = http::websocket_session::payload;

    struct subscriber {
        session client;
        metric_filter filter;
        backfill earlier;
    };

    /// What is rendered at most once a frame.
    struct shared_frame {
        std::string insights;
        std::optional<std::string> tail; // for those who want everything
        payload whole;                   // the same with nothing skipped, which is nearly every client's message
    };

    std::string told() const { return besides_ ? besides_() : std::string{}; }

    void send_backfill(subscriber& to, observe::history const& history, std::string_view insights) {
        if (to.earlier.since > history.last_seq()) {
            to.earlier.since = 0; // no frame of this run: send everything
        }
        auto const tail = frame_tail(history, to.filter, boot_id_, to.earlier, insights);
        to.client->send(std::make_shared<std::string const>(frame_message(to.client->skipped(), tail)));
        to.earlier = {};
    }

    payload message_for(subscriber const& to, observe::history const& history, shared_frame& common) const {
        std::uint64_t const skipped = to.client->skipped();
        if (!to.filter.wants_everything()) {
            auto const tail = frame_tail(history, to.filter, boot_id_, {}, common.insights);
            return std::make_shared<std::string const>(frame_message(skipped, tail));
        }
        if (!common.tail) {
            common.tail = frame_tail(history, to.filter, boot_id_, {}, common.insights);
        }
        if (skipped > 0) {
            return std::make_shared<std::string const>(frame_message(skipped, *common.tail));
        }
        if (!common.whole) {
            common.whole = std::make_shared<std::string const>(frame_message(0, *common.tail));
        }
        return common.whole;
    }

    std::string boot_id_;
    logger log_;
    insight_source besides_;
    mutable std::mutex mutex_;
    std::map<http::websocket_session const*, subscriber> subscribers_;
};

} // namespace orfeas::inline v0::serve
