#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <limits>
#include <string>

#include "http/message.h"

namespace crmsync::http {

namespace beast = boost::beast;

/// What both directions share: fields go straight into our types, the body into a bounded string. Trailers are dropped.
template <bool is_request>
class Parser : public beast::http::basic_parser<is_request> {
public:
    Headers& headers() { return headers_; }
    std::string& body() { return body_; }
    /// Set before the body is parsed.
    void max_body_bytes(std::uint64_t count) { max_body_bytes_ = count; }

protected:
    using Base = beast::http::basic_parser<is_request>;
    using Text = beast::string_view;
    using Error = beast::error_code;

    Parser()
    {
        Base::body_limit(boost::none);
        headers_.reserve(8);
    }

    void on_field_impl(beast::http::field, Text name, Text value, Error&) override
    {
        if (!in_trailer_) headers_.add(std::string(name), std::string(value));
    }
    void on_header_impl(Error&) override { in_trailer_ = true; }
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, Error& error) override
    {
        if (!length) return;
        if (*length > max_body_bytes_)
            error = beast::http::error::body_limit;
        else
            body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
    }
    std::size_t on_body_impl(Text piece, Error& error) override { return append(piece, error); }
    void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text piece, Error& error) override { return append(piece, error); }
    void on_finish_impl(Error&) override {}

private:
    std::size_t append(Text piece, Error& error)
    {
        body_bytes_ += piece.size();
        if (body_bytes_ > max_body_bytes_) {
            error = beast::http::error::body_limit;
            return 0;
        }
        body_.append(piece.data(), piece.size());
        return piece.size();
    }

    Headers headers_;
    std::string body_;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t max_body_bytes_ = std::numeric_limits<std::uint64_t>::max();
    bool in_trailer_ = false;
};

class ResponseParser final : public Parser<false> {
public:
    ResponseParser()
    {
        eager(true);
        header_limit(64u << 10);
    }
    int status() const { return status_; }

private:
    void on_request_impl(beast::http::verb, Text, Text, int, Error&) override {}
    void on_response_impl(int status, Text, int, Error&) override { status_ = status; }

    int status_ = 0;
};

/// Refuses what two servers in a row could read differently: repeated or contradicting lengths, codings other than
/// chunked, a missing or repeated Host.
class RequestParser final : public Parser<true> {
public:
    beast::http::verb verb() const { return verb_; }
    /// 11 for HTTP/1.1.
    int version() const { return version_; }
    const std::string& target() const { return target_; }
    bool has_request_line() const { return !target_.empty(); }
    bool expects_continue() const { return expects_continue_; }
    bool smuggles() const;

private:
    void on_request_impl(beast::http::verb verb, Text, Text target, int version, Error&) override
    {
        verb_ = verb;
        version_ = version;
        target_ = std::string(target);
    }
    void on_response_impl(int, Text, int, Error&) override {}
    void on_field_impl(beast::http::field field, Text name, Text value, Error& error) override;

    beast::http::verb verb_ = beast::http::verb::unknown;
    std::string target_;
    int version_ = 0;
    int lengths_ = 0;
    int codings_ = 0;
    int hosts_ = 0;
    bool unknown_coding_ = false;
    bool expects_continue_ = false;
};

}  // namespace crmsync::http
