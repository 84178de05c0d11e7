// SPDX-License-Identifier: MIT
#include "support/redis_server.hpp"

#include <orfeas/cache/redis/parser.hpp>
#include <orfeas/cache/redis/request.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <utility>

namespace orfeas_test {

namespace {

/// What is started: redis-server, or what ORFEAS_TEST_REDIS_SERVER names (valkey-server, for instance).
std::string_view program() {
    char const* const named = std::getenv("ORFEAS_TEST_REDIS_SERVER");
    return named == nullptr ? "redis-server" : named;
}

/// A file descriptor that is closed.
class descriptor {
  public:
    explicit descriptor(int number) : number_{number} {}
    descriptor(descriptor const&) = delete;
    descriptor& operator=(descriptor const&) = delete;
    ~descriptor() {
        if (number_ >= 0) {
            ::close(number_);
        }
    }
    int get() const noexcept { return number_; }

  private:
    int number_;
};

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

/// The port that a socket was bound to, or 0; 0 asks for any.
std::uint16_t try_bind(std::uint16_t port) {
    descriptor const socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    auto address = loopback(port);
    socklen_t size = sizeof address;
    if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        return 0;
    }
    return ntohs(address.sin_port);
}

} // namespace

std::uint16_t free_port() {
    constexpr std::uint16_t bus = 10'000; // what a cluster node adds for its bus
    for (int attempt = 0; attempt < 1000; ++attempt) {
        auto const port = try_bind(0);
        if (port != 0 && port < 65'536 - bus && try_bind(static_cast<std::uint16_t>(port + bus)) != 0) {
            return port;
        }
    }
    throw std::runtime_error{"no free port on the loopback"};
}

bool redis_server::is_installed() {
    char const* const path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "" : path;
    while (!rest.empty()) {
        auto const end = rest.find(':');
        auto const file = std::string{rest.substr(0, end)}.append("/").append(program());
        if (::access(file.c_str(), X_OK) == 0) {
            return true;
        }
        rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    }
    return false;
}

redis_server::redis_server(std::vector<std::string> arguments, std::string configuration)
    : arguments_{std::move(arguments)}, configuration_{std::move(configuration)} {
    auto pattern = (std::filesystem::temp_directory_path() / "orfeas-redis-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error{"cannot make " + pattern};
    }
    folder_ = pattern;
    start();
}

redis_server::~redis_server() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void redis_server::start() {
    for (int attempt = 0; attempt < 5; ++attempt) { // another process may take the port meanwhile
        if (start_on(free_port())) {
            return;
        }
    }
    throw std::runtime_error{"redis-server does not come up: " + log()};
}

void redis_server::restart() {
    kill();
    if (!start_on(port_)) {
        throw std::runtime_error{"redis-server does not come up again: " + log()};
    }
}

bool redis_server::start_on(std::uint16_t port) {
    port_ = port;
    std::vector<std::string> words{std::string{program()},
                                   "--port",
                                   std::to_string(port),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   folder_,
                                   "--daemonize",
                                   "no",
                                   "--logfile",
                                   folder_ + "/log"};
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    if (!configuration_.empty()) {
        words.insert(words.begin() + 1, folder_ + "/configuration");
        std::ofstream{words[1]} << configuration_;
    }
    std::vector<char*> pointers;
    for (auto& each : words) {
        pointers.push_back(each.data());
    }
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL); // a test that crashes leaves no server behind
        ::execvp(pointers.front(), pointers.data());
        ::_exit(127);
    }
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (std::chrono::steady_clock::now() < until) {
        if (answers()) {
            return true;
        }
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
            pid_ = -1;
            return false;
        }
        ::poll(nullptr, 0, 2);
    }
    kill();
    return false;
}

void redis_server::kill() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
}

void redis_server::freeze() const {
    ::kill(pid_, SIGSTOP);
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED); // it is stopped, not only told to
}

void redis_server::thaw() const {
    ::kill(pid_, SIGCONT);
}

bool redis_server::answers() const {
    try {
        return !command({"PING"}).starts_with("-LOADING");
    } catch (std::runtime_error const&) {
        return false;
    }
}

std::string redis_server::command(std::vector<std::string> const& words) const {
    namespace redis = orfeas::cache::redis;
    descriptor const socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    timeval const patience{10, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    auto const address = loopback(port_);
    if (::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        throw std::runtime_error{"cannot connect to redis-server"};
    }
    redis::request asked;
    asked.begin(words.size());
    for (auto const& each : words) {
        asked.add(each);
    }
    if (::send(socket.get(), asked.bytes().data(), asked.bytes().size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(asked.bytes().size())) {
        throw std::runtime_error{"cannot send to redis-server"};
    }
    std::string raw;
    redis::parser parser;
    std::size_t parsed = 0;
    for (;;) {
        std::array<char, 4096> piece;
        auto const bytes = ::recv(socket.get(), piece.data(), piece.size(), 0);
        if (bytes <= 0) {
            throw std::runtime_error{"redis-server does not answer"};
        }
        raw.append(piece.data(), static_cast<std::size_t>(bytes));
        auto const step = parser.parse(std::string_view{raw}.substr(parsed), nullptr, nullptr);
        parsed += step.consumed;
        if (step.state == redis::parse_state::reply) {
            return raw;
        }
        if (step.state != redis::parse_state::need_more) {
            throw std::runtime_error{"redis-server answers what is no reply"};
        }
    }
}

std::string redis_server::log() const {
    std::ifstream file{folder_ + "/log"};
    return {std::istreambuf_iterator<char>{file}, {}};
}

} // namespace orfeas_test
