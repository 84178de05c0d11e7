// SPDX-License-Identifier: MIT
#pragma once

#include <orfeas/core/options.hpp>

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/ssl/verify_mode.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

namespace orfeas::inline v0::net {

/// Whom a TLS client trusts and who it is. Prefix ORFEAS_TLS_.
struct tls_options {
    std::string authorities_file = {}; ///< PEM; empty: those of the system
    std::string certificate_file = {}; ///< PEM, with its chain; empty: the client shows none
    std::string key_file = {};         ///< PEM; of the certificate
    std::string server_name = {};      ///< that the certificate must bear; empty: the host that is connected to
    bool verify = true;                ///< false: anybody may answer; for trials only

    static constexpr std::string_view environment_prefix = "ORFEAS_TLS_";
    static void fields(auto& self, auto&& field) {
        field("authorities_file", self.authorities_file, any_value{},
              "certificates that are trusted; empty: the system's");
        field("certificate_file", self.certificate_file, any_value{}, "certificate and chain to show; empty: none");
        field("key_file", self.key_file, any_value{}, "private key of that certificate");
        field("server_name", self.server_name, any_value{}, "name in the server's certificate; empty: the host");
        field("verify", self.verify, any_value{}, "whether the server's certificate must be good");
    }

    void check() const {
        if (certificate_file.empty() != key_file.empty()) {
            throw option_error{"key_file", key_file, "given with a certificate_file, and only then"};
        }
    }
};
static_assert(options<tls_options>);

/// TLS on a TCP socket of `Executor`.
template<class Executor>
using tls_stream = boost::asio::ssl::stream<boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>>;

/// What TLS clients of the same kind share: versions from 1.2 on, trust, and the client's certificate.
/// Throws option_error for what is out of range, and for a file that cannot be used, by its field.
inline std::shared_ptr<boost::asio::ssl::context> make_tls_client(tls_options const& options) {
    namespace ssl = boost::asio::ssl;
    validate(options);
    auto made = std::make_shared<ssl::context>(ssl::context::tls_client);
    made->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
    made->set_verify_mode(options.verify ? ssl::verify_peer : ssl::verify_none);
    boost::system::error_code failed;
    auto require = [&failed](std::string_view field, std::string const& file) {
        if (failed) {
            throw option_error{field, file, "a readable PEM file (" + failed.message() + ")"};
        }
    };
    if (options.authorities_file.empty()) {
        made->set_default_verify_paths(failed);
    } else {
        made->load_verify_file(options.authorities_file, failed);
    }
    require("authorities_file", options.authorities_file);
    if (!options.certificate_file.empty()) {
        made->use_certificate_chain_file(options.certificate_file, failed);
        require("certificate_file", options.certificate_file);
        made->use_private_key_file(options.key_file, ssl::context::pem, failed);
        require("key_file", options.key_file);
    }
    return made;
}

/// Has a new client stream ask for `name` (SNI) and take no certificate without it, where the context verifies at all.
/// A numeric address is checked against the certificate and not asked for. Throws boost::system::system_error when OpenSSL
/// refuses the name.
template<class Stream>
void expect_server_name(Stream& stream, std::string const& name) {
    boost::system::error_code numeric;
    boost::asio::ip::make_address(name, numeric);
    if (numeric && SSL_set_tlsext_host_name(stream.native_handle(), name.c_str()) != 1) {
        throw boost::system::system_error{boost::asio::error::invalid_argument, "server name " + name};
    }
    stream.set_verify_callback(boost::asio::ssl::host_name_verification{name});
}

} // namespace orfeas::inline v0::net
