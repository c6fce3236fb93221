#include "http/parser.h"

namespace crmsync::http {

bool RequestParser::smuggles() const
{
    const bool old = version_ < 11;
    return lengths_ > 1 || codings_ > 1 || lengths_ + codings_ > 1 || unknown_coding_ || (old && codings_ > 0) ||
           (old ? hosts_ > 1 : hosts_ != 1);
}

void RequestParser::on_field_impl(beast::http::field field, Text name, Text value, Error& error)
{
    if (field == beast::http::field::content_length) ++lengths_;
    if (field == beast::http::field::host) ++hosts_;
    if (field == beast::http::field::transfer_encoding) {
        ++codings_;
        unknown_coding_ = unknown_coding_ || !beast::iequals(value, "chunked");
    }
    if (field == beast::http::field::expect && beast::iequals(value, "100-continue")) expects_continue_ = true;
    Parser::on_field_impl(field, name, value, error);
}

}  // namespace crmsync::http
