// SPDX-License-Identifier: MIT
// What webhook_crash_test.py starts, kills and starts again: alerts that outlive the process, and a webhook (ORFEAS_WEBHOOK_…) that
// tells of them from another thread.
//
//     notifying_service STATE WORLD
//
// Takes frames until its standard input ends; then tells what waits. Its one series is high for six frames, then low for six, which
// are counted in WORLD over all lives; time goes on there, too, also where a life ends within a frame.
#include <orfeas/core/log_sinks.hpp>
#include <orfeas/core/options.hpp>
#include <orfeas/export/webhook.hpp>
#include <orfeas/net/task.hpp>
#include <orfeas/observe/alert_watch.hpp>
#include <orfeas/observe/history.hpp>
#include <orfeas/observe/state_file.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace alert = orfeas::alert;
namespace asio = boost::asio;
namespace exporting = orfeas::exporting;
namespace observe = orfeas::observe;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t phase = 6; // frames for which the value is high, then low

/// What goes on beside the processes, in a file that outlives them.
class world {
  public:
    explicit world(char const* file) {
        int const fd = ::open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        bool const is_long = fd >= 0 && ::ftruncate(fd, sizeof(state)) == 0;
        void* const at =
            is_long ? ::mmap(nullptr, sizeof(state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (at == MAP_FAILED) {
            throw std::system_error{errno, std::generic_category(), file};
        }
        state_ = static_cast<state*>(at);
    }

    std::chrono::seconds next_moment() noexcept {
        return std::chrono::seconds{std::atomic_ref{state_->moments}.fetch_add(1)};
    }
    bool is_high() const noexcept { return std::atomic_ref{state_->taken}.load() / phase % 2 == 1; }
    void frame_was_taken() noexcept { ++std::atomic_ref{state_->taken}; }

  private:
    struct state {
        std::uint64_t taken;   // frames, to the end
        std::uint64_t moments; // with those at which a process died
    };

    state* state_;
};

/// Alerts that are saved in a file before anybody is told of them.
class service {
  public:
    service(std::string file, char const* beside) : file_{std::move(file)}, world_{beside} {
        watch_.set_rules({{.name = "high", .expr = "value > 0.5"}});
        watch_.add(alert::route{.name = "webhook"});
        std::vector<std::byte> bytes;
        if (!observe::read_state_file(file_, bytes) && !watch_.load(bytes)) {
            throw std::runtime_error{file_ + " is no state of these alerts"};
        }
        watch_.on_change([this] { save(); });
    }

    observe::alert_watch& alerts() noexcept { return watch_; }

    void take_frame() {
        frames_.begin_frame(orfeas::wall_time{400'000h + world_.next_moment()});
        frames_.set("value", world_.is_high() ? 1 : 0, [] {
            observe::series about;
            about.name = "value";
            return about;
        });
        watch_.take(frames_);
        world_.frame_was_taken();
    }

  private:
    void save() {
        std::scoped_lock const lock{saving_};
        std::vector<std::byte> now;
        watch_.save(now);
        if (auto const failed = observe::write_state_file(file_, now)) {
            throw std::system_error{failed, file_};
        }
    }

    std::string file_;
    world world_;
    observe::history frames_{4};
    std::mutex saving_;
    observe::alert_watch watch_{{.info_cooldown = 0s, .warning_cooldown = 0s, .critical_cooldown = 0s}};
};

bool has_input_ended() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 0) != 0;
}

void run(char const* state, char const* beside) {
    service all{state, beside};
    orfeas::logger const log{std::make_shared<orfeas::text_sink>(std::cerr)};
    asio::io_context io;
    auto work = asio::make_work_guard(io);
    exporting::webhook<observe::alert_watch> out{io.get_executor(), all.alerts(),
                                                 orfeas::from_environment<exporting::webhook_options>(), log};
    out.start();
    std::thread sender{[&io] { io.run(); }};
    while (!has_input_ended()) {
        all.take_frame();
        std::this_thread::sleep_for(1ms);
    }
    asio::co_spawn(io, out.stop(20s), asio::use_future).get();
    work.reset();
    sender.join();
}

} // namespace

int main(int count, char** arguments) {
    try {
        if (count != 3) {
            throw std::runtime_error{"usage: notifying_service STATE WORLD"};
        }
        run(arguments[1], arguments[2]);
        return 0;
    } catch (std::exception const& error) {
        std::cerr << "notifying_service: " << error.what() << '\n';
        return 1;
    }
}
