// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orfeas_test {

/// A real redis-server of its own on a free port of the loopback, without persistence, in a temporary folder. It answers
/// once the constructor has returned, and is gone after the destructor, or when the thread that started it has ended.
/// Throws std::runtime_error with the server's log when it does not come up.
class redis_server {
  public:
    /// Whether there is a redis-server to start; else a test skips.
    static bool is_installed();

    /// `arguments` follow the usual ones, such as {"--requirepass", "secret"} or {"--cluster-enabled", "yes"}; the ports
    /// `port` and `port + 10000` (a cluster's bus) were free a moment before. `configuration` is the text of a file that
    /// the server may rewrite, as a Sentinel does.
    explicit redis_server(std::vector<std::string> arguments = {}, std::string configuration = {});
    redis_server(redis_server const&) = delete;
    redis_server& operator=(redis_server const&) = delete;
    ~redis_server();

    std::uint16_t port() const noexcept { return port_; }
    std::string const& folder() const noexcept { return folder_; }
    pid_t pid() const noexcept { return pid_; }

    /// "redis://127.0.0.1:PORT".
    std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

    /// Ends the server at once (SIGKILL) and waits for its end.
    void kill();

    /// Stops the server without ending it (SIGSTOP): connections stay open and are not answered.
    void freeze() const;
    void thaw() const;

    /// Starts the killed server again on the same port, with an empty memory.
    void restart();

    /// Has the server execute one command over a connection of its own; gives the raw bytes of the reply.
    std::string command(std::vector<std::string> const& words) const;

    /// What the server logged.
    std::string log() const;

  private:
    void start();
    bool start_on(std::uint16_t port);
    bool answers() const;

    std::vector<std::string> arguments_;
    std::string configuration_;
    std::string folder_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

/// A port of the loopback that nothing listens on at the moment, with `port + 10000` free as well.
std::uint16_t free_port();

} // namespace orfeas_test
