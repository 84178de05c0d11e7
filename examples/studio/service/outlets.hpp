// SPDX-License-Identifier: MIT
#pragma once

#include "command_line.hpp"

#include <orfeas/export/alertmanager.hpp>
#include <orfeas/export/telemetry_exporter.hpp>
#include <orfeas/export/webhook.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observatory.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace studio {

/// Where the service sends what is known of it, each only where it was named: traces and metrics, its alerts, notifications.
class outlets {
  public:
    /// Begins to send. Throws orfeas::option_error.
    outlets(boost::asio::any_io_executor const& executor, orfeas::observatory& obs, command_line const& given) {
        if (!given.otlp.empty()) {
            orfeas::exporting::otlp_options to;
            to.endpoint = given.otlp;
            telemetry_.emplace(executor, obs, orfeas::from_environment(std::move(to)), obs.log());
            obs.watch("export", *telemetry_);
            telemetry_->start();
        }
        if (!given.alertmanagers.empty()) {
            orfeas::exporting::alertmanager_options to;
            to.urls = given.alertmanagers;
            alertmanagers_.emplace(executor, obs.alerts(), orfeas::from_environment(std::move(to)), obs.log());
            obs.watch("alertmanager", *alertmanagers_);
            alertmanagers_->start();
        }
        if (!given.webhook.empty()) {
            orfeas::exporting::webhook_options to;
            to.url = given.webhook;
            to = orfeas::from_environment(std::move(to));
            obs.alerts().add(orfeas::alert::route{.name = to.route});
            webhook_.emplace(executor, obs.alerts(), std::move(to), obs.log());
            obs.watch("webhook", *webhook_);
            webhook_->start();
        }
    }

    /// Sends what waits, as far as the time suffices.
    orfeas::task<void> stop(std::chrono::seconds each) {
        if (telemetry_) {
            co_await telemetry_->stop(each);
        }
        if (alertmanagers_) {
            co_await alertmanagers_->stop(each);
        }
        if (webhook_) {
            co_await webhook_->stop(each);
        }
    }

  private:
    std::optional<orfeas::exporting::telemetry_exporter<orfeas::observatory>> telemetry_;
    std::optional<orfeas::exporting::alertmanager<orfeas::observe::alert_watch>> alertmanagers_;
    std::optional<orfeas::exporting::webhook<orfeas::observe::alert_watch>> webhook_;
};

} // namespace studio
