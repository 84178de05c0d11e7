// SPDX-License-Identifier: MIT
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace orfeas_test {

/// A client that sends exactly the bytes it is told to and shows exactly those that come back. Gives up after 20 s.
class raw_client {
  public:
    explicit raw_client(std::uint16_t port, int receive_buffer = 0) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
        if (receive_buffer > 0) {
            ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        timeval const patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0) {
            ::close(socket_);
            throw std::runtime_error{"cannot connect"};
        }
    }
    /// The server's side of a connection.
    static raw_client accepted(int socket) { return raw_client{own{socket}}; }

    raw_client(raw_client&& other) noexcept
        : socket_{std::exchange(other.socket_, -1)}, unread_{std::move(other.unread_)} {}
    ~raw_client() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
    }

    /// Sends all of `text`; false when the peer has closed.
    bool send(std::string_view text) {
        while (!text.empty()) {
            auto const sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    void shutdown_send() { ::shutdown(socket_, SHUT_WR); }

    /// Everything up to the end of the connection.
    std::string read_all() {
        while (receive()) {}
        return std::exchange(unread_, {});
    }

    /// Whether the peer ends the connection without another byte.
    bool is_closed_silently() { return read_all().empty(); }

    /// `count` bytes, fewer when the connection ends.
    std::string read(std::size_t count) {
        while (unread_.size() < count && receive()) {}
        auto text = unread_.substr(0, count);
        unread_.erase(0, text.size());
        return text;
    }

    /// One header, with its empty line.
    std::string read_head() {
        std::size_t end = 0;
        while ((end = unread_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) {
                return std::exchange(unread_, {});
            }
        }
        return read(end + 4);
    }

    /// One answer with its body, as Content-Length says.
    std::string read_answer() {
        auto text = read_head();
        auto const at = text.find("content-length: ");
        std::size_t length = 0;
        if (at != std::string::npos) {
            std::from_chars(text.data() + at + 16, text.data() + text.size(), length);
        }
        return text + read(length);
    }

    /// Sends a request and reads its answer.
    std::string ask(std::string_view text) {
        send(text);
        return read_answer();
    }

    // ---- WebSocket (RFC 6455) ----

    struct frame {
        unsigned opcode = 0; // 0: the connection has ended
        std::string payload;
    };

    static constexpr unsigned text_frame = 1;
    static constexpr unsigned close_frame = 8;
    static constexpr unsigned ping_frame = 9;
    static constexpr unsigned pong_frame = 10;

    /// Opens a WebSocket; the answer's header.
    std::string upgrade(std::string_view target, std::string_view more_fields = {}) {
        std::string text{"GET "};
        text.append(target).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        send(text.append(more_fields).append("\r\n"));
        return read_head();
    }

    /// Sends one masked frame of at most 64 KiB.
    bool send_frame(unsigned opcode, std::string_view payload) {
        std::string text(1, static_cast<char>(0x80U | opcode));
        if (payload.size() < 126) {
            text.push_back(static_cast<char>(0x80U | payload.size()));
        } else {
            text.push_back(static_cast<char>(0x80U | 126U));
            text.push_back(static_cast<char>(payload.size() >> 8U));
            text.push_back(static_cast<char>(payload.size() & 0xFFU));
        }
        constexpr std::string_view mask = "mask";
        text.append(mask);
        for (std::size_t i = 0; i < payload.size(); ++i) {
            text.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
        }
        return send(text);
    }

    frame read_frame() {
        auto const head = read(2);
        if (head.size() < 2) {
            return {};
        }
        auto const byte = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)); };
        std::size_t size = byte(head[1]) & 0x7FU;
        if (size > 125) {
            auto const longer = read(size == 126 ? 2 : 8);
            size = 0;
            for (char const c : longer) {
                size = size << 8U | byte(c);
            }
        }
        return {static_cast<unsigned>(byte(head[0]) & 0x0FU), read(size)};
    }

    /// The code of a close frame, after the frames before it; 0 when the connection ended without one.
    unsigned read_close() {
        auto next = read_frame();
        while (next.opcode != close_frame && next.opcode != 0) {
            next = read_frame();
        }
        if (next.payload.size() < 2) {
            return 0;
        }
        return static_cast<unsigned>(static_cast<unsigned char>(next.payload[0])) << 8U |
               static_cast<unsigned char>(next.payload[1]);
    }

    /// Ends the connection with a reset.
    void reset() {
        linger const at_once{1, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        ::close(std::exchange(socket_, -1));
    }

  private:
    struct own {
        int socket;
    };
    explicit raw_client(own accepted) : socket_{accepted.socket} {
        timeval const patience{20, 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }

    bool receive() {
        std::array<char, 65'536> piece;
        auto const count = ::recv(socket_, piece.data(), piece.size(), 0);
        if (count <= 0) {
            return false;
        }
        unread_.append(piece.data(), static_cast<std::size_t>(count));
        return true;
    }

    int socket_;
    std::string unread_;
};

} // namespace orfeas_test
