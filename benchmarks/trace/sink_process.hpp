// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace bench {

/// A child process that takes HTTP requests on a loopback port, reads their bodies and answers 200: a receiver whose work
/// is not this process's.
class sink_process {
  public:
    /// Forks; best before other threads begin. Throws std::system_error.
    sink_process();
    sink_process(sink_process const&) = delete;
    sink_process& operator=(sink_process const&) = delete;
    ~sink_process(); ///< ends the child

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  private:
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
};

} // namespace bench
